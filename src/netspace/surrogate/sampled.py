"""Grids whose members are too many to list: each space is judged by members at evenly spread places.

All spaces are judged at a few places; those that could be the best are judged again at more and more, so that what is
compared closely is known closely.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from netspace.spaces.axes import Grid
from netspace.surrogate.judging import AnyBand, Choice, Judged, Predict, Price, Wanted, number_of, wanted
from netspace.surrogate.sampler import Sampler

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PRICED = 256
PREDICTED = 64


class SampledMembers:
    """Members of a large grid, looked at through spread places.

    Args:
        grid: the spaces, all of which are judged.
        price: exact costs (n,) of points (n, axes).
        least_hit_rate: spaces below it are not judged beyond the first places.
    """

    def __init__(self, grid: Grid, price: Price, *, least_hit_rate: float = 0.0) -> None:
        self._grid, self._least = grid, least_hit_rate
        self._sampler = Sampler(grid, price, self._choices)
        self._quantiles: FloatArray | None = None

    @property
    def grid(self) -> Grid:
        """The spaces."""
        return self._grid

    def _choices(self, spaces: IntArray) -> IntArray:
        return np.stack(np.unravel_index(spaces, self._grid.shape), axis=1)

    def choice(self, space: int) -> Choice:
        """See Members."""
        return self._grid.choice(space)

    def number(self, choice: Choice) -> int | None:
        """See Members."""
        return number_of(self._grid, choice)

    def quantiles(self) -> FloatArray:
        """See Members; from 256 members of each space."""
        if self._quantiles is None:
            self.judge(lambda points, costs: np.zeros(len(costs)), [])
        assert self._quantiles is not None
        return self._quantiles

    def judge(self, predict: Predict, bands: Sequence[AnyBand], known: Sequence[Choice | None] = ()) -> list[Judged]:
        """See Members: hit rates from 256 members of each space, errors from 64 and, for those ahead, up to 8 192."""
        spaces = np.arange(self._grid.num_spaces)
        asked = wanted(bands)
        found, self._quantiles = self._sampler.look(spaces, predict, asked, priced=PRICED, predicted=PREDICTED)
        return [self._sampler.race(j, predict, b, self._least) for j, b in zip(found, asked, strict=True)]

    def in_band(self, spaces: IntArray, band: AnyBand, n: int) -> tuple[IntArray, IntArray, IntArray]:
        """See Members; the first n in band of up to 64·n spread places."""
        return self._sampler.in_band(spaces, Wanted(*band), n)
