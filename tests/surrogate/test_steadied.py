"""Errors read off training losses, where these say something of them."""

import numpy as np
import pytest

from netspace.surrogate.steadied import steadied
from netspace.surrogate.validation import rank_predicted


def trainings(rng: np.random.Generator, noise: float, n: int = 60) -> tuple[np.ndarray, ...]:
    """True errors, noisy validation errors, losses and costs."""
    costs = np.exp(rng.uniform(0, 2, n))
    truth = 0.4 * costs**-0.3 * np.exp(0.1 * rng.normal(size=n))
    return truth, truth * np.exp(noise * rng.normal(size=n)), 3 * truth**0.8, costs


def test_saidread_off_losses_rank_better_than_noisy_ones_and_keep_their_scale(rng: np.random.Generator) -> None:
    truth, errors, losses, costs = trainings(rng, 0.06)
    found = steadied(errors, losses, costs)
    assert found is not None
    taus = [rank_predicted("", said, truth, costs, rng=rng).within.value for said in (found, errors)]
    assert taus[0] > taus[1] + 0.1
    np.testing.assert_allclose(found, truth, rtol=0.06)


@pytest.mark.parametrize("fault", ["one is missing", "too few", "an error of 0", "they contradict", "cost alone"])
def test_losses_that_say_nothing_are_passed_over(fault: str, rng: np.random.Generator) -> None:
    truth, errors, losses, costs = trainings(rng, 0.02)
    n = 5 if fault == "too few" else len(errors)
    if fault == "one is missing":
        losses[7] = np.nan
    elif fault == "an error of 0":
        errors[3] = 0
    elif fault == "they contradict":  # known by heart: at equal cost the better network has the larger loss
        losses = costs**-0.6 / truth
    elif fault == "cost alone":
        losses = costs**-0.3
    assert steadied(errors[:n], losses[:n], costs[:n]) is None
