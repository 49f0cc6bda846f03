"""Exact counting and uniform drawing of a space's members whose cost lies in a band.

The stages are cut at a middle one. Given that stage's width, the members of the left half and of the right
half are independent, and so a band's members are pairs (left, right) whose costs add up into an interval:
with the right half sorted, each left member's partners are one slice, found by bisection. Nothing is rejected.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np

from netspace.cost.model import CostModel
from netspace.errors import NetspaceError
from netspace.spaces import NetworkSpace, StageSpace
from netspace.spaces.ranges import IntArray

MAX_HALF = 2**22
EXACT_QUANTILES = 2**22
MAX_WORK, MAX_PAIRS = 2**30, 2**26


class _Half:
    """All choices of (depth, width) for some neighbouring stages, with the cost inside them."""

    def __init__(self, model: CostModel, stages: tuple[StageSpace, ...], first: int) -> None:
        size = math.prod(stage.size for stage in stages)
        if size > MAX_HALF:
            raise NetspaceError(
                f"{size:,} choices in stages {first + 1} to {first + len(stages)} are too many to count exactly "
                f"(at most {MAX_HALF:,}); give the ranges a larger step or fewer stages"
            )
        if stages:
            self.depths, self.widths = NetworkSpace(stages).enumerate()
        else:
            self.depths = self.widths = np.empty((1, 0), np.int64)
        self.inner = np.zeros(size, np.int64)
        for i in range(len(stages)):
            width = self.widths[:, i]
            self.inner += (self.depths[:, i] - 1) * model.rest(first + i, width)
            if i:
                self.inner += model.first(first + i, self.widths[:, i - 1], width)


class SpaceCosts:
    """The costs of a space's members, arranged so that any band of them is counted and drawn exactly.

    Args:
        model: the kind of cost, in a template.
        space: the members; as many stages as the template has.
    """

    def __init__(self, model: CostModel, space: NetworkSpace) -> None:
        if len(space.stages) != len(model.template.strides):
            raise NetspaceError(
                f"the space has {len(space.stages)} stages, the template {len(model.template.strides)} strides"
            )
        self.model, self.space = model, space
        self.cut = len(space.stages) // 2
        middle = space.stages[self.cut]
        self._left = _Half(model, space.stages[: self.cut], 0)
        self._right = _Half(model, space.stages[self.cut + 1 :], self.cut + 1)
        self._widths = middle.width.values
        self._depths = middle.depth.values
        self._check_work()
        if self.cut:
            self._left.inner += model.first(0, model.template.stem_width, self._left.widths[:, 0])
        self._left.inner += model.stem
        if self.cut + 1 < len(space.stages):
            self._right.inner += model.head(self._right.widths[:, -1])

    def _check_work(self) -> None:
        """Refuse what would take minutes, or memory beyond a gigabyte."""
        left, right = len(self._left.inner), len(self._right.inner)
        if len(self._widths) * (left + right) > MAX_WORK or len(self._depths) * left > MAX_PAIRS:
            raise NetspaceError(
                f"the space's {self.space.size:.3g} architectures are too many to count exactly; give the ranges, "
                f"those of stage {self.cut + 1} first, a larger step"
            )

    def halves(self, j: int) -> tuple[IntArray, IntArray, IntArray]:
        """Return the costs of the left half, of the further blocks of the cut stage, of the right half.

        Args:
            j: index of the cut stage's width.
        """
        width, model = int(self._widths[j]), self.model
        inputs = self._left.widths[:, -1] if self.cut else np.array([model.template.stem_width])
        left = self._left.inner + model.first(self.cut, inputs, width)
        further = (self._depths - 1) * model.rest(self.cut, width)
        if self._right.widths.shape[1]:
            right = self._right.inner + model.first(self.cut + 1, width, self._right.widths[:, 0])
        else:
            right = self._right.inner + model.head(width)
        return left, further, right

    @cached_property
    def bounds(self) -> tuple[int, int]:
        """The smallest and the largest cost of a member."""
        low, high = [], []
        for j in range(len(self._widths)):
            halves = self.halves(j)
            low.append(sum(int(half.min()) for half in halves))
            high.append(sum(int(half.max()) for half in halves))
        return min(low), max(high)

    def band(self, low: int, high: int) -> Band:
        """Return the members with low ≤ cost ≤ high."""
        return Band(self, low, high)

    def nearest(self, target: int) -> int:
        """Return the member's cost that is nearest to `target`."""
        best: int | None = None
        for j in range(len(self._widths)):
            left, further, right = self.halves(j)
            right = np.sort(right)
            wanted = target - np.add.outer(further, left).ravel()
            place = np.searchsorted(right, wanted)
            for side in (place - 1, place):
                gaps = right[side.clip(0, len(right) - 1)] - wanted
                gap = int(gaps[np.abs(gaps).argmin()])
                best = gap if best is None or abs(gap) < abs(best) else best
        assert best is not None
        return target + best

    def quantiles(self, shares: tuple[float, ...]) -> tuple[list[int], bool]:
        """Return quantiles of the members' costs, and whether they are exact.

        Exact by enumeration up to 4 194 304 members; beyond, read off a million uniform draws with a fixed seed
        (standard error of a quantile's rank: at most 0.0005).
        """
        exact = self.space.size <= EXACT_QUANTILES
        members = self.space.enumerate() if exact else self.space.draw(10**6, rng=np.random.default_rng(0))
        values = np.quantile(self.model(*members), shares, method="inverted_cdf")
        return [int(value) for value in values], exact


class _Fitting(NamedTuple):
    """For one width of the cut stage, what can be part of a member of the band.

    Args:
        before: choices of the left half by rising cost.
        after: choices of the right half by rising cost.
        start: for each depth of the cut stage and each of `before`, the place of its first partner in `after`.
        partners: the number of its partners, which follow each other.
    """

    before: IntArray
    after: IntArray
    start: IntArray
    partners: IntArray


class Band:
    """The members of a space whose cost lies in an interval.

    Args:
        costs: the space and its costs.
        low: smallest cost, inclusive.
        high: largest cost, inclusive.
    """

    def __init__(self, costs: SpaceCosts, low: int, high: int) -> None:
        self._costs, self.low, self.high = costs, low, high
        self._counts = np.array([self._count(j) for j in range(len(costs._widths))], np.int64)

    @property
    def size(self) -> int:
        """Number of members in the band, exact."""
        return int(self._counts.sum())

    @property
    def hit_rate(self) -> float:
        """Share of the space's members that lie in the band, exact."""
        return self.size / self._costs.space.size

    def _fitting(self, j: int) -> _Fitting | None:
        """Sort the choices for the cut stage's j-th width and keep those that can be part of a band's member."""
        left, further, right = self._costs.halves(j)
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

    def _count(self, j: int) -> int:
        fitting = self._fitting(j)
        return 0 if fitting is None else int(fitting.partners.sum())

    def _overlaps(self, left: IntArray, further: IntArray, right: IntArray) -> bool:
        smallest = left.min() + further.min() + right.min()
        largest = left.max() + further.max() + right.max()
        return bool(smallest <= self.high and largest >= self.low)

    def draw(self, n: int, *, rng: np.random.Generator, replace: bool = True) -> tuple[IntArray, IntArray]:
        """Draw n members of the band uniformly.

        Args:
            n: how many.
            rng: source of randomness.
            replace: whether a member may be drawn again; if not, the same generator with a larger n begins with the
                same members.

        Returns:
            depths and widths, each of shape (n, stages), int64.

        Raises:
            NetspaceError: where the band is empty, or has fewer than n members to draw without replacement.
        """
        if not self.size:
            raise NetspaceError(f"no member of {self._costs.space} costs between {self.low:,} and {self.high:,}")
        if not replace and n > self.size:
            raise NetspaceError(
                f"{n} different networks are asked for, but {self._costs.space} has only {self.size} between "
                f"{self.low:,} and {self.high:,}; ask for fewer"
            )
        stages = len(self._costs.space.stages)
        depths, widths = np.empty((n, stages), np.int64), np.empty((n, stages), np.int64)
        ranks = rng.integers(self.size, size=n) if replace else _different_ranks(self.size, n, rng)
        ends = np.cumsum(self._counts)
        group = np.searchsorted(ends, ranks, side="right")
        for j in np.unique(group):
            rows = np.flatnonzero(group == j)
            depths[rows], widths[rows] = self._members(int(j), ranks[rows] - (ends[j] - self._counts[j]))
        return depths, widths

    def _members(self, j: int, ranks: IntArray) -> tuple[IntArray, IntArray]:
        """Return the members with the given ranks among those whose cut stage has its j-th width."""
        costs, fitting = self._costs, self._fitting(j)
        assert fitting is not None
        ends = np.cumsum(fitting.partners)
        choice = np.searchsorted(ends, ranks, side="right")
        partner = fitting.after[fitting.start[choice] + ranks - (ends[choice] - fitting.partners[choice])]
        depth, place = np.divmod(choice, len(fitting.before))
        before = fitting.before[place]
        at_cut = np.full((len(ranks), 1), costs._widths[j])
        depths = (costs._left.depths[before], costs._depths[depth, None], costs._right.depths[partner])
        widths = (costs._left.widths[before], at_cut, costs._right.widths[partner])
        return np.concatenate(depths, axis=1), np.concatenate(widths, axis=1)


def _different_ranks(size: int, n: int, rng: np.random.Generator) -> IntArray:
    """Draw n different numbers below `size`; a larger n goes on where a smaller one ended."""
    if size <= 2**20:
        return rng.permutation(size)[:n]
    drawn: dict[int, None] = {}
    while len(drawn) < n:  # n ≤ size, and repeats are rare: size is above a million
        drawn[int(rng.integers(size))] = None
    return np.array(list(drawn), np.int64)
