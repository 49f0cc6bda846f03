"""The members of a space that satisfy several conditions at once, each on a cost of its own.

Costs of two kinds have no chain in common that could be counted. Where the members of the first band can be listed, or
the whole space, up to 4 194 304, those that meet the others are counted and drawn exactly. Beyond that members of the
first band are drawn, and those that meet the others are kept: draws are uniform all the same, and the size is an
estimate with an interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from netspace.cost.band import Band, CountedBand, check_draw, different, drawn_in_blocks, share_interval, within
from netspace.cost.model import CostModel
from netspace.cost.spaces import SpaceCosts
from netspace.errors import NetspaceError
from netspace.spaces import NetworkSpace
from netspace.spaces.layout import Points
from netspace.spaces.ranges import BoolArray

LISTED = 2**22
BLOCK, ENOUGH, MOST_LOOKS = 2**15, 100, 2**3  # members drawn at a time; what then has to be kept; else so often


class Condition(NamedTuple):
    """An interval of one cost, both ends inclusive."""

    model: CostModel
    low: int
    high: int

    def met(self, points: Points) -> BoolArray:
        """Say which points meet it, shape (n,)."""
        return within(self.model(points), self.low, self.high)


def joint_band(space: NetworkSpace, conditions: Sequence[Condition]) -> Band:
    """Return the members of a space that satisfy all conditions: by the chain of their cost where there is one.

    Args:
        space: whose members.
        conditions: one or more, each of another cost.
    """
    if len(conditions) > 1:
        return JointBand(space, conditions)
    (one,) = conditions
    return SpaceCosts(one.model, space).band(one.low, one.high)


class JointBand:
    """Members of a space that satisfy all conditions; see Band.

    Args:
        space: whose members.
        conditions: of the first one members are drawn.
    """

    def __init__(self, space: NetworkSpace, conditions: Sequence[Condition]) -> None:
        first, *self._rest = conditions
        self._space, self._conditions = space, conditions
        self.low, self.high = first.low, first.high
        self._first: Band = SpaceCosts(first.model, space).band(first.low, first.high)

    @cached_property
    def listed(self) -> Points | None:
        """All members, where they can be listed."""
        if isinstance(self._first, CountedBand) and self._first.size <= LISTED:
            points, unmet = self._first.every(), self._rest
        elif self._space.size <= LISTED:
            points, unmet = self._space.enumerate(), list(self._conditions)
        else:
            return None
        for condition in unmet:
            points = points[condition.met(points)]
        return points

    @cached_property
    def _kept(self) -> tuple[int, int]:
        """How many of how many draws from the first band meet the rest."""
        if not self._first.size:
            return 0, 0
        rng = np.random.default_rng(0)
        kept = len(self._propose(rng))
        if kept >= ENOUGH:
            return kept, BLOCK
        return kept + sum(len(self._propose(rng)) for _ in range(MOST_LOOKS - 1)), MOST_LOOKS * BLOCK

    @property
    def exact(self) -> bool:
        """See Band."""
        return self.listed is not None

    @property
    def size(self) -> int:
        """See Band."""
        if self.listed is not None:
            return len(self.listed)
        kept, drawn = self._kept
        return max(round(self._first.size * kept / drawn), 1) if kept else 0

    @property
    def hit_rate(self) -> float:
        """See Band."""
        return self.size / self._space.size

    @property
    def hit_rate_interval(self) -> tuple[float, float]:
        """See Band."""
        if self.exact:
            return self.hit_rate, self.hit_rate
        low, high = share_interval(*self._kept)
        return self._first.hit_rate_interval[0] * low, self._first.hit_rate_interval[1] * high

    def holds(self, points: Points) -> BoolArray:
        """See Band."""
        return np.logical_and.reduce([condition.met(points) for condition in self._conditions])

    def draw(self, n: int, *, rng: np.random.Generator, replace: bool = True) -> Points:
        """See Band."""
        if self.listed is not None:
            check_draw(self, self._space, n, replace=replace)
            size = len(self.listed)
            return self.listed[rng.integers(size, size=n) if replace else different(size, n, rng)]
        if not self.size:
            check_draw(self, self._space, n, replace=True)
        columns = self._space.layout.columns
        found = drawn_in_blocks(self._propose, n, columns=columns, rng=rng, replace=replace, barren=MOST_LOOKS)
        if len(found) < n:
            raise NetspaceError(
                f"{len(found)} of {n} networks that satisfy budget and constraints were found in "
                f"{MOST_LOOKS * BLOCK:,} draws; ask for fewer, or for looser constraints"
            )
        return found

    def _propose(self, rng: np.random.Generator) -> Points:
        points = self._first.draw(BLOCK, rng=rng)
        for condition in self._rest:
            points = points[condition.met(points)]
        return points
