"""Error distributions of populations: shares, quantiles, and how sure they are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy  # its parts are loaded when they are first asked for
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


class Interval(NamedTuple):
    """An estimate and the interval around it; as text `0.92 (0.72 to 0.98)`, each figure as the format says."""

    value: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        return f"{self.value:{spec}} ({self.low:{spec}} to {self.high:{spec}})"

    def of_share(self) -> Interval:
        """Return the same of a number that lies between 0 and 1, such as a mean error: what lies beyond is cut off."""
        return Interval(*np.clip(self, 0.0, 1.0).tolist())


class Edf(NamedTuple):
    """An empirical distribution function: `share[i]` of the population has error ≤ `error[i]`, errors rising."""

    error: FloatArray
    share: FloatArray

    def at(self, error: ArrayLike) -> FloatArray:
        """Return the share of the population with error ≤ the given errors."""
        shares = np.concatenate([[0.0], self.share])
        return shares[np.searchsorted(self.error, np.asarray(error, np.float64), side="right")]


def error_edf(errors: ArrayLike, weights: ArrayLike | None = None) -> Edf:
    """Return F(e) = Σ w_i·1[e_i ≤ e] / Σ w_i (Radosavovic et al. 2019, arXiv 1905.13214, equation 1).

    Args:
        errors: one per network, shape (n,).
        weights: non-negative, shape (n,); None weighs all equally.
    """
    values = _values(errors)
    mass = np.ones_like(values) if weights is None else np.asarray(weights, np.float64)
    if mass.shape != values.shape or (mass < 0).any() or not mass.sum() > 0:
        raise ValueError("weights need one non-negative number per error, and one of them above 0")
    distinct, place = np.unique(values, return_inverse=True)
    return Edf(distinct, np.cumsum(np.bincount(place, mass)) / mass.sum())


def complexity_weights(costs: ArrayLike, reference: ArrayLike, bins: int = 10) -> FloatArray:
    """Weigh a population so that its costs are spread as a reference population's are (NDS, section 3.3).

    Args:
        costs: of the population to be weighed, shape (n,).
        reference: costs to match, shape (m,).
        bins: of equal width in log cost over the range where both have members.

    Returns:
        weights that sum to 1 over the shared range; 0 outside of it, and in bins that either population lacks; all
        0 where they share no range or no bin.
    """
    own, other = np.log(_values(costs)), np.log(_values(reference))
    low, high = max(own.min(), other.min()), min(own.max(), other.max())
    edges = np.linspace(low, high, bins + 1)[1:-1]
    place = np.where((own >= low) & (own <= high), np.searchsorted(edges, own), -1)
    target = np.searchsorted(edges, other[(other >= low) & (other <= high)])
    have = np.bincount(place[place >= 0], minlength=bins)
    want = np.where(have > 0, np.bincount(target, minlength=bins), 0)
    each = np.divide(want, have, out=np.zeros(bins), where=have > 0)
    weights = np.where(place >= 0, each[place], 0.0)
    return weights / max(weights.sum(), 1.0)


def edf_band(
    errors: ArrayLike, at: ArrayLike, *, rng: np.random.Generator, level: float = 0.95, resamples: int = 2000
) -> tuple[FloatArray, FloatArray]:
    """Return the pointwise bootstrap band of the EDF: the shares' lower and upper ends, each of shape (len(at),).

    Args:
        errors: shape (n,).
        at: errors at which the band is wanted, shape (k,).
        rng: source of the resamples.
        level: share of resamples inside the band at each point.
        resamples: number of bootstrap resamples.
    """
    below = _values(errors)[:, None] <= np.asarray(at, np.float64)
    counts = rng.multinomial(len(below), np.full(len(below), 1 / len(below)), size=resamples)
    shares = counts @ below / len(below)
    low, high = np.quantile(shares, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def quantile_interval(errors: ArrayLike, share: float, *, level: float = 0.95) -> Interval:
    """Return a quantile of the errors and its distribution-free interval from order statistics.

    The number of errors below the true quantile is binomial(n, share), so two order statistics enclose it with at
    least the level asked for; ±∞ where n is too small for an end.

    Args:
        errors: shape (n,).
        share: 0.5 for the median; strictly between 0 and 1.
        level: least probability that the interval covers the quantile.
    """
    if not 0 < share < 1:
        raise ValueError(f"a quantile's share lies between 0 and 1, not {share}")
    ordered, tail = np.sort(_values(errors)), (1 - level) / 2
    n = len(ordered)
    low = int(scipy.stats.binom.ppf(tail, n, share)) - 1
    high = int(scipy.stats.binom.isf(tail, n, share))
    ends = np.concatenate([[-np.inf], ordered, [np.inf]])
    value = float(np.quantile(ordered, share))
    return Interval(value, float(ends[max(low, -1) + 1]), float(ends[min(high, n) + 1]))


def mean_interval(errors: ArrayLike, *, level: float = 0.95) -> Interval:
    """Return the mean and its Student t interval; NaN ends for fewer than two errors."""
    values = _values(errors)
    mean = float(values.mean())
    if len(values) < 2:
        return Interval(mean, float("nan"), float("nan"))
    half = float(scipy.stats.t.isf((1 - level) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return Interval(mean, mean - half, mean + half)


def mean_share(shares: ArrayLike) -> Interval:
    """Return the mean of shares and its Student t interval, of which what lies outside of 0 to 1 is cut off."""
    return mean_interval(shares).of_share()


def _values(errors: ArrayLike) -> FloatArray:
    values = np.asarray(errors, np.float64)
    if values.ndim != 1 or not len(values):
        raise ValueError("a population needs at least one network")
    if not np.isfinite(values).all():
        raise ValueError("a population's numbers must be finite; leave out networks that failed")
    return values
