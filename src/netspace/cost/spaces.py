"""The costs of a space's members: their bounds and quantiles, and any band of them."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from netspace.cost.band import Band, CountedBand
from netspace.cost.halves import MAX_WORK, Halves
from netspace.cost.large import LargeCosts, check_countable
from netspace.cost.model import CostModel
from netspace.cost.peaks import WHOLE, Peaks
from netspace.spaces import NetworkSpace

EXACT_QUANTILES = 2**22


class SpaceCosts:
    """The costs of a space's members, arranged so that any band of them is counted and drawn.

    Exactly where the halves of its stages can be listed (cost/band.py); beyond that bands are drawn from just as
    uniformly, and their size is an estimate (cost/large.py). A cost that is the largest of its parts is counted and
    drawn exactly in any space (cost/peaks.py).

    Args:
        model: the kind of cost, in a template.
        space: the members; of the template's number of stages and its block's knobs.

    Raises:
        NetspaceError: where the space does not fit the template, is too large even to estimate, or costs are.
    """

    def __init__(self, model: CostModel, space: NetworkSpace) -> None:
        model.template.check_space(space)
        model.check_reach(np.array([axis.low for axis in space.axes]), np.array([axis.high for axis in space.axes]))
        self.model, self.space = model, space
        self._parts = [Halves(model, space.stages, size) for size in space.image_sizes]
        self._listed = not model.takes_largest and sum(part.work for part in self._parts) <= MAX_WORK
        self.exact = self._listed or (model.takes_largest and space.size <= WHOLE)
        if not self._listed:
            check_countable(model, space)

    @cached_property
    def _chained(self) -> LargeCosts | Peaks:
        return Peaks(self.model, self.space) if self.model.takes_largest else LargeCosts(self.model, self.space)

    @cached_property
    def bounds(self) -> tuple[int, int]:
        """The smallest and the largest cost of a member, exact."""
        if not self._listed:
            return self._chained.bounds
        low, high = [], []
        for part in self._parts:
            for j in range(part.count):
                halves = part.costs(j)
                low.append(sum(int(half.min()) for half in halves))
                high.append(sum(int(half.max()) for half in halves))
        return min(low), max(high)

    def band(self, low: int, high: int) -> Band:
        """Return the members with low ≤ cost ≤ high."""
        if not self._listed:
            return self._chained.band(low, high)
        return CountedBand(self.space, self._parts, low, high)

    def nearest(self, target: int) -> int:
        """Return the member's cost that is nearest to `target`; of a large space, of what was drawn around it."""
        if not self._listed:
            return self._chained.nearest(target)
        best: int | None = None
        for part in self._parts:
            for j in range(part.count):
                left, further, right = part.costs(j)
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
        values = np.quantile(self.model(members), shares, method="inverted_cdf")
        return [int(value) for value in values], exact
