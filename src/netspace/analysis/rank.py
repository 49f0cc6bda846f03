"""Which of two populations is better, and how well one number ranks another."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy  # its parts are loaded when they are first asked for
from numpy.typing import ArrayLike, NDArray

from netspace.analysis.edf import Interval

FloatArray = NDArray[np.float64]
MANY = 2_000  # pairs; of more, all pairs of pairs would take more memory than their resamples take time


class Comparison(NamedTuple):
    """Population A against population B, smaller being better.

    Args:
        beats: P(A < B) + ½·P(A = B) with its interval: the chance that a network of A beats one of B.
        mann_whitney_p: two-sided p-value of no difference.
        kolmogorov_smirnov: largest vertical distance of the two EDFs.
        kolmogorov_smirnov_p: its two-sided p-value.
    """

    beats: Interval
    mann_whitney_p: float
    kolmogorov_smirnov: float
    kolmogorov_smirnov_p: float


def compare(a: ArrayLike, b: ArrayLike, *, level: float = 0.95) -> Comparison:
    """Compare two populations of errors.

    Args:
        a: errors, shape (n,), n ≥ 2.
        b: errors, shape (m,), m ≥ 2.
        level: of the interval of `beats`.
    """
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if min(len(x), len(y)) < 2:
        raise ValueError(f"comparing needs two networks on each side, not {len(x)} and {len(y)}")
    test = scipy.stats.mannwhitneyu(x, y, alternative="two-sided")
    distance = scipy.stats.ks_2samp(x, y)
    return Comparison(
        beats=probability_of_beating(x, y, level=level),
        mann_whitney_p=float(test.pvalue),
        kolmogorov_smirnov=float(distance.statistic),
        kolmogorov_smirnov_p=float(distance.pvalue),
    )


def probability_of_beating(a: FloatArray, b: FloatArray, *, level: float = 0.95) -> Interval:
    """Return P(A < B) + ½·P(A = B), with an interval from the variance of the placements.

    The variance is Brunner and Munzel's (2000), that of DeLong (1988), which holds without equal spreads; the
    interval is Student's with Satterthwaite's degrees of freedom on the logit scale, so it stays inside 0..1. Where
    the populations do not overlap the variance is 0, and the interval is the exact binomial one for as many trials
    as the smaller population has.
    """
    n, m = len(a), len(b)
    wins = (a[:, None] < b[None, :]) + 0.5 * (a[:, None] == b[None, :])
    p = float(wins.mean())
    of_a, of_b = wins.mean(1).var(ddof=1) / n, wins.mean(0).var(ddof=1) / m
    variance = of_a + of_b
    if variance == 0 or p in (0.0, 1.0):
        exact = scipy.stats.binomtest(round(p * min(n, m)), min(n, m)).proportion_ci(level)
        return Interval(p, min(float(exact.low), p), max(float(exact.high), p))
    freedom = variance**2 / (of_a**2 / (n - 1) + of_b**2 / (m - 1))
    half = scipy.stats.t.isf((1 - level) / 2, freedom) * np.sqrt(variance) / (p * (1 - p))
    centre = np.log(p / (1 - p))
    low, high = (1 / (1 + np.exp(-(centre + sign * half))) for sign in (-1, 1))
    return Interval(p, float(low), float(high))


def holm(p_values: ArrayLike) -> FloatArray:
    """Return p-values corrected for comparing several spaces (Holm 1979): family-wise error at most the level."""
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(raised, 1.0)
    return corrected


def kendall_tau(score: ArrayLike, truth: ArrayLike) -> float:
    """Return Kendall's τ_b, which allows for ties; NaN where either side is constant."""
    return float(scipy.stats.kendalltau(score, truth).statistic)


def spearman_rho(score: ArrayLike, truth: ArrayLike) -> float:
    """Return Spearman's ρ; NaN where either side is constant."""
    if np.ptp(np.asarray(score)) == 0 or np.ptp(np.asarray(truth)) == 0:
        return float("nan")
    return float(scipy.stats.spearmanr(score, truth).statistic)


def bootstrap(
    statistic: Callable[[FloatArray, FloatArray], float],
    score: ArrayLike,
    truth: ArrayLike,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    resamples: int = 2000,
) -> Interval:
    """Return a statistic of pairs with its percentile bootstrap interval.

    Resamples in which the statistic is not defined (one value throughout) are left out.

    Args:
        statistic: such as `kendall_tau`.
        score: shape (n,), n ≥ 3.
        truth: shape (n,).
        rng: source of the resamples.
        level: of the interval.
        resamples: number of them.
    """
    x, y = np.asarray(score, np.float64), np.asarray(truth, np.float64)
    if x.shape != y.shape or len(x) < 3:
        raise ValueError(f"ranking needs three pairs or more, not {len(x)} scores and {len(y)} truths")
    values = of_resamples(statistic, x, y, rng.integers(len(x), size=(resamples, len(x))))
    values = values[np.isfinite(values)]
    if not len(values):
        return Interval(statistic(x, y), float("nan"), float("nan"))
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(statistic(x, y), float(low), float(high))


def of_resamples(
    statistic: Callable[[FloatArray, FloatArray], float], x: FloatArray, y: FloatArray, drawn: NDArray[np.int64]
) -> FloatArray:
    """Return a statistic of each resample of pairs; NaN where it is not defined.

    Args:
        statistic: such as `kendall_tau`; resamples of those of this file are computed together.
        x: shape (n,).
        y: shape (n,).
        drawn: which pairs each resample is made of, shape (resamples, size).

    Returns:
        shape (resamples,).
    """
    together = _TOGETHER.get(statistic)
    if together is not None and len(x) <= MANY:
        return together(x, y, drawn)
    return np.array([statistic(x[rows], y[rows]) for rows in drawn])


def _taus(x: FloatArray, y: FloatArray, drawn: NDArray[np.int64]) -> FloatArray:
    """Return τ_b of each resample: sums over pairs of places, each as often as both of them were drawn."""
    counts = np.zeros((len(drawn), len(x)))
    np.add.at(counts, (np.arange(len(drawn))[:, None], drawn), 1.0)
    of_x, of_y = (np.sign(values[:, None] - values[None, :]) for values in (x, y))
    agreeing, x_differs, y_differs = (((counts @ part) * counts).sum(1) for part in (of_x * of_y, of_x**2, of_y**2))
    pairs = np.sqrt(x_differs * y_differs)
    return np.divide(agreeing, pairs, out=np.full(len(drawn), np.nan), where=pairs > 0)


def _rhos(x: FloatArray, y: FloatArray, drawn: NDArray[np.int64]) -> FloatArray:
    """Return Spearman's ρ of each resample: the correlation of ranks, ties at their mean."""
    ranks = (scipy.stats.rankdata(values[drawn], axis=1) for values in (x, y))
    of_x, of_y = (values - values.mean(1, keepdims=True) for values in ranks)
    spread = np.sqrt((of_x**2).sum(1) * (of_y**2).sum(1))
    return np.divide((of_x * of_y).sum(1), spread, out=np.full(len(drawn), np.nan), where=spread > 0)


_TOGETHER: dict[object, Callable[[FloatArray, FloatArray, NDArray[np.int64]], FloatArray]] = {
    kendall_tau: _taus,
    spearman_rho: _rhos,
}
