"""The fidelity gate: does a cheap score rank networks as training them does, within a budget?

An overall rank correlation is mostly size; what a search needs is the correlation among networks of one budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netspace.analysis.edf import Interval
from netspace.analysis.rank import bootstrap, kendall_tau, of_resamples, spearman_rho

FloatArray = NDArray[np.float64]
FEWEST = 3
WITHIN = "within bands"
OVERALL = "overall"


@dataclass(frozen=True)
class Agreement:
    """How well a score ranks networks as their stand-alone errors do.

    Args:
        score: name of the score.
        group: `overall`, the name of a band, or `within bands` (the pairs of all bands together).
        n: networks.
        tau: Kendall's τ with its bootstrap interval.
        rho: Spearman's ρ with its bootstrap interval; NaN for `within bands`.
    """

    score: str
    group: str
    n: int
    tau: Interval
    rho: Interval


def agreements(
    scores: Mapping[str, ArrayLike], errors: ArrayLike, bands: Sequence[str | None], *, seed: int = 0
) -> list[Agreement]:
    """Compare scores with errors: overall, in each band, and within bands pooled.

    Args:
        scores: by name, each of shape (n,), smaller being better.
        errors: stand-alone, shape (n,).
        bands: per network the name of its band; None for one outside of all bands.
        seed: of the bootstrap.
    """
    truth, names = np.asarray(errors, np.float64), sorted({band for band in bands if band is not None})
    place = {name: np.array([i for i, band in enumerate(bands) if band == name]) for name in names}
    found = []
    for score, values in scores.items():
        x = np.asarray(values, np.float64)
        found.append(_agreement(score, OVERALL, x, truth, seed))
        for name, rows in place.items():
            if len(rows) >= FEWEST:
                found.append(_agreement(score, name, x[rows], truth[rows], seed))
        groups = [(x[rows], truth[rows]) for rows in place.values() if len(rows) >= FEWEST]
        if groups:
            found.append(_pooled(score, groups, seed))
    return found


def is_open(within: Agreement) -> bool:
    """Say whether a score may be trusted: the interval of τ within bands lies above 0."""
    return bool(within.tau.low > 0)


def where_of(tau: Interval) -> str:
    """Say in words where the interval of a τ lies, as `includes 0`; τ is NaN where nothing tells the networks apart."""
    if isnan(tau.low):
        return "is not known"
    return "lies above 0" if tau.low > 0 else "lies below 0" if tau.high < 0 else "includes 0"


def _agreement(score: str, group: str, x: FloatArray, y: FloatArray, seed: int) -> Agreement:
    tau, rho = (
        bootstrap(statistic, x, y, rng=np.random.default_rng(seed), resamples=1000)
        for statistic in (kendall_tau, spearman_rho)
    )
    return Agreement(score, group, len(x), tau, rho)


def _pooled(score: str, groups: list[tuple[FloatArray, FloatArray]], seed: int) -> Agreement:
    """Average τ over the bands, weighted by their pairs; the bootstrap resamples inside each band."""
    pairs = np.array([len(x) * (len(x) - 1) / 2 for x, _ in groups])

    def mean(taus: FloatArray) -> FloatArray:
        known = np.isfinite(taus)
        weights = known * pairs
        of_all = np.where(known, taus, 0.0) @ pairs
        return np.divide(of_all, weights.sum(-1), out=np.full(len(taus), np.nan), where=known.any(-1))

    rng = np.random.default_rng(seed)
    drawn = [[rng.integers(len(x), size=len(x)) for x, _ in groups] for _ in range(1000)]
    each = zip(groups, zip(*drawn, strict=True), strict=True)
    resampled = mean(np.stack([of_resamples(kendall_tau, x, y, np.stack(rows)) for (x, y), rows in each], 1))
    values = resampled[np.isfinite(resampled)]
    low, high = np.quantile(values, [0.025, 0.975]) if len(values) else (np.nan, np.nan)
    nan = Interval(float("nan"), float("nan"), float("nan"))
    tau = Interval(float(mean(np.array([[kendall_tau(x, y) for x, y in groups]]))[0]), float(low), float(high))
    return Agreement(score, WITHIN, sum(len(x) for x, _ in groups), tau, nan)
