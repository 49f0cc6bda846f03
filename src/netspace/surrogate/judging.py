"""Every space of a grid at a budget: the mean predicted error of its members in band, and how many are in band."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from netspace.spaces.axes import Grid

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Price = Callable[[IntArray], IntArray]
Predict = Callable[[IntArray, IntArray], FloatArray]
Choice = tuple[int, ...]  # a space: the index of its range on each axis
SHARES = (0.05, 0.5, 0.95)
# Where no space of the grid reaches the hit rate asked for, this share of the largest one serves instead.
REACHABLE = 0.5


@dataclass(frozen=True)
class Judged:
    """The spaces of a grid at one budget, by number; each array has shape (spaces,).

    Args:
        error: mean predicted error of a space's members in band; NaN where none is in band, or it was not looked at.
        hit_rate: share of its members in band; 0 where it was not looked at.
        sampling: standard error of `error` from looking at a sample of members; 0 where it is exact.
        looked: how many spaces were looked at, where the grid has too many for all of them; None where all were.
    """

    error: FloatArray
    hit_rate: FloatArray
    sampling: FloatArray
    looked: int | None = None

    @property
    def arrays(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Error, hit rate and sampling."""
        return self.error, self.hit_rate, self.sampling

    def able(self, hit_rate: float) -> NDArray[np.bool_]:
        """Say which spaces have members in band, of known error, and at least a hit rate: shape (spaces,)."""
        return np.isfinite(self.error) & (self.hit_rate >= hit_rate) & (self.hit_rate > 0)

    def padded(self, n: int) -> Judged:
        """Return the same of n spaces: those behind were not looked at."""
        error, rate, sampling = (padded(a, n, fill) for a, fill in zip(self.arrays, (np.nan, 0.0, np.nan), strict=True))
        return Judged(error, rate, sampling, self.looked)


class Wanted(NamedTuple):
    """A band of costs, both ends inclusive, and what its members have to meet beside it."""

    low: int
    high: int
    meets: Callable[[IntArray], NDArray[np.bool_]] | None = None

    def holds(self, points: IntArray, costs: IntArray) -> NDArray[np.bool_]:
        """Say which points lie in it: points (…, axes) that cost (…) to (…)."""
        inside: NDArray[np.bool_] = (costs >= self.low) & (costs <= self.high)
        if self.meets is not None and inside.any():
            inside[inside] = self.meets(points[inside])
        return inside


AnyBand = tuple[int, int] | Wanted


def wanted(bands: Sequence[AnyBand]) -> list[Wanted]:
    """Return bands, some of which are their two ends alone."""
    return [Wanted(*band) for band in bands]


def padded(values: NDArray[Any], n: int, fill: Any) -> NDArray[Any]:
    """Return values with more rows behind them, up to n."""
    return np.concatenate([values, np.full((n - len(values), *values.shape[1:]), fill, values.dtype)])


def least_hit_rate(judged: Judged, asked: float, *, among: NDArray[np.bool_] | None = None) -> float:
    """Return the hit rate that spaces have to reach: the one asked for, or half of the largest if none reaches it.

    Args:
        judged: the spaces.
        asked: for.
        among: the spaces that count, shape (spaces,), such as those whose median meets the budget; None, or none of
            them with a member in band, counts all.
    """
    rates = judged.hit_rate
    if among is not None and rates[among].any():
        rates = rates[among]
    return reachable(float(rates.max(initial=0.0)), asked)


def reachable(largest: float, asked: float) -> float:
    """Return the hit rate that spaces have to reach where the largest is known."""
    return asked if largest >= asked else REACHABLE * largest


def number_of(grid: Grid, choice: Choice) -> int:
    """Return the number of a space among all of its grid."""
    return int(np.ravel_multi_index(choice, grid.shape))


class Members(Protocol):
    """The architectures of a grid, priced: what judges look at."""

    @property
    def grid(self) -> Grid:
        """The spaces."""
        ...

    def quantiles(self) -> FloatArray:
        """Return the costs that 5 %, 50 % and 95 % of each space's members do not exceed: shape (spaces, 3)."""
        ...

    def choice(self, space: int) -> Choice:
        """Return a space that was judged, by its number."""
        ...

    def number(self, choice: Choice) -> int | None:
        """Return the number of a space; None where it was not judged."""
        ...

    def judge(self, predict: Predict, bands: Sequence[AnyBand], known: Sequence[Choice | None] = ()) -> list[Judged]:
        """Judge the spaces at each band of costs (low, high), both ends inclusive.

        Args:
            predict: expected errors (n,) of points (n, axes) that cost (n,).
            bands: one per budget; a Wanted where there is more to meet than the costs.
            known: for each band a space that is judged in any case, where the grid has too many for all of them.
        """
        ...

    def in_band(self, spaces: IntArray, band: AnyBand, n: int) -> tuple[IntArray, IntArray, IntArray]:
        """Return up to n members in band of each of some spaces that have any: points, costs, index into `spaces`."""
        ...


class EnumeratedMembers:
    """Members that can be listed one by one: judged exactly.

    Args:
        grid: the spaces.
        points: one row per architecture, shape (n, axes), such as a table's; None is every one, as `grid.enumerate()`.
        costs: of each, shape (n,).
    """

    def __init__(self, grid: Grid, points: IntArray | None, costs: IntArray) -> None:
        self._grid, self._points, self._costs = grid, points, costs

    @cached_property
    def order(self) -> IntArray:
        """Which of the rows given comes first by cost, which second, …; shape (n,)."""
        return np.argsort(self._costs, kind="stable")

    @cached_property
    def points(self) -> IntArray:
        """The architectures by rising cost, shape (n, axes)."""
        return self._at(self.order)

    @cached_property
    def costs(self) -> IntArray:
        """Their costs, rising; shape (n,)."""
        return self._costs[self.order]

    @cached_property
    def space(self) -> NDArray[np.int32]:
        """The space of each, by rising cost; shape (n,)."""
        return self.grid.locate(self.points).astype(np.int32)

    @cached_property
    def sizes(self) -> IntArray:
        """How many rows each space has, shape (spaces,)."""
        if self._points is None:
            return self.grid.sizes
        return np.bincount(self.grid.locate(self._points), minlength=self.grid.num_spaces)

    def _at(self, rows: IntArray) -> IntArray:
        return self.grid.at(rows) if self._points is None else self._points[rows]

    def _inside(self, band: Wanted) -> tuple[IntArray, IntArray, IntArray]:
        """Return what is in band by rising cost, points, costs and spaces, without sorting all that is not."""
        inside = np.flatnonzero((self._costs >= band[0]) & (self._costs <= band[1]))
        inside = inside[np.argsort(self._costs[inside], kind="stable")]
        points, costs = self._at(inside), self._costs[inside]
        if band.meets is not None:
            met = band.holds(points, costs)
            points, costs = points[met], costs[met]
        return points, costs, self.grid.locate(points)

    @property
    def grid(self) -> Grid:
        """The spaces."""
        return self._grid

    def rows(self, band: tuple[int, int]) -> slice:
        """Return the rows in band: a slice, since rows are in the order of their costs."""
        low, high = np.searchsorted(self.costs, band[0]), np.searchsorted(self.costs, band[1], side="right")
        return slice(int(low), int(high))

    def quantiles(self) -> FloatArray:
        """See Members; NaN for a space without members."""
        return self._quantiles

    @cached_property
    def _quantiles(self) -> FloatArray:
        order = np.argsort(self.space, kind="stable")  # by space, and inside a space by cost
        starts = np.cumsum(self.sizes) - self.sizes
        out = np.full((self.grid.num_spaces, len(SHARES)), np.nan)
        some = self.sizes > 0
        for k, share in enumerate(SHARES):
            rank = np.ceil(share * self.sizes[some]).astype(np.int64).clip(1) - 1
            out[some, k] = self.costs[order[starts[some] + rank]]
        return out

    def choice(self, space: int) -> Choice:
        """See Members."""
        return self._grid.choice(space)

    def number(self, choice: Choice) -> int | None:
        """See Members."""
        return number_of(self._grid, choice)

    def judge(self, predict: Predict, bands: Sequence[AnyBand], known: Sequence[Choice | None] = ()) -> list[Judged]:
        """See Members; exact."""
        found = []
        for band in wanted(bands):
            points, costs, spaces = self._inside(band)
            found.append(self._judged(predict(points, costs), spaces))
        return found

    def judge_errors(self, errors: FloatArray, rows: slice) -> Judged:
        """Judge all spaces by the errors of the rows in a band."""
        return self._judged(errors, self.space[rows])

    def _judged(self, errors: FloatArray, spaces: NDArray[Any]) -> Judged:
        n = self.grid.num_spaces
        hits = np.bincount(spaces, minlength=n)
        total = np.bincount(spaces, errors, minlength=n)
        with np.errstate(invalid="ignore", divide="ignore"):
            return Judged(total / hits, np.where(self.sizes, hits / self.sizes, 0.0), np.zeros(n))

    def in_band(self, spaces: IntArray, band: AnyBand, n: int) -> tuple[IntArray, IntArray, IntArray]:
        """See Members; where a space has more than n, every k-th by cost."""
        points, costs, own = self._inside(Wanted(*band))
        index = np.full(self.grid.num_spaces, -1)
        index[spaces] = np.arange(len(spaces))
        group = index[own]
        chosen = np.flatnonzero(group >= 0)
        chosen = chosen[np.argsort(group[chosen], kind="stable")]
        count = np.bincount(group[chosen], minlength=len(spaces))
        within = np.arange(len(chosen)) - np.repeat(np.cumsum(count) - count, count)
        stride = np.maximum(np.repeat(count, count) / n, 1.0)
        kept = chosen[np.floor(within / stride) != np.floor((within - 1) / stride)]
        return points[kept], costs[kept], group[kept]
