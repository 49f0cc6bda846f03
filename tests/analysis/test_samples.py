"""Draws until a good network comes up: the geometric law, and the truth inside the intervals."""

import numpy as np
import pytest

from netspace.analysis import draws_until, draws_until_interval, samples_needed


def test_draws_until_the_first_hit_are_geometric(rng: np.random.Generator) -> None:
    assert draws_until(3 / 12) == 4
    assert draws_until(0) == np.inf
    waits = rng.geometric(3 / 12, 20_000)
    assert abs(waits.mean() - draws_until(3 / 12)) < 4 * waits.std() / np.sqrt(20_000)
    interval = draws_until_interval(3, 12)
    assert interval.low < 4 < interval.high
    assert draws_until_interval(0, 12).high == np.inf


def test_near_the_front_multiplies_an_exact_hit_rate_with_an_estimated_share() -> None:
    found = samples_needed([0.0, 0.01, 0.02, 0.3], n=6, members=400, in_band=100)
    assert (found.in_band, found.near, found.n, found.exact) == (4, 2, 6, False)
    share = draws_until_interval(2, 6)
    assert found.near_front == pytest.approx([4 * x for x in share])
    assert samples_needed([0.0, 0.01, 0.02, 0.3], n=6, members=400, in_band=100, within=0.02).near == 3


def test_nothing_near_the_front_takes_forever_with_a_finite_lower_end() -> None:
    found = samples_needed([0.5], n=8, members=80, in_band=20)
    assert found.near_front.value == found.near_front.high == np.inf
    assert found.near_front.low == pytest.approx(4 / (1 - 0.025 ** (1 / 8)))


def test_a_space_that_was_trained_whole_has_no_interval(rng: np.random.Generator) -> None:
    distances = rng.random(12)
    found = samples_needed(distances, n=12, members=48, in_band=12, within=0.5)
    expected = 48 / (distances <= 0.5).sum()
    assert found.exact
    assert found.near_front == pytest.approx((expected,) * 3)


def test_the_interval_covers_the_true_draws(rng: np.random.Generator) -> None:
    population = rng.random(200) < 0.3  # of 200 in band, who is near the front
    truth, covered = 1000 / population.sum(), 0
    for _ in range(400):
        sample = np.where(rng.permutation(population)[:32], 0.0, 1.0)
        interval = samples_needed(sample, n=32, members=1000, in_band=200).near_front
        covered += interval.low <= truth <= interval.high
    assert covered / 400 >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 400)
