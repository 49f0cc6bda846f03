"""Comparisons of two spaces and rank correlations: brute force, closed forms, and simulated error rates."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from netspace.analysis import (
    bootstrap,
    compare,
    holm,
    kendall_tau,
    probability_of_beating,
    spearman_rho,
)
from netspace.analysis.rank import of_resamples

REPEATS = 1500


def test_the_chance_to_beat_counts_pairs_and_half_of_the_ties(rng: np.random.Generator) -> None:
    a, b = rng.integers(0, 5, 9).astype(float), rng.integers(0, 5, 7).astype(float)
    pairs = [1.0 if x < y else 0.5 if x == y else 0.0 for x in a for y in b]
    assert probability_of_beating(a, b).value == pytest.approx(np.mean(pairs))
    mirrored = probability_of_beating(b, a)
    interval = probability_of_beating(a, b)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - interval.high, 1 - interval.low))


@pytest.mark.parametrize("n", [32, 64])
def test_on_identical_spaces_false_positives_are_alpha_and_intervals_cover(rng: np.random.Generator, n: int) -> None:
    covered = positive = 0
    for _ in range(REPEATS):
        result = compare(rng.normal(size=n), rng.normal(size=n))
        covered += result.beats.low <= 0.5 <= result.beats.high
        positive += result.mann_whitney_p < 0.05
    assert abs(positive / REPEATS - 0.05) <= 3 * np.sqrt(0.05 * 0.95 / REPEATS)
    assert 0.93 <= covered / REPEATS <= 0.97


def test_intervals_cover_the_truth_of_different_spaces_too(rng: np.random.Generator) -> None:
    truth = stats.norm.cdf(0.8 / np.sqrt(1 + 0.25))
    covered = 0
    for _ in range(REPEATS):
        interval = probability_of_beating(rng.normal(size=32), 0.8 + 0.5 * rng.normal(size=40))
        covered += interval.low <= truth <= interval.high
    assert 0.93 <= covered / REPEATS <= 0.97


def test_separate_populations_keep_an_interval_of_width(rng: np.random.Generator) -> None:
    interval = probability_of_beating(rng.random(16), 2 + rng.random(20))
    assert interval.value == interval.high == 1
    assert interval.low == pytest.approx(0.025 ** (1 / 16))


def test_identical_constants_are_an_even_match() -> None:
    interval = probability_of_beating(np.ones(10), np.ones(10))
    assert interval.value == 0.5
    assert interval.low < 0.3 < 0.7 < interval.high


def test_holm_is_the_stepwise_definition() -> None:
    assert np.allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert np.allclose(holm([0.9, 0.8]), [1, 1])


def test_holm_keeps_the_family_wise_error(rng: np.random.Generator) -> None:
    rejected = np.mean([holm(rng.random(5)).min() < 0.05 for _ in range(4000)])
    assert rejected <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4000)


def test_kendalls_tau_counts_pairs(rng: np.random.Generator) -> None:
    x, y = rng.permutation(12), rng.permutation(12)
    signs = [np.sign((x[i] - x[j]) * (y[i] - y[j])) for i in range(12) for j in range(i)]
    assert kendall_tau(x, y) == pytest.approx(np.mean(signs))
    assert spearman_rho(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1])


def test_a_perfect_ranking_has_an_interval_of_one_and_noise_one_around_zero(rng: np.random.Generator) -> None:
    x = rng.random(30)
    assert bootstrap(kendall_tau, x, 3 * x, rng=rng, resamples=200)[:2] == pytest.approx((1, 1))
    noise = bootstrap(kendall_tau, x, rng.random(30), rng=rng, resamples=500)
    assert noise.low < 0 < noise.high


@pytest.mark.parametrize("statistic", [kendall_tau, spearman_rho])
@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_all_resamples_at_once_are_what_each_is_alone(
    rng: np.random.Generator, statistic: Callable[..., float], levels: int
) -> None:
    x, y = rng.integers(levels, size=(2, 9)).astype(np.float64)
    drawn = np.vstack([rng.integers(9, size=(300, 9)), np.zeros((1, 9), np.int64)])
    alone = [statistic(x[rows], y[rows]) for rows in drawn]
    assert np.isnan(alone[-1])
    np.testing.assert_allclose(of_resamples(statistic, x, y, drawn), alone, atol=1e-12)


def test_too_few_to_compare_or_rank_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="two networks on each side"):
        compare([0.1], [0.2, 0.3])
    with pytest.raises(ValueError, match="three pairs or more"):
        bootstrap(kendall_tau, [1, 2], [1, 2], rng=rng)
