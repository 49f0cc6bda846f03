"""Models of error: what they recover, and whether their uncertainty is honest."""

import numpy as np
import pytest

from netspace.surrogate.gaussian_process import BASE, SLOPE, Warp, _Density, fit_gaussian_process
from netspace.surrogate.groups import group_average
from netspace.surrogate.predictors import FITS


def quadratic(x: np.ndarray) -> np.ndarray:
    return np.asarray(3 + x[:, 0] - 2 * x[:, 1] + 0.7 * x[:, 0] ** 2 - 0.4 * x[:, 0] * x[:, 1])


def ratio(x: np.ndarray) -> np.ndarray:
    """Errors as networks have them: above 0, and apart by factors."""
    return np.asarray(np.exp(0.3 * quadratic(x)))


@pytest.mark.parametrize("name", FITS)
def test_every_model_ranks_far_better_than_chance_and_knows_its_residual(name: str, rng: np.random.Generator) -> None:
    x, new = rng.normal(size=(120, 3)), rng.normal(size=(200, 3))
    model = FITS[name](x, quadratic(x) + 0.5 * rng.normal(size=120), rng=rng)
    assert np.corrcoef(model.predict(new), quadratic(new))[0, 1] > 0.8
    assert 0.35 < model.residual < 2.0
    means, covariance = model.group_means(new, np.arange(200) % 4, 4)
    np.testing.assert_allclose(means, group_average(model.predict(new), np.arange(200) % 4, 4), atol=1e-3)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9
    assert (np.sqrt(np.diag(covariance)) < 0.5).all()


@pytest.mark.parametrize("of", [quadratic, ratio])
def test_the_gaussian_process_equals_its_textbook_formulae(of, rng: np.random.Generator) -> None:  # type: ignore[no-untyped-def]
    x, new = rng.normal(size=(30, 2)), rng.normal(size=(6, 2))
    y = of(x) * np.exp(0.05 * rng.normal(size=30))
    model = fit_gaussian_process(x, y, rng=rng)
    signal, lengths, noise = model.settings[0], model.settings[1:-1], model.settings[-1]

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        a, b = model.scaling(a), model.scaling(b)
        gap = (a[:, None] - b[None]) / lengths
        return np.asarray(BASE + SLOPE / 2 * a @ b.T + signal * np.exp(-0.5 * (gap**2).sum(2)))

    inverse = np.linalg.inv(kernel(x, x) + noise * np.eye(30))
    mean, rise = model.warp.back(kernel(new, x) @ inverse @ model.warp(y))
    covariance = (kernel(new, new) - kernel(new, x) @ inverse @ kernel(x, new)) * np.outer(rise, rise)
    np.testing.assert_allclose(model.predict(new), mean, atol=1e-3)  # predicted in single precision
    means, found = model.group_means(new, np.array([0, 0, 1, 1, 2, 2]), 3)
    mix = np.kron(np.eye(3), [[0.5, 0.5]])
    np.testing.assert_allclose(means, mix @ mean, atol=1e-4)
    np.testing.assert_allclose(found, mix @ covariance @ mix.T, atol=1e-4)


def test_the_gradient_of_the_posterior_agrees_with_finite_differences(rng: np.random.Generator) -> None:
    x, spreads = rng.normal(size=(12, 2)), np.array([1.5, 0.4, 0.4, 1.5])
    density = _Density(x, quadratic(x) / 3, np.zeros(4), spreads)
    at = 0.3 * rng.normal(size=4)
    steps = 1e-5 * np.eye(4)
    slopes = [(density(at + step)[0] - density(at - step)[0]) / 2e-5 for step in steps]
    np.testing.assert_allclose(density(at)[1], slopes, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("y", [[0.2, 0.5, 0.9], [0.0, 0.5, 0.9], [-1.0, 0.5, 2.0]])
def test_errors_survive_the_warp_and_it_rises_as_it_says(y: list[float]) -> None:
    errors = np.array(y)
    warp = Warp.of(errors)
    found, rise = warp.back(warp(errors))
    np.testing.assert_allclose(found, errors, atol=1e-12)
    np.testing.assert_allclose(rise, (warp.back(warp(errors) + 1e-6)[0] - errors) / 1e-6, rtol=1e-4)
    assert (warp.offset is None) == (errors.min() < 0)


def test_a_dozen_noisy_readings_of_a_simple_trend_rank_what_was_not_read() -> None:
    found = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x, new = rng.normal(size=(12, 8)), rng.normal(size=(200, 8))
        trend = np.array([1.0, -0.7, 0.5, 0, 0, 0, 0, 0])
        y = np.exp(0.2 * (x @ trend + 0.3 * rng.normal(size=12)))
        predicted = fit_gaussian_process(x, y, rng=rng).predict(new)
        found.append(np.corrcoef(predicted, new @ trend)[0, 1])
    assert np.mean(found) > 0.85


def test_intervals_of_group_means_cover_the_truth_about_as_often_as_they_say() -> None:
    covered = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x, new = rng.normal(size=(60, 2)), rng.normal(size=(80, 2))
        model = fit_gaussian_process(x, quadratic(x) + 0.5 * rng.normal(size=60), rng=rng)
        means, covariance = model.group_means(new, np.arange(80) % 4, 4)
        truth = group_average(quadratic(new), np.arange(80) % 4, 4)
        covered += list(np.abs(means - truth) < 1.96 * np.sqrt(np.diag(covariance)))
    assert 0.8 <= np.mean(covered) <= 1.0


@pytest.mark.parametrize("level", [0.0, 0.1])
@pytest.mark.parametrize("name", FITS)
def test_equal_errors_are_predicted_everywhere(name: str, level: float, rng: np.random.Generator) -> None:
    x = rng.normal(size=(30, 3))
    model = FITS[name](x, np.full(30, level), rng=rng)
    np.testing.assert_allclose(model.predict(rng.normal(size=(50, 3))), level, atol=1e-9)
    means, covariance = model.group_means(x, np.arange(30) % 3, 3)
    np.testing.assert_allclose(means, level, atol=1e-9)
    assert np.abs(covariance).max() < 2.0
