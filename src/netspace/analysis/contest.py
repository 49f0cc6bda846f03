"""The choice among judged spaces: the best at a budget, and which others cannot be told from it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from netspace.analysis.edf import Interval
from netspace.analysis.judging import Judged
from netspace.errors import NetspaceError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DRAWS = 4000


@dataclass(frozen=True)
class Contender:
    """A space that was judged closely at a budget.

    Args:
        space: its number in the grid.
        error: mean predicted error of its members in band, and the interval of what the fit does not know.
        behind: its error less the best's, with the interval of the difference.
        hit_rate: share of its members in band.
        tied: whether the interval of the difference includes 0: it cannot be told from the best.
        chance: share of draws from what the fit knows in which it is the best of those held together.
    """

    space: int
    error: Interval
    behind: Interval
    hit_rate: float
    tied: bool
    chance: float

    @property
    def draws(self) -> float:
        """Expected number of uniform draws until the first member in band."""
        return 1 / self.hit_rate


def shortlist(judged: Judged, n: int, *, hit_rate: float = 0.0) -> IntArray:
    """Return the n spaces of least error whose hit rate suffices, best first.

    Raises:
        NetspaceError: where no space has a member in band.
    """
    able = np.isfinite(judged.error) & (judged.hit_rate >= hit_rate) & (judged.hit_rate > 0)
    if not able.any():
        raise NetspaceError("no space of the grid has a member within the budget; give a budget inside of its costs")
    order = np.argsort(np.where(able, judged.error, np.inf), kind="stable")
    return order[: min(n, int(able.sum()))]


def contest(spaces: IntArray, judged: Judged, covariance: FloatArray, *, level: float = 0.95) -> list[Contender]:
    """Hold shortlisted spaces against the first.

    Args:
        spaces: numbers of spaces, best first, shape (s,).
        judged: all spaces at the budget.
        covariance: of the spaces' mean errors, what the fit does not know, shape (s, s).
        level: of the intervals.
    """
    half = NormalDist().inv_cdf((1 + level) / 2)
    error, sampling = judged.error[spaces], judged.sampling[spaces] ** 2
    own = np.sqrt(np.diag(covariance) + sampling)
    drawn = np.random.default_rng(0).multivariate_normal(error, covariance + np.diag(sampling), DRAWS, method="eigh")
    chance = np.bincount(drawn.argmin(1), minlength=len(spaces)) / DRAWS
    difference = np.diag(covariance) + covariance[0, 0] - 2 * covariance[0]
    apart = np.sqrt(np.maximum(difference, 0) + sampling + sampling[0])
    apart[0] = 0.0
    found = []
    for i, space in enumerate(spaces):
        gap = float(error[i] - error[0])
        behind = Interval(gap, gap - half * float(apart[i]), gap + half * float(apart[i]))
        around = Interval(float(error[i]), float(error[i] - half * own[i]), float(error[i] + half * own[i]))
        found.append(
            Contender(int(space), around, behind, float(judged.hit_rate[space]), behind.low <= 0, float(chance[i]))
        )
    return found
