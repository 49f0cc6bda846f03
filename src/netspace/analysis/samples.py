"""How many networks one has to draw from a space until a good one comes up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are first asked for
from numpy.typing import ArrayLike

from netspace.analysis.edf import Interval


@dataclass(frozen=True)
class SamplesNeeded:
    """Expected uniform draws, with replacement, from a whole space.

    Args:
        in_band: until one satisfies the budget; exact, infinite where none does. Table 1's "#samples".
        near_front: until one satisfies the budget and its error is near the front's, with its interval.
        near: trained networks that are near the front.
        n: trained networks, those that failed among them.
        exact: whether every member in band was trained, so that `near_front` is no estimate.
    """

    in_band: float
    near_front: Interval
    near: int
    n: int
    exact: bool


def samples_needed(
    distances: ArrayLike, *, n: int, members: int, in_band: int, within: float = 0.01, level: float = 0.95
) -> SamplesNeeded:
    """Work out the expected draws until one is in band, and until one is in band and near the front.

    The share of a space that is in band is exact; the share of those that are near the front is estimated from the
    networks that were trained, with Clopper and Pearson's interval, and exact where all in band were trained.

    Args:
        distances: error above the front of each network that was trained well, shape (≤ n,).
        n: different networks drawn uniformly from those in band and trained, ≥ 1.
        members: of the space.
        in_band: of these, how many satisfy the budget.
        within: error above the front that is still near it.
        level: of the interval.
    """
    near = int((np.asarray(distances, np.float64) <= within + 1e-12).sum())
    each, exact = draws_until(in_band / members), n == in_band
    share = draws_until_interval(near, n, level=level)
    if exact:
        share = Interval(share.value, share.value, share.value)
    return SamplesNeeded(each, Interval(*(each * draws for draws in share)), near, n, exact)


def draws_until(hit_rate: float) -> float:
    """Return the expected number of uniform draws with replacement until the first hit: 1 / hit rate.

    This is Table 1's "#samples" (Hong et al. 2021) where a hit is a member within the budget's band.
    """
    return 1 / hit_rate if hit_rate else float("inf")


def draws_until_interval(hits: int, sample: int, *, level: float = 0.95) -> Interval:
    """Return the expected draws until the first hit, estimated from a sample, with the exact binomial interval.

    Args:
        hits: of the sample, how many are hits.
        sample: networks looked at.
        level: of the interval (Clopper and Pearson).
    """
    rate = scipy.stats.binomtest(hits, sample).proportion_ci(level)
    return Interval(
        draws_until(hits / sample),
        1 / float(rate.high),
        1 / float(rate.low) if rate.low > 0 else float("inf"),
    )
