"""Error distributions against closed forms, brute force and simulation."""

import numpy as np
import pytest
from scipy import stats

from netspace.analysis import (
    complexity_weights,
    edf_band,
    error_edf,
    mean_interval,
    mean_share,
    quantile_interval,
    summarise,
)


def test_the_edf_is_the_share_at_or_below_each_error(rng: np.random.Generator) -> None:
    errors = rng.integers(0, 8, 40) / 10
    edf = error_edf(errors)
    points = np.concatenate([edf.error, edf.error - 0.01, [-1, 2]])
    assert np.allclose(edf.at(points), [(errors <= e).mean() for e in points])


def test_a_weighted_edf_counts_each_network_by_its_weight() -> None:
    edf = error_edf([0.3, 0.1, 0.3, 0.2], weights=[1, 2, 3, 0])
    assert np.allclose(edf.at([0.1, 0.2, 0.3]), [2 / 6, 2 / 6, 1])


def test_weighing_by_complexity_undoes_a_difference_that_is_all_cost(rng: np.random.Generator) -> None:
    """Two populations whose error depends on cost alone have equal EDFs once their costs are spread alike."""
    cheap, dear = np.exp(rng.beta(2, 4, 6000) * 3), np.exp(rng.beta(4, 2, 6000) * 3)
    error = lambda cost: 1 / np.log(cost + 2)  # noqa: E731
    raw = np.abs(error_edf(error(cheap)).at(error(dear)) - error_edf(error(dear)).at(error(dear))).max()
    weighted = error_edf(error(cheap), complexity_weights(cheap, dear, bins=30))
    assert raw > 0.3
    assert np.abs(weighted.at(error(dear)) - error_edf(error(dear)).at(error(dear))).max() < 0.06


def test_populations_without_shared_costs_have_no_weight() -> None:
    assert not complexity_weights([1.0, 2.0], [3.0, 4.0]).any()
    assert not complexity_weights([1.0, 9.0], [2.0, 4.0, 8.0]).any()


def test_the_bootstrap_band_is_the_binomial_one(rng: np.random.Generator) -> None:
    errors, at = rng.random(50), [0.2, 0.5, 0.9]
    low, high = edf_band(errors, at, rng=rng, resamples=20_000)
    shares = error_edf(errors).at(at)
    assert np.allclose(low, stats.binom.ppf(0.025, 50, shares) / 50, atol=0.021)
    assert np.allclose(high, stats.binom.ppf(0.975, 50, shares) / 50, atol=0.021)


@pytest.mark.parametrize(("share", "n"), [(0.5, 12), (0.5, 32), (0.1, 60), (0.9, 60)])
def test_quantile_intervals_cover_at_least_as_often_as_they_say(rng: np.random.Generator, share: float, n: int) -> None:
    covered = 0
    for _ in range(1000):
        interval = quantile_interval(rng.normal(size=n), share)
        covered += interval.low <= stats.norm.ppf(share) <= interval.high
    assert covered >= 950 - 3 * np.sqrt(1000 * 0.95 * 0.05)


def test_a_quantile_interval_of_few_errors_is_open() -> None:
    assert quantile_interval([0.1, 0.2, 0.3], 0.5)[1:] == (-np.inf, np.inf)


def test_mean_intervals_are_students(rng: np.random.Generator) -> None:
    errors = rng.normal(size=9)
    expected = stats.t.interval(0.95, 8, errors.mean(), stats.sem(errors))
    assert np.allclose(mean_interval(errors)[1:], expected)
    assert np.isnan(mean_interval([0.5]).low)


def test_the_interval_of_a_mean_of_shares_ends_at_0_and_1() -> None:
    assert mean_interval([0.9, 0.8]).high > 1
    assert mean_share([0.9, 0.8]) == (pytest.approx(0.85), mean_interval([0.9, 0.8]).low, 1.0)
    assert mean_share([0.1, 0.2])[1:] == (0.0, mean_interval([0.1, 0.2]).high)
    assert np.isnan(mean_share([0.5])[1:]).all()
    assert [s.mean for s in summarise({"a": [0.9, 0.8]})] == [mean_share([0.9, 0.8])]


@pytest.mark.parametrize(("errors", "message"), [([], "at least one"), ([0.1, np.nan], "must be finite")])
def test_what_is_no_population_is_refused(errors: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        error_edf(errors)
