"""The search of one budget over a grid that is not listed: from leader to neighbour, until no neighbour is better."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from netspace.surrogate.candidates import Candidates, neighbours
from netspace.surrogate.judging import Choice, Judged, Predict, Wanted, padded, reachable
from netspace.surrogate.sampler import Sampler

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Look = Callable[[IntArray, Predict, Sequence[Wanted]], list[Judged]]

CLOSER = 256  # places at which leaders are judged before they are followed
BEAM = 64
FOLLOWED = 16  # leaders of each kind whose neighbours are looked at
NEARLY = 0.8
SETTLED = 256
ROUNDS = 64
LAPS = 6


class Walk:
    """What is known at one band, and the way on from there.

    Args:
        candidates: the spaces that were looked at, by this walk and by others.
        sampler: looks closer.
        look: judges candidates for the first time.
        medians: gives the median costs of all candidates, shape (candidates,).
        least: hit rate asked for.
        predict: expected errors (n,) of points (n, axes) that cost (n,).
        band: of costs, both ends inclusive.
    """

    def __init__(
        self,
        candidates: Candidates,
        sampler: Sampler,
        look: Look,
        *,
        medians: Callable[[], FloatArray],
        least: float,
        predict: Predict,
        band: Wanted,
    ) -> None:
        self._candidates, self._sampler, self._look, self._medians = candidates, sampler, look, medians
        self._least, self._predict, self._band = least, predict, band
        self._judged = Judged(np.empty(0), np.empty(0), np.empty(0))
        self._looked, self._close = np.empty(0, bool), np.empty(0, bool)

    def judge(self, spread: Judged, known: Choice | None) -> Judged:
        """Return what is found from the first candidates on.

        Args:
            spread: the first candidates, judged.
            known: a space that is judged too, though nobody came across it.
        """
        n = len(spread.error)
        self._judged, self._looked, self._close = spread, np.ones(n, bool), np.zeros(n, bool)
        followed: set[int] = set()
        for _ in range(ROUNDS):
            leaders = [int(i) for i in self._leaders() if int(i) not in followed]
            if not leaders:
                break
            followed.update(leaders)
            self._add(neighbours(self._candidates.choices(np.array(leaders)), self._candidates.grid.shape))
        if known is not None:
            self._add(np.array([known]))
        self._settle()
        raced = self._sampler.race(self._judged, self._predict, self._band, self._least)
        return Judged(raced.error, raced.hit_rate, raced.sampling, int(self._looked.sum()))

    def _add(self, choices: IntArray) -> None:
        """Look at those of some spaces that this walk has not looked at."""
        spaces = np.unique(self._candidates.add(choices))
        n = len(self._candidates)
        self._judged = self._judged.padded(n)
        self._looked, self._close = padded(self._looked, n, False), padded(self._close, n, False)
        new = spaces[~self._looked[spaces]]
        if not len(new):
            return
        (found,) = self._look(new, self._predict, [self._band])
        self._looked[new] = True
        for own, seen in zip(self._judged.arrays, found.arrays, strict=True):
            own[new] = seen

    def _leaders(self) -> IntArray:
        """Return the spaces to follow, all judged closely.

        Those of least error whose hit rate suffices or nearly does; where none suffices, those of the highest one too.
        """
        for _ in range(LAPS):
            groups = self._groups(BEAM)
            raw = np.concatenate([group[~self._close[group]] for group in groups])
            first = np.concatenate([group[:FOLLOWED] for group in groups])
            if self._close[first].all():
                break
            self._closer(np.unique(raw))
        return np.unique(np.concatenate([group[:FOLLOWED] for group in self._groups(FOLLOWED)]))

    def _groups(self, n: int) -> list[IntArray]:
        """Return up to n spaces of each kind that is followed, the best of each first."""
        rates = self._judged.hit_rate
        largest = float(rates[self._close].max(initial=0.0))
        floor = reachable(largest, self._least)
        groups = [self._best(floor, n), self._best(NEARLY * floor, n)]
        if largest >= self._least and len(groups[0]):
            return groups
        away = np.abs(np.log(self._medians()[: len(rates)] / ((self._band.low + self._band.high) / 2)))
        return [*groups, _first(n, -rates, np.where(self._looked, away, np.inf))]

    def _best(self, floor: float, n: int) -> IntArray:
        """Return the n spaces of least error; of those equal, the ones that meet the budget best come first."""
        judged = self._judged
        able = np.flatnonzero(judged.able(floor))
        return able[_first(n, np.round(judged.error[able], 9), -judged.hit_rate[able])]

    def _closer(self, spaces: IntArray) -> None:
        self._sampler.closer(spaces, CLOSER, self._judged, self._predict, self._band)
        self._close[spaces] = True

    def _settle(self) -> None:
        """Judge closely whatever seems to have the highest hit rate: what spaces have to reach is taken off it."""
        rates = self._judged.hit_rate
        while True:
            known = min(float(rates[self._close].max(initial=0.0)), self._least)
            raw = np.flatnonzero(~self._close & (rates > known))
            if not len(raw) or known >= self._least:
                return
            self._closer(raw[np.argsort(-rates[raw], kind="stable")[:SETTLED]])


def _first(n: int, key: FloatArray, then: FloatArray) -> IntArray:
    """Return the places of the n smallest keys, rising; of those equal, by a second key."""
    kept = np.arange(len(key)) if len(key) <= n else np.flatnonzero(key <= np.partition(key, n - 1)[n - 1])
    return kept[np.lexsort((then[kept], key[kept]))[:n]]
