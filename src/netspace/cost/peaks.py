"""Bands of a cost that is the largest of a network's parts: counted and drawn stage by stage, whatever the space.

A network lies in a band where no part costs more than its upper end and one at least reaches its lower end. How many
ways there are to go on from an output width depends on that width and on whether the lower end was reached before, so
two numbers a width are all that a count needs. Nothing is listed, rounded or rejected.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from netspace.cost.band import CostBand, check_draw, drawn_in_blocks
from netspace.cost.chain import Chain
from netspace.cost.large import pick
from netspace.cost.model import CostModel
from netspace.spaces import NetworkSpace
from netspace.spaces.layout import Points
from netspace.spaces.ranges import IntArray

FloatArray = NDArray[np.float64]
BLOCK = 1024
WHOLE = 2**53  # up to it counts are whole numbers in floating point


class Peaks:
    """The costs of a space's members, each the largest of its parts.

    Args:
        model: of the cost.
        space: the members.
    """

    def __init__(self, model: CostModel, space: NetworkSpace) -> None:
        self.model, self.space = model, space
        self.chains = [Chain(model, space, size) for size in space.image_sizes]

    @property
    def bounds(self) -> tuple[int, int]:
        """The smallest and the largest cost of a member, exact."""
        low = min(chain.extreme("min") for chain in self.chains)
        return low, max(chain.extreme("max") for chain in self.chains)

    def band(self, low: int, high: int) -> PeakBand:
        """Return the members with low ≤ cost ≤ high."""
        return PeakBand(self, low, high)

    def nearest(self, target: int) -> int:
        """Return the member's cost that is nearest to `target`."""
        low, high = self.bounds
        costs = np.unique(np.concatenate([part.ravel() for chain in self.chains for part in chain.tables]))
        costs = costs[(costs >= low) & (costs <= high)]
        nearer = costs[np.argsort(np.abs(costs - target), kind="stable")].tolist()
        return next(int(cost) for cost in nearer if self.band(cost, cost).size)


class PeakBand(CostBand):
    """A band of such a cost; see Band.

    Args:
        costs: of the space.
        low: smallest cost, inclusive.
        high: largest cost, inclusive.
    """

    def __init__(self, costs: Peaks, low: int, high: int) -> None:
        super().__init__(costs.space, costs.model, low, high)
        self.exact = costs.space.size <= WHOLE  # beyond it to 15 figures
        self._ways = [_Ways(chain, low, high) for chain in costs.chains]

    @cached_property
    def _counts(self) -> FloatArray:
        return np.array([ways.total for ways in self._ways])

    @property
    def size(self) -> int:
        """See Band."""
        return round(float(self._counts.sum()))

    def draw(self, n: int, *, rng: np.random.Generator, replace: bool = True) -> Points:
        """See Band."""
        check_draw(self, self._space, n, replace=replace)
        return drawn_in_blocks(self._propose, n, columns=self._space.layout.columns, rng=rng, replace=replace)

    def _propose(self, rng: np.random.Generator) -> Points:
        points = np.empty((BLOCK, self._space.layout.columns), np.int64)
        part = pick(np.broadcast_to(self._counts, (BLOCK, len(self._counts))), rng)
        for i, ways in enumerate(self._ways):
            rows = np.flatnonzero(part == i)
            points[rows] = ways.draw(len(rows), rng)
        return points


class _Ways:
    """How many ways of one image size there are through a band, and draws of them.

    Args:
        chain: the stages.
        low: smallest cost, inclusive.
        high: largest cost, inclusive.
    """

    def __init__(self, chain: Chain, low: int, high: int) -> None:
        self._chain, self._low, self._high = chain, low, high
        fits = np.where(chain.head <= high, 1.0, 0.0)
        # Ways to go on behind an output width, and behind a state: where `low` was not reached yet, and where it was.
        self._rest = [np.stack([np.where(chain.head >= low, fits, 0.0), fits])]
        self._deeper: list[FloatArray] = []
        for stage in reversed(chain.stages):
            behind = self._rest[0][:, stage.out]
            deeper = np.stack([self._through(stage.more, behind[:, :, None], reached).sum(1) for reached in (0, 1)])
            self._deeper.insert(0, deeper)
            ahead = deeper[:, None, :]
            self._rest.insert(0, np.stack([self._through(stage.entry, ahead, reached).sum(1) for reached in (0, 1)]))

    def _through(self, costs: IntArray, ways: FloatArray, reached: IntArray | int) -> FloatArray:
        """Return the ways on through parts of given costs, from where `low` was reached (1) or not (0)."""
        on = np.where((reached > 0) | (costs >= self._low), ways[1], ways[0])
        return np.where(costs <= self._high, on, 0.0)

    @property
    def total(self) -> float:
        """Number of members in the band."""
        start = self._chain.start
        return 0.0 if start > self._high else float(self._rest[0][int(start >= self._low), 0])

    def draw(self, n: int, rng: np.random.Generator) -> Points:
        """Draw n members uniformly: shape (n, columns)."""
        chain, before, columns = self._chain, np.zeros(n, np.int64), []
        reached = np.full(n, int(chain.start >= self._low))
        for i, stage in enumerate(chain.stages):
            entry = stage.entry[before]
            state = pick(self._through(entry, self._deeper[i][:, None, :], reached[:, None]), rng)
            reached |= entry[np.arange(n), state] >= self._low
            more, before = stage.more[state], stage.out[state]
            depth = pick(self._through(more, self._rest[i + 1][:, before, None], reached[:, None]), rng)
            reached |= more[np.arange(n), depth] >= self._low
            columns += [stage.depths[depth], *(values[state] for values in stage.values.values())]
        columns += [] if chain.size is None else [np.full(n, chain.size)]
        return np.stack(columns, axis=1)
