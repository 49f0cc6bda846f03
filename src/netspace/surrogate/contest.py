"""The choice among judged spaces: the best at a budget, and which others cannot be told from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from netspace.analysis.edf import Interval
from netspace.errors import NetspaceError
from netspace.surrogate.judging import Judged

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DRAWS = 4000
AS_GOOD = 0.4  # of two spaces, the one that is better with this probability counts as equal: nearly a coin toss
LEVEL = 0.95
_HALF = NormalDist().inv_cdf((1 + LEVEL) / 2)
EQUAL = 1e-9  # errors that differ by no more are equal: rounding


@dataclass(frozen=True)
class Contender:
    """A space that was judged closely at a budget.

    Args:
        space: its number in the grid.
        error: mean predicted error of its members in band, and the interval of what the fit does not know.
        behind: its error less the best's, with the interval of the difference; where trainings say what a predicted
            difference is worth, this much of it.
        hit_rate: share of its members in band.
        tied: whether the interval of the difference includes 0: it cannot be told from the best.
        chance: share of draws from what is known in which it is the best of those held together; of several that are
            equally good in a draw each has its part.
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


def shortlist(judged: Judged, n: int, *, hit_rate: float = 0.0, away: FloatArray | None = None) -> IntArray:
    """Return the n spaces of least error whose hit rate suffices, best first.

    Of spaces whose predicted errors are equal to the least, those of a higher hit rate come first, and of these the
    nearest to the target.

    Args:
        judged: all spaces at the budget.
        n: at most so many.
        hit_rate: least that suffices.
        away: the distance of each space from the budget's target, shape (spaces,).

    Raises:
        NetspaceError: where no space has a member in band.
    """
    able = judged.able(hit_rate)
    if not able.any():
        raise NetspaceError(
            "no space of the grid has a member within the budget, of those looked at; give a budget inside of its costs"
        )
    error = np.where(able, judged.error, np.inf)
    equal = error <= error.min() + EQUAL
    if equal.sum() > 1:
        distance = away if away is not None else np.zeros(len(error))
        error = np.where(equal, error.min(), error)
        order = np.lexsort((np.where(equal, distance, 0.0), np.where(equal, -judged.hit_rate, 0.0), error))
    else:
        order = np.argsort(error, kind="stable")
    return order[: min(n, int(able.sum()))]


def preferred(found: Sequence[Contender], off: FloatArray, tolerance: float) -> int:
    """Return the place of the space to hand out: of those as good as the first, the one that meets the budget best.

    As good are those that beat the first with probability 0.4 or more. Of these, with a median cost within the
    tolerance, the one of the highest hit rate; where none of them has such a median, the best of all spaces that have
    one and cannot be told from the first; else the one whose median is nearest.

    Args:
        found: as `contest` returns them, best first.
        off: of each, its median cost over the target less 1, shape (s,); NaN where it is not known.
        tolerance: of the budget.
    """
    gap = np.array([c.behind.value for c in found])
    apart = np.array([c.behind.high - c.behind.value for c in found]) / _HALF
    equal = gap <= NormalDist().inv_cdf(1 - AS_GOOD) * apart + EQUAL
    near, rate = np.abs(off) <= tolerance + EQUAL, np.array([c.hit_rate for c in found])
    if (equal & near).any():
        return int(np.argmax(np.where(equal & near, rate, -1.0)))
    tied = np.array([c.tied for c in found]) & near
    if tied.any():
        return int(np.argmax(tied))
    return int(np.nanargmin(np.where(equal, np.abs(off), np.inf))) if np.isfinite(off[equal]).any() else 0


def contest(
    spaces: IntArray,
    judged: Judged,
    covariance: FloatArray,
    *,
    slope: float = 1.0,
    misfit: FloatArray | None = None,
    level: float = LEVEL,
) -> list[Contender]:
    """Hold shortlisted spaces against the first.

    True mean errors are Normal(slope·error, slope²·(covariance + sampling) + misfit).

    Args:
        spaces: numbers of spaces, best first, shape (s,).
        judged: all spaces at the budget.
        covariance: of the spaces' mean errors, what the fit does not know, shape (s, s).
        slope: what a predicted difference of 1 is worth.
        misfit: covariance of what the model cannot say of the true errors, shape (s, s); None where no training told.
        level: of the intervals.
    """
    half = NormalDist().inv_cdf((1 + level) / 2)
    error, sampling = judged.error[spaces], judged.sampling[spaces] ** 2
    more = np.zeros_like(covariance) if misfit is None else misfit
    own = np.sqrt(np.diag(covariance) + sampling + np.diag(more))
    total = slope**2 * (covariance + np.diag(sampling)) + more
    drawn = np.random.default_rng(0).multivariate_normal(slope * error, total, DRAWS, method="eigh")
    best = drawn <= drawn.min(1, keepdims=True) + EQUAL
    chance = (best / best.sum(1, keepdims=True)).mean(0)
    apart = np.sqrt(np.maximum(np.diag(total) + total[0, 0] - 2 * total[0], 0))
    found = []
    for i, space in enumerate(spaces):
        gap = slope * float(error[i] - error[0])
        behind = Interval(gap, gap - half * float(apart[i]), gap + half * float(apart[i]))
        around = Interval(float(error[i]), float(error[i] - half * own[i]), float(error[i] + half * own[i]))
        tied = behind.low <= EQUAL
        found.append(Contender(int(space), around, behind, float(judged.hit_rate[space]), tied, float(chance[i])))
    return found
