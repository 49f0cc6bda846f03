"""Exact counting and uniform drawing of a space's members whose cost lies in a band.

The stages are cut at a middle one (cost/halves.py). Given that stage's width and knobs, a band's members are pairs
(left, right) whose costs add up into an interval: with the right half sorted, each left member's partners are one
slice, found by bisection. Nothing is rejected.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from netspace.cost.halves import Halves
from netspace.cost.model import CostModel
from netspace.errors import NetspaceError
from netspace.spaces import NetworkSpace
from netspace.spaces.layout import Points
from netspace.spaces.ranges import BoolArray, IntArray


class Band(Protocol):
    """The members of a space whose cost lies in an interval."""

    low: int
    high: int

    @property
    def exact(self) -> bool:
        """Whether its size is counted instead of estimated."""
        ...

    @property
    def size(self) -> int:
        """Number of members in the band; an estimate where it is not `exact`."""
        ...

    @property
    def hit_rate(self) -> float:
        """Share of the space's members that lie in the band."""
        ...

    @property
    def hit_rate_interval(self) -> tuple[float, float]:
        """The 95 % interval of the hit rate; both ends are the hit rate where it is exact."""
        ...

    def holds(self, points: Points) -> BoolArray:
        """Say which architectures lie in the band: (n, axes) to (n,); they are the space's."""
        ...

    def draw(self, n: int, *, rng: np.random.Generator, replace: bool = True) -> Points:
        """Draw n members of the band uniformly.

        Args:
            n: how many.
            rng: source of randomness.
            replace: whether a member may be drawn again; if not, the same generator with a larger n begins with the
                same members.

        Returns:
            shape (n, axes), int64; columns as the space's layout says.

        Raises:
            NetspaceError: where the band is empty, or has fewer than n members to draw without replacement.
        """
        ...


class _Fitting(NamedTuple):
    """For one state of the middle stage, what can be part of a member of the band.

    Args:
        before: choices of the left half by rising cost.
        after: choices of the right half by rising cost.
        start: for each depth of the middle stage and each of `before`, the place of its first partner in `after`.
        partners: the number of its partners, which follow each other.
    """

    before: IntArray
    after: IntArray
    start: IntArray
    partners: IntArray


class CostBand(ABC):
    """What bands of one cost have in common; see Band.

    Args:
        space: whose members.
        model: of the cost.
        low: smallest cost, inclusive.
        high: largest cost, inclusive.
    """

    def __init__(self, space: NetworkSpace, model: CostModel, low: int, high: int) -> None:
        self._space, self._model, self.low, self.high = space, model, low, high

    @property
    @abstractmethod
    def size(self) -> int:
        """See Band."""

    @property
    def hit_rate(self) -> float:
        """See Band."""
        return self.size / self._space.size

    @property
    def hit_rate_interval(self) -> tuple[float, float]:
        """See Band."""
        return self.hit_rate, self.hit_rate

    def holds(self, points: Points) -> BoolArray:
        """See Band."""
        return within(self._model(points), self.low, self.high)


class CountedBand(CostBand):
    """A band counted exactly; see Band.

    Args:
        space: whose members.
        parts: the space's halves, one for each image size.
        low: smallest cost, inclusive.
        high: largest cost, inclusive.
    """

    exact = True

    def __init__(self, space: NetworkSpace, parts: list[Halves], low: int, high: int) -> None:
        super().__init__(space, parts[0].model, low, high)
        self._states = [(part, j) for part in parts for j in range(part.count)]

    @cached_property
    def _counts(self) -> IntArray:
        return np.array([self._count(part, j) for part, j in self._states], np.int64)

    @property
    def size(self) -> int:
        """See Band."""
        return int(self._counts.sum())

    def _fitting(self, part: Halves, j: int) -> _Fitting | None:
        """Sort the choices of a state and keep those that can be part of a band's member."""
        left, further, right = part.costs(j)
        if not self._overlaps(left, further, right):
            return None
        least = int(left.min() + further[0] + right.min())
        room = self.high - least
        before, after = (np.argsort(half, kind="stable") for half in (left, right))
        before = before[: np.searchsorted(left[before], left.min() + room, side="right")]
        after = after[: np.searchsorted(right[after], right.min() + room, side="right")]
        further = further[further <= further[0] + room]
        sums = np.add.outer(further, left[before])
        start = np.searchsorted(right[after], self.low - sums)
        partners = np.searchsorted(right[after], self.high - sums, side="right") - start
        return _Fitting(before, after, start.ravel(), partners.ravel())

    def _count(self, part: Halves, j: int) -> int:
        fitting = self._fitting(part, j)
        return 0 if fitting is None else int(fitting.partners.sum())

    def _overlaps(self, left: IntArray, further: IntArray, right: IntArray) -> bool:
        smallest = left.min() + further.min() + right.min()
        largest = left.max() + further.max() + right.max()
        return bool(smallest <= self.high and largest >= self.low)

    def draw(self, n: int, *, rng: np.random.Generator, replace: bool = True) -> Points:
        """See Band."""
        check_draw(self, self._space, n, replace=replace)
        return self._ranked(rng.integers(self.size, size=n) if replace else different(self.size, n, rng))

    def every(self) -> Points:
        """List the band's members: shape (size, axes)."""
        return self._ranked(np.arange(self.size))

    def _ranked(self, ranks: IntArray) -> Points:
        """Return the members with the given ranks: shape (n, axes)."""
        points = np.empty((len(ranks), self._space.layout.columns), np.int64)
        ends = np.cumsum(self._counts)
        group = np.searchsorted(ends, ranks, side="right")
        for j in np.unique(group):
            rows = np.flatnonzero(group == j)
            points[rows] = self._members(*self._states[int(j)], ranks[rows] - (ends[j] - self._counts[j]))
        return points

    def _members(self, part: Halves, j: int, ranks: IntArray) -> Points:
        """Return the members with the given ranks among those in a state."""
        fitting = self._fitting(part, j)
        assert fitting is not None
        ends = np.cumsum(fitting.partners)
        choice = np.searchsorted(ends, ranks, side="right")
        partner = fitting.after[fitting.start[choice] + ranks - (ends[choice] - fitting.partners[choice])]
        depth, place = np.divmod(choice, len(fitting.before))
        return part.members(j, fitting.before[place], depth, partner)


def check_draw(band: Band, space: NetworkSpace, n: int, *, replace: bool) -> None:
    """Raise NetspaceError where a band holds nothing to draw, or too little."""
    if not band.size:
        raise NetspaceError(f"no member of {space} costs between {band.low:,} and {band.high:,}")
    if not replace and n > band.size:
        raise NetspaceError(
            f"{n} different networks are asked for, but {space} has only {band.size} between "
            f"{band.low:,} and {band.high:,}; ask for fewer"
        )


def drawn_in_blocks(
    propose: Callable[[np.random.Generator], Points],
    n: int,
    *,
    columns: int,
    rng: np.random.Generator,
    replace: bool,
    barren: float = math.inf,
) -> Points:
    """Draw members until there are n; a larger n goes on where a smaller one ended.

    Args:
        propose: draws a block of members, shape (any number, axes).
        n: how many.
        columns: of a point.
        rng: source of randomness.
        replace: whether a member may be there twice.
        barren: give up behind so many blocks without a member that is new.

    Returns:
        n members, or fewer where it was given up: shape (at most n, axes).
    """
    own = np.random.default_rng(int(rng.integers(2**62)))  # drawn in blocks: n says nothing of where it stands
    found: dict[tuple[int, ...] | int, IntArray] = {}
    blocks = 0
    while len(found) < n and blocks < barren:
        before = len(found)
        for point in propose(own):
            found.setdefault(len(found) if replace else tuple(point.tolist()), point)
        blocks = 0 if len(found) > before else blocks + 1
    return np.array(list(found.values())[:n], np.int64).reshape(-1, columns)


def within(costs: IntArray, low: int, high: int) -> BoolArray:
    """Say which costs lie in an interval, both ends inclusive."""
    inside: BoolArray = (costs >= low) & (costs <= high)
    return inside


def share_interval(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of which `hits` of `n` draws are (Wilson 1927)."""
    if not n:
        return 0.0, 0.0
    z, share = 1.959964, hits / n
    centre, spread = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max((centre - spread) / (1 + z * z / n), 0.0), min((centre + spread) / (1 + z * z / n), 1.0)


def different(size: int, n: int, rng: np.random.Generator) -> IntArray:
    """Draw n different numbers below `size`; a larger n goes on where a smaller one ended."""
    if size <= 2**20:
        return rng.permutation(size)[:n]
    drawn: dict[int, None] = {}
    while len(drawn) < n:  # n ≤ size, and repeats are rare: size is above a million
        drawn[int(rng.integers(size))] = None
    return np.array(list(drawn), np.int64)
