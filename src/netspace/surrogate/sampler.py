"""Spaces judged by members at evenly spread places; the same places serve all, so differences are surer than means."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from netspace.spaces.axes import Grid, spread_places
from netspace.surrogate.judging import SHARES, Judged, Predict, Price, Wanted, least_hit_rate

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

POINTS = 2**19
# Spaces that stay in the race, and the places at which they are judged.
ROUNDS = ((1024, 256), (128, 2048), (32, 8192))
LAPS = 6


class Sampler:
    """Looks at spaces by their numbers.

    Args:
        grid: of the spaces.
        price: exact costs (n,) of points (n, axes).
        choices: gives the range index on each axis (s, axes) of spaces by their numbers (s,).
    """

    def __init__(self, grid: Grid, price: Price, choices: Callable[[IntArray], IntArray]) -> None:
        self._grid, self._price, self._choices = grid, price, choices

    def look(
        self, spaces: IntArray, predict: Predict, bands: Sequence[Wanted], *, priced: int, predicted: int
    ) -> tuple[list[Judged], FloatArray]:
        """Judge spaces at each band.

        Args:
            spaces: their numbers, shape (s,).
            predict: expected errors (n,) of points (n, axes) that cost (n,).
            bands: of costs, both ends inclusive.
            priced: places that hit rates and quantiles are taken from.
            predicted: the first of them, whose errors are predicted where they are in band; where none of these is,
                the others' are, so that no space that is known to have members in band goes without an error.

        Returns:
            what is known at each band, in the order of the spaces; quantiles of their costs, shape (s, shares).
        """
        n, places = len(spaces), spread_places(priced, len(self._grid.axes))
        sums = np.zeros((len(bands), 3, n))
        hits = np.zeros((len(bands), n), np.int32)
        quantiles = np.empty((n, len(SHARES)))
        ranks = [int(np.ceil(share * priced)) - 1 for share in SHARES]
        step = POINTS // priced
        for first in range(0, n, step):
            part = slice(first, min(first + step, n))
            points, costs = self.priced(spaces[part], places)
            quantiles[part] = np.sort(costs, axis=1)[:, ranks]
            _add(sums[:, :, part], points[:, :predicted], costs[:, :predicted], predict, bands)
            for k, band in enumerate(bands):
                hits[k, part] = band.holds(points, costs).sum(1)
                late = np.flatnonzero((hits[k, part] > 0) & (sums[k, 0, part] == 0))
                rest = np.zeros((1, 3, len(late)))
                _add(rest, points[late, predicted:], costs[late, predicted:], predict, [band])
                sums[k, :, first + late] = rest[0].T
        return [_means(sums[k], hits[k] / priced) for k in range(len(bands))], quantiles

    def priced(self, spaces: IntArray, places: FloatArray) -> tuple[IntArray, IntArray]:
        """Return the members of spaces at some places, shape (s, places, axes), and their costs, shape (s, places)."""
        points = self._grid.at_places(self._choices(spaces), places)
        costs = self._price(points.reshape(-1, points.shape[2]))
        return points, costs.reshape(len(spaces), len(places))

    def closer(self, spaces: IntArray, places: int, race: Judged, predict: Predict, band: Wanted) -> None:
        """Judge some spaces at so many places, and write what was found into `race`."""
        step = max(POINTS // places, 1)
        for first in range(0, len(spaces), step):
            own = spaces[first : first + step]
            points, costs = self.priced(own, spread_places(places, len(self._grid.axes)))
            sums = np.zeros((1, 3, len(own)))
            _add(sums, points, costs, predict, [band])
            better = _means(sums[0], band.holds(points, costs).mean(1))
            race.error[own], race.hit_rate[own], race.sampling[own] = better.error, better.hit_rate, better.sampling

    def race(self, judged: Judged, predict: Predict, band: Wanted, least: float) -> Judged:
        """Judge the spaces that are ahead at more and more places, then until the best have all been at the most.

        Args:
            judged: what is known of the spaces 0, 1, …
            predict: as for `look`.
            band: of costs.
            least: hit rate asked for.
        """
        race = Judged(judged.error.copy(), judged.hit_rate.copy(), judged.sampling.copy(), judged.looked)
        closest = np.zeros(len(race.error), bool)
        for kept, places in ROUNDS:
            self.closer(ahead(race, kept, least=least, optimism=2.0), places, race, predict, band)
        for _ in range(LAPS):
            best = ahead(race, ROUNDS[-1][0], least=least)
            best = best[~closest[best]]
            if not len(best):
                break
            self.closer(best, ROUNDS[-1][1], race, predict, band)
            closest[best] = True
        return race

    def in_band(self, spaces: IntArray, band: Wanted, n: int) -> tuple[IntArray, IntArray, IntArray]:
        """See Members; the first n in band of up to 64·n spread places."""
        points, costs, groups = [], [], []
        for i, space in enumerate(spaces):
            at, cost, first = np.empty((0, len(self._grid.axes)), np.int64), np.empty(0, np.int64), 0
            while len(cost) < n and first < 64 * n:
                places = spread_places(4 * n, len(self._grid.axes), first=first)
                new, price = (a[0] for a in self.priced(np.array([space]), places))
                inside = band.holds(new, price)
                at, cost = np.concatenate([at, new[inside]]), np.concatenate([cost, price[inside]])
                first += 4 * n
            points.append(at[:n])
            costs.append(cost[:n])
            groups.append(np.full(len(cost[:n]), i))
        return np.ascontiguousarray(np.concatenate(points)), np.concatenate(costs), np.concatenate(groups)


def ahead(race: Judged, n: int, *, least: float, optimism: float = 0.0) -> IntArray:
    """Return the n spaces of least error, less some standard errors, whose hit rate may suffice."""
    floor = 0.9 * least_hit_rate(race, least)
    able = race.able(floor)
    order = np.argsort(np.where(able, race.error - optimism * race.sampling, np.inf), kind="stable")
    return order[: min(n, int(able.sum()))]


def _add(sums: FloatArray, points: IntArray, costs: IntArray, predict: Predict, bands: Sequence[Wanted]) -> None:
    """Add, per band, the number, the sum and the sum of squares of predicted errors in band; (bands, 3, spaces)."""
    inside = [band.holds(points, costs) for band in bands]
    if not inside:
        return
    chosen = np.logical_or.reduce(inside)
    where, _ = np.nonzero(chosen)
    # In rows that lie one after the other: sums inside a model are then added in one order.
    errors = predict(np.ascontiguousarray(points[chosen]), costs[chosen])
    for k, band in enumerate(inside):
        kept = band[chosen]
        for power in range(3):
            sums[k, power] += np.bincount(where[kept], errors[kept] ** power, minlength=len(costs))


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
