"""Grids whose members are too many to list: each space is judged by members at evenly spread places.

All spaces are judged at a few places; those that could be the best are judged again at more and more, so that what is
compared closely is known closely. The same places serve all spaces, so differences are surer than single means.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from netspace.spaces.axes import AxisGrid, spread_places
from netspace.surrogate.judging import SHARES, Judged, Predict, Price, least_hit_rate

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PRICED = 256
PREDICTED = 64
POINTS = 2**19
# Spaces that stay in the race, and the places at which they are judged.
ROUNDS = ((1024, 256), (128, 2048), (32, 8192))
LAPS = 6


class SampledMembers:
    """Members of a large grid, looked at through spread places.

    Args:
        grid: the spaces.
        price: exact costs (n,) of points (n, axes).
        least_hit_rate: spaces below it are not judged beyond the first places.
    """

    def __init__(self, grid: AxisGrid, price: Price, *, least_hit_rate: float = 0.0) -> None:
        self._grid, self._price, self._least = grid, price, least_hit_rate
        self._quantiles: FloatArray | None = None

    @property
    def grid(self) -> AxisGrid:
        """The spaces."""
        return self._grid

    def quantiles(self) -> FloatArray:
        """See Members; from 256 members of each space."""
        if self._quantiles is None:
            self.judge(lambda points, costs: np.zeros(len(costs)), [])
        assert self._quantiles is not None
        return self._quantiles

    def judge(self, predict: Predict, bands: Sequence[tuple[int, int]]) -> list[Judged]:
        """See Members: hit rates from 256 members of each space, errors from 64 and, for those ahead, up to 8 192."""
        n, places = self.grid.num_spaces, spread_places(PRICED, len(self.grid.axes))
        sums = np.zeros((len(bands), 3, n))
        hits = np.zeros((len(bands), n), np.int32)
        quantiles = np.empty((n, len(SHARES)))
        ranks = [int(np.ceil(share * PRICED)) - 1 for share in SHARES]
        for first in range(0, n, POINTS // PRICED):
            spaces = np.arange(first, min(first + POINTS // PRICED, n))
            points, costs = self._priced(spaces, places)
            quantiles[spaces] = np.sort(costs, axis=1)[:, ranks]
            for k, (low, high) in enumerate(bands):
                hits[k, spaces] = ((costs >= low) & (costs <= high)).sum(1)
            part = sums[:, :, spaces[0] : spaces[-1] + 1]
            self._add(part, points[:, :PREDICTED], costs[:, :PREDICTED], predict, bands)
        self._quantiles = quantiles
        found = []
        for k, band in enumerate(bands):
            judged = _means(sums[k], hits[k] / PRICED)
            found.append(self._race(judged, predict, band))
        return found

    def in_band(self, spaces: IntArray, band: tuple[int, int], n: int) -> tuple[IntArray, IntArray, IntArray]:
        """See Members; the first n in band of up to 64·n spread places."""
        points, costs, groups = [], [], []
        for i, space in enumerate(spaces):
            at, cost, first = np.empty((0, len(self.grid.axes)), np.int64), np.empty(0, np.int64), 0
            while len(cost) < n and first < 64 * n:
                places = spread_places(4 * n, len(self.grid.axes), first=first)
                new, price = (a[0] for a in self._priced(np.array([space]), places))
                inside = (price >= band[0]) & (price <= band[1])
                at, cost = np.concatenate([at, new[inside]]), np.concatenate([cost, price[inside]])
                first += 4 * n
            points.append(at[:n])
            costs.append(cost[:n])
            groups.append(np.full(len(cost[:n]), i))
        return np.concatenate(points), np.concatenate(costs), np.concatenate(groups)

    def _priced(self, spaces: IntArray, places: FloatArray) -> tuple[IntArray, IntArray]:
        points = self.grid.members(spaces, places)
        costs = self._price(points.reshape(-1, points.shape[2]))
        return points, costs.reshape(len(spaces), len(places))

    def _add(
        self,
        sums: FloatArray,
        points: IntArray,
        costs: IntArray,
        predict: Predict,
        bands: Sequence[tuple[int, int]],
    ) -> None:
        """Add, per band, the number, the sum and the sum of squares of predicted errors in band; (bands, 3, spaces)."""
        inside = [(costs >= low) & (costs <= high) for low, high in bands]
        if not inside:
            return
        where, _ = np.nonzero(np.logical_or.reduce(inside))
        chosen = np.logical_or.reduce(inside)
        errors = predict(points[chosen], costs[chosen])
        for k, band in enumerate(inside):
            kept = band[chosen]
            for power in range(3):
                sums[k, power] += np.bincount(where[kept], errors[kept] ** power, minlength=len(costs))

    def _race(self, judged: Judged, predict: Predict, band: tuple[int, int]) -> Judged:
        """Judge the spaces that are ahead at more and more places, then until the best have all been at the most."""
        race = Judged(judged.error.copy(), judged.hit_rate.copy(), judged.sampling.copy())
        closest = np.zeros(self.grid.num_spaces, bool)
        for kept, places in ROUNDS:
            self._closer(self._ahead(race, kept, 2.0), places, race, predict, band)
        for _ in range(LAPS):
            best = self._ahead(race, ROUNDS[-1][0], 0.0)
            best = best[~closest[best]]
            if not len(best):
                break
            self._closer(best, ROUNDS[-1][1], race, predict, band)
            closest[best] = True
        return race

    def _ahead(self, race: Judged, n: int, optimism: float) -> IntArray:
        """Return the n spaces of least error, less some standard errors, whose hit rate may suffice."""
        floor = 0.9 * least_hit_rate(race, self._least)
        able = (race.hit_rate >= floor) & np.isfinite(race.error)
        order = np.argsort(np.where(able, race.error - optimism * race.sampling, np.inf), kind="stable")
        return order[: min(n, int(able.sum()))]

    def _closer(self, ahead: IntArray, places: int, race: Judged, predict: Predict, band: tuple[int, int]) -> None:
        """Judge some spaces at so many places, and write what was found into `race`."""
        step = max(POINTS // places, 1)
        for first in range(0, len(ahead), step):
            spaces = ahead[first : first + step]
            points, costs = self._priced(spaces, spread_places(places, len(self.grid.axes)))
            sums = np.zeros((1, 3, len(spaces)))
            self._add(sums, points, costs, predict, [band])
            better = _means(sums[0], ((costs >= band[0]) & (costs <= band[1])).mean(1))
            race.error[spaces], race.hit_rate[spaces] = better.error, better.hit_rate
            race.sampling[spaces] = better.sampling


def _means(sums: FloatArray, hit_rate: FloatArray) -> Judged:
    """Turn numbers, sums and sums of squares into means and their standard errors, as of independent draws."""
    count, total, squares = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
        variance = np.maximum(squares / count - mean**2, 0) * count / np.maximum(count - 1, 1)
        sampling = np.sqrt(variance / count)
    # One member says nothing of the spread: take the largest spread that was seen.
    widest = float(np.sqrt(np.nanmax(variance[count > 1], initial=0.0)))
    return Judged(mean, hit_rate, np.where(count == 1, widest, sampling))
