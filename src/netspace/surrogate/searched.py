"""Grids with too many spaces to judge each: spread ones are judged, then the neighbours of those that are ahead."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from netspace.spaces.axes import Grid
from netspace.surrogate.candidates import Candidates
from netspace.surrogate.judging import SHARES, AnyBand, Choice, Judged, Predict, Price, Wanted, padded, wanted
from netspace.surrogate.sampler import Sampler
from netspace.surrogate.walk import Walk

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FIRST = 32  # places of the first look


class SearchedMembers:
    """Members of a grid whose spaces are not listed: only candidates are judged.

    All budgets start from the same spread spaces; each then goes its own way, so what is found at one does not depend
    on which others are asked for.

    Args:
        price: exact costs (n,) of points (n, axes).
        candidates: the spaces that were looked at; judges of other costs may share them.
        least_hit_rate: asked for; spaces below it are followed only where none reaches it.
    """

    def __init__(self, price: Price, candidates: Candidates, *, least_hit_rate: float = 0.0) -> None:
        self._candidates, self._least = candidates, least_hit_rate
        self._sampler = Sampler(candidates.grid, price, candidates.choices)
        self._quantiles = np.empty((0, len(SHARES)))

    @property
    def grid(self) -> Grid:
        """The spaces."""
        return self._candidates.grid

    def choice(self, space: int) -> Choice:
        """See Members."""
        return self._candidates.choice(space)

    def number(self, choice: Choice) -> int | None:
        """See Members."""
        return self._candidates.number(choice)

    def quantiles(self) -> FloatArray:
        """See Members; from 32 members of each candidate, NaN for those that were not looked at."""
        return padded(self._quantiles, len(self._candidates), np.nan)

    def judge(self, predict: Predict, bands: Sequence[AnyBand], known: Sequence[Choice | None] = ()) -> list[Judged]:
        """See Members: only candidates; 32 members of each, and of those ahead up to 8 192."""
        found, asked = [], wanted(bands)
        spread = self._look(np.arange(self._candidates.first), predict, asked)
        for judged, band, own in zip(spread, asked, known or [None] * len(bands), strict=True):
            walk = Walk(
                *(self._candidates, self._sampler, self._look),
                medians=lambda: self.quantiles()[:, 1],
                least=self._least,
                predict=predict,
                band=band,
            )
            found.append(walk.judge(judged, own))
        return [judged.padded(len(self._candidates)) for judged in found]

    def in_band(self, spaces: IntArray, band: AnyBand, n: int) -> tuple[IntArray, IntArray, IntArray]:
        """See Members; the first n in band of up to 64·n spread places."""
        return self._sampler.in_band(spaces, Wanted(*band), n)

    def _look(self, spaces: IntArray, predict: Predict, bands: Sequence[Wanted]) -> list[Judged]:
        """Judge candidates for the first time, and keep the quantiles of their costs."""
        found, quantiles = self._sampler.look(spaces, predict, bands, priced=FIRST, predicted=FIRST)
        self._quantiles = self.quantiles()
        self._quantiles[spaces] = quantiles
        return found
