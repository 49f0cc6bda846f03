"""Bands of spaces too large to list by halves: drawn from uniformly all the same, their size an estimate.

Costs are rounded down to bins; how many members have each rounded cost follows stage by stage (a chain over output
widths). A member is drawn uniformly among those whose rounded cost may belong to the band, and kept where its exact
cost does: a few in a hundred are not. So draws are uniform on the band, and its size is the count of rounded costs,
which is exact, times the share kept, which is estimated.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from netspace.cost.band import CostBand, check_draw, drawn_in_blocks, share_interval
from netspace.cost.chain import Chain
from netspace.cost.model import CostModel
from netspace.errors import NetspaceError
from netspace.spaces import NetworkSpace
from netspace.spaces.layout import Points
from netspace.spaces.ranges import IntArray

FloatArray = NDArray[np.float64]
BAND_BINS, FEWEST_BINS, MOST_BINS = 192, 1024, 8192
MOST_WORK = 2**34  # additions of one chain: minutes
PROPOSALS, ESTIMATED, BARREN = 1024, 2**14, 2**20
AROUND = 0.02


class Counts:
    """How many members of a chain have each rounded cost, and draws of them.

    Args:
        chain: the stages.
        width: of a bin.
        bins: number of bins, from 0.
    """

    def __init__(self, chain: Chain, width: float, bins: int) -> None:
        self._chain, self._width, self.bins = chain, width, bins
        rest = np.zeros((len(chain.head), bins))
        end = self._bin(chain.head)
        rest[np.flatnonzero(end < bins), end[end < bins]] = 1
        self._rest, self._more = [rest], []  # type: list[FloatArray], list[FloatArray]
        self._entry = [self._bin(stage.entry) for stage in chain.stages]
        self._further = [self._bin(stage.more) for stage in chain.stages]
        for stage, entry, further in reversed(list(zip(chain.stages, self._entry, self._further, strict=True))):
            deeper = np.zeros((len(stage.out), bins))
            own = _shifts(self._rest[0][stage.out])
            for d in range(len(stage.depths)):
                deeper += _shifted(own, further[:, d])
            every = _shifts(deeper)
            self._more.insert(0, deeper)
            self._rest.insert(0, np.stack([_shifted(every, row).sum(0) for row in entry]))

    def _bin(self, costs: IntArray) -> IntArray:
        return np.minimum(np.floor(costs / self._width), self.bins).astype(np.int64)

    @property
    def total(self) -> FloatArray:
        """Number of members of each rounded cost, shape (bins,)."""
        return self._rest[0][0]

    def draw(self, bins: IntArray, rng: np.random.Generator) -> IntArray:
        """Draw one member of each given rounded cost uniformly: depth, width and knobs of each stage, (n, columns)."""
        left, before, columns = bins, np.zeros(len(bins), np.int64), []
        for i, stage in enumerate(self._chain.stages):
            entry = self._entry[i][before]
            state = pick(_at(self._more[i], np.arange(len(stage.out)), left[:, None] - entry), rng)
            left = left - entry[np.arange(len(left)), state]
            further = self._further[i][state]
            before = stage.out[state]
            depth = pick(_at(self._rest[i + 1], before[:, None], left[:, None] - further), rng)
            left = left - further[np.arange(len(left)), depth]
            columns += [stage.depths[depth], *(values[state] for values in stage.values.values())]
        return np.stack(columns, axis=1)


class LargeCosts:
    """The costs of a large space's members.

    Args:
        model: of the cost.
        space: the members.

    Raises:
        NetspaceError: where even the chain is too long to count.
    """

    def __init__(self, model: CostModel, space: NetworkSpace) -> None:
        self.model, self.space = model, space
        check_countable(model, space)
        self.chains = [Chain(model, space, size) for size in space.image_sizes]

    @property
    def bounds(self) -> tuple[int, int]:
        """The smallest and the largest cost of a member, exact."""
        low = min(chain.extreme("min") for chain in self.chains)
        return low, max(chain.extreme("max") for chain in self.chains)

    def band(self, low: int, high: int) -> LargeBand:
        """Return the members with low ≤ cost ≤ high."""
        return LargeBand(self, low, high)

    def nearest(self, target: int) -> int:
        """Return the nearest bound, or of a few thousand members around a target inside of them the nearest cost."""
        low, high = self.bounds
        if not low < target < high:
            return low if target <= low else high
        around = self.band(int(target * (1 - AROUND)), int(target * (1 + AROUND)))
        if not around.size:
            return target
        costs = self.model(around.draw(PROPOSALS, rng=np.random.default_rng(0)))
        return int(costs[np.abs(costs - target).argmin()])


class LargeBand(CostBand):
    """A band of a large space; see Band.

    Args:
        costs: of the space.
        low: smallest cost, inclusive.
        high: largest cost, inclusive.
    """

    exact = False

    def __init__(self, costs: LargeCosts, low: int, high: int) -> None:
        super().__init__(costs.space, costs.model, low, high)
        self._chains = costs.chains

    @cached_property
    def _counts(self) -> list[tuple[Counts, Chain, IntArray]]:
        """For each image size the counts, its chain, and the rounded costs that may belong to the band."""
        found = []
        for chain in self._chains:
            low, high = self.low - chain.start, self.high - chain.start
            if high < 0:
                continue
            wanted = BAND_BINS * (high + 1) / (high - max(low, 0) + 1)
            bins = int(min(max(wanted, FEWEST_BINS), MOST_BINS)) + 1
            width = (high + 1) / (bins - 1)
            roundings = 2 * len(chain.stages) + 1  # each rounds down by less than a bin
            first = max(int(np.floor(max(low, 0) / width)) - roundings, 0)
            found.append((Counts(chain, width, bins), chain, np.arange(first, bins)))
        return found

    @cached_property
    def _weights(self) -> FloatArray:
        """Number of members of each rounded cost that may belong to the band, image sizes in turn."""
        parts = [counts.total[bins] for counts, _, bins in self._counts]
        return np.concatenate(parts) if parts else np.zeros(0)

    @cached_property
    def _kept(self) -> int:
        """How many of a fixed number of proposals lie in the band."""
        if not self._weights.any():
            return 0
        rng = np.random.default_rng(0)
        return sum(len(self._propose(rng)) for _ in range(ESTIMATED // PROPOSALS))

    @property
    def size(self) -> int:
        """See Band; an estimate, to about one part in a hundred."""
        return round(float(self._weights.sum()) * self._kept / ESTIMATED)

    @property
    def hit_rate_interval(self) -> tuple[float, float]:
        """See Band."""
        low, high = share_interval(self._kept, ESTIMATED)
        total = float(self._weights.sum()) / self._space.size
        return total * low, min(total * high, 1.0)

    def _propose(self, rng: np.random.Generator) -> Points:
        """Draw a thousand members whose rounded cost may belong to the band, and keep those whose cost does."""
        share = np.cumsum(self._weights)
        place = np.searchsorted(share, rng.random(PROPOSALS) * share[-1], side="right").clip(0, len(share) - 1)
        points = np.empty((PROPOSALS, self._space.layout.columns), np.int64)
        first = 0
        for counts, chain, bins in self._counts:
            rows = np.flatnonzero((place >= first) & (place < first + len(bins)))
            drawn = counts.draw(bins[place[rows] - first], rng)
            points[rows, : drawn.shape[1]] = drawn
            if chain.size is not None:
                points[rows, -1] = chain.size
            first += len(bins)
        return points[self.holds(points)]

    def draw(self, n: int, *, rng: np.random.Generator, replace: bool = True) -> Points:
        """See Band."""
        check_draw(self, self._space, n, replace=replace)
        columns, barren = self._space.layout.columns, BARREN // PROPOSALS
        found = drawn_in_blocks(self._propose, n, columns=columns, rng=rng, replace=replace, barren=barren)
        if len(found) < n:
            raise NetspaceError(
                f"{len(found)} of {n} networks were found between {self.low:,} and {self.high:,}: the band is too "
                "narrow for so large a space; allow a larger tolerance, or give the ranges a larger step"
            )
        return found


def check_countable(model: CostModel, space: NetworkSpace) -> None:
    """Raise NetspaceError where even the chain is too long to count; takes no table of it."""
    if FEWEST_BINS * len(space.image_sizes) * _pairs(model, space) > MOST_WORK:
        raise NetspaceError(
            f"the space's {space.size:.3g} architectures are too many to count; give the widths a larger step"
        )


def _pairs(model: CostModel, space: NetworkSpace) -> int:
    """Return how many pairs of a width before a stage and a state of it there are, in all stages."""
    pairs, before = 0, 1
    for stage in space.stages:
        values = stage.states
        pairs += before * len(values["width"])
        before = len(np.unique(model.out(values)))
    return pairs


def _shifts(rows: FloatArray) -> FloatArray:
    """Return a view of each row moved to higher bins, by all bins first and by none last: (n, bins + 2, bins)."""
    bins = rows.shape[1]
    padded = np.zeros((len(rows), 2 * bins + 1))
    padded[:, bins + 1 :] = rows
    return sliding_window_view(padded, bins, axis=1)


def _shifted(shifts: FloatArray, by: IntArray) -> FloatArray:
    """Move each row by a number of bins of its own; what leaves the last bin is gone."""
    return shifts[np.arange(len(shifts)), shifts.shape[2] + 1 - by]


def _at(table: FloatArray, rows: IntArray, bins: IntArray) -> FloatArray:
    """Return entries of a table; 0 where a bin is below 0."""
    return np.where(bins >= 0, table[rows, np.maximum(bins, 0)], 0.0)


def pick(weights: FloatArray, rng: np.random.Generator) -> IntArray:
    """Draw one column of each row with the probability that its weight says."""
    ends = np.cumsum(weights, axis=1)
    drawn = rng.random(len(weights)) * ends[:, -1]
    return (ends <= drawn[:, None]).sum(1).clip(0, weights.shape[1] - 1)
