"""How far a model lies from trainings that it has not seen: what is recovered from planted truths."""

import numpy as np
import pytest

from netspace.surrogate.misfit import Misfit, measure_misfit

N = 120


def networks(rng: np.random.Generator, n: int = N) -> tuple[np.ndarray, np.ndarray]:
    x = rng.normal(size=(n, 3))
    return x, np.exp(x[:, 0])


def smooth(x: np.ndarray) -> np.ndarray:
    """A smooth bump of unit variance that a line in x does not fit."""
    bumps = np.sin(2 * x[:, 1]) * np.cos(1.5 * x[:, 2])
    return np.asarray((bumps - bumps.mean()) / bumps.std())


def variance(found: Misfit) -> float:
    return sum(value for _, value in found.parts)


def test_a_predicted_difference_that_holds_has_slope_one_and_noise_is_no_misfit(rng: np.random.Generator) -> None:
    x, costs = networks(rng)
    predicted = 0.02 * x[:, 1] - 0.05 * x[:, 0]
    found = measure_misfit(x, predicted, 0.3 + predicted + 0.01 * rng.normal(size=N), costs)
    assert found.slope == pytest.approx(1, abs=3 * found.deviation)
    assert found.deviation < 0.1
    assert variance(found) < 0.5 * 0.01**2


def test_a_misfit_that_networks_of_like_shape_share_is_found(rng: np.random.Generator) -> None:
    x, costs = networks(rng)
    predicted = 0.02 * x[:, 1] - 0.05 * x[:, 0]
    truth = predicted + 0.01 * smooth(x)
    found = measure_misfit(x, predicted, truth + 0.005 * rng.normal(size=N), costs)
    assert 0.4 * 0.01**2 < variance(found) < 2.5 * 0.01**2
    near, far = found.covariance(np.array([[0.0, 0, 0], [0.05, 0, 0], [0, 2.0, 2.0]]), np.zeros(3))[0, 1:]
    assert near > 5 * far


def test_predictions_that_exaggerate_are_worth_less_and_wrong_ones_nothing(rng: np.random.Generator) -> None:
    x, costs = networks(rng)
    truth = 0.02 * x[:, 1] - 0.05 * x[:, 0]
    y = truth + 0.005 * rng.normal(size=N)
    assert measure_misfit(x, 0.04 * x[:, 1] - 0.05 * x[:, 0], y, costs).slope == pytest.approx(0.5, abs=0.1)
    assert measure_misfit(x, -0.02 * x[:, 1], y, costs).slope == 0
    # Where only the costs are ordered rightly, nothing is known at equal cost.
    assert measure_misfit(x, -0.05 * x[:, 0] + 0.02 * rng.normal(size=N), y, costs).slope < 0.3


def test_with_few_trainings_about_half_of_the_variance_counts_as_shared() -> None:
    shares = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x, costs = networks(rng, 10)
        y = 0.01 * rng.normal(size=10)
        shares.append(variance(measure_misfit(x, np.zeros(10), y, costs)) / 0.01**2)
    assert 0.2 < np.mean(shares) < 0.9


def test_equal_errors_leave_nothing_to_miss(rng: np.random.Generator) -> None:
    x, costs = networks(rng)
    found = measure_misfit(x, np.zeros(N), np.zeros(N), costs)
    assert not found.covariance(x[:3], np.zeros(3)).any()
