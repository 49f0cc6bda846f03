"""A product of axes, each cut into ranges: the architectures as points, the spaces as one range per axis."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from netspace.errors import NetspaceError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Axis:
    """The values that one knob may take, cut into ranges.

    Args:
        name: of the axis, such as `width 2`.
        ranges: at least one range, each with at least one value; all values together are distinct and rise.
        knob: what it is: `depth`, `width`, `image_size`, or a further knob of a kind of block.
        stage: which stage's, from 0; None where it is of the whole network, or not known.
    """

    name: str
    ranges: tuple[tuple[int, ...], ...]
    knob: str = "width"
    stage: int | None = None

    def __post_init__(self) -> None:
        if not self.ranges or not all(self.ranges):
            raise NetspaceError(f"axis {self.name} needs at least one range, and each range at least one value")
        values = [v for one in self.ranges for v in one]
        if values != sorted(set(values)) or values[0] < 1:
            raise NetspaceError(f"axis {self.name}: values have to be ≥ 1, distinct and rising, not {values[:9]}")

    @classmethod
    def cut(cls, name: str, values: Sequence[int], ranges: int, *, knob: str = "width") -> Axis:
        """Cut rising values into neighbouring ranges of equal length, or as equal as they can be.

        Raises:
            NetspaceError: where there are fewer values than ranges.
        """
        if not 1 <= ranges <= len(values):
            raise NetspaceError(f"axis {name} has {len(values)} values, which cannot be cut into {ranges} ranges")
        ends = np.linspace(0, len(values), ranges + 1).round().astype(int).tolist()
        parts = [tuple(int(v) for v in values[a:b]) for a, b in itertools.pairwise(ends)]
        return cls(name, tuple(parts), knob)

    @cached_property
    def values(self) -> IntArray:
        """All values in rising order, shape (values,)."""
        return np.array([v for one in self.ranges for v in one], np.int64)

    @cached_property
    def range_of_value(self) -> IntArray:
        """The index of each value's range, shape (values,)."""
        return np.repeat(np.arange(len(self.ranges)), [len(one) for one in self.ranges])

    @cached_property
    def range_at(self) -> IntArray:
        """The index of the range of every number from 0 to one above the largest value; −1 where it is no value."""
        found = np.full(int(self.values[-1]) + 2, -1)
        found[self.values] = self.range_of_value
        return found


@dataclass(frozen=True)
class Grid:
    """The grid of candidate spaces: every choice of one range per axis.

    Args:
        axes: at least one; spaces are numbered with the last axis running fastest.
    """

    axes: tuple[Axis, ...]

    def __post_init__(self) -> None:
        names = [axis.name for axis in self.axes]
        twice = [name for name in names if names.count(name) > 1]
        if twice or not names:
            raise NetspaceError(f"axis '{twice[0]}' is there twice" if twice else "a grid needs at least one axis")

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of ranges along each axis."""
        return tuple(len(axis.ranges) for axis in self.axes)

    def places(self, knob: str) -> list[int]:
        """Return which axes are of a knob, such as every stage's `width`; none where there is no such axis."""
        return [i for i, axis in enumerate(self.axes) if axis.knob == knob]

    @property
    def num_spaces(self) -> int:
        """Number of candidate spaces."""
        return math.prod(self.shape)

    @property
    def num_members(self) -> int:
        """Number of architectures of the whole grid."""
        return math.prod(len(axis.values) for axis in self.axes)

    @cached_property
    def sizes(self) -> IntArray:
        """Number of architectures of each space, shape (spaces,)."""
        sizes = np.ones(1, np.int64)
        for axis in self.axes:
            sizes = np.multiply.outer(sizes, [len(one) for one in axis.ranges]).ravel()
        return sizes

    def choice(self, space: int) -> tuple[int, ...]:
        """Return the range index of a space on each axis."""
        return tuple(int(i) for i in np.unravel_index(space, self.shape))

    def locate(self, points: IntArray) -> IntArray:
        """Return the space that each architecture belongs to, shape (n,).

        Args:
            points: one value per axis, shape (n, axes).

        Raises:
            NetspaceError: where a value is not on its axis.
        """
        space = np.zeros(len(points), np.int64)
        for axis, column in zip(self.axes, np.asarray(points).T, strict=True):
            own = axis.range_at[np.clip(column, 0, len(axis.range_at) - 1)]
            strange = own < 0
            if strange.any():
                raise NetspaceError(
                    f"{column[strange][0]} is no value of axis {axis.name} ({axis.values[0]} to {axis.values[-1]})"
                )
            space = space * len(axis.ranges) + own
        return space

    def enumerate(self) -> IntArray:
        """List every architecture once, shape (members, axes); the last axis runs fastest."""
        return self.at(np.arange(self.num_members))

    def at(self, numbers: IntArray) -> IntArray:
        """Return some architectures by their numbers in the order of `enumerate`, shape (n, axes)."""
        places = np.unravel_index(numbers, [len(axis.values) for axis in self.axes])
        return np.stack([axis.values[place] for axis, place in zip(self.axes, places, strict=True)], axis=1)

    def members(self, spaces: IntArray, places: FloatArray) -> IntArray:
        """Return the architectures at the same places of several spaces.

        Args:
            spaces: numbers of spaces, shape (s,).
            places: where in each range, as shares 0 ≤ share < 1, shape (k, axes).

        Returns:
            values, shape (s, k, axes).
        """
        return self.at_places(np.stack(np.unravel_index(spaces, self.shape), axis=1), places)

    def at_places(self, choices: IntArray, places: FloatArray) -> IntArray:
        """Return the same for spaces given by the index of their range on each axis, shape (s, axes)."""
        # Axis by axis in memory: whoever reads points reads a column at a time.
        out = np.moveaxis(np.empty((len(self.axes), len(choices), len(places)), np.int64), 0, 2)
        for i, (axis, chosen) in enumerate(zip(self.axes, choices.T, strict=True)):
            lengths = [len(one) for one in axis.ranges]
            starts = np.concatenate([[0], np.cumsum(lengths)])[:-1]
            # One row of values per range of the axis, then the rows of the ranges that were chosen.
            rows = np.stack(
                [
                    axis.values[start + (places[:, i] * n).astype(np.int64)]
                    for start, n in zip(starts, lengths, strict=True)
                ]
            )
            out[:, :, i] = rows[chosen]
        return out


def spread_places(n: int, axes: int, *, first: int = 0) -> FloatArray:
    """Return evenly spread points of the unit cube, the same every time: shape (n, axes).

    Kronecker sequence with Roberts' generalised golden ratio; n more points from `first` on continue it.
    """
    ratio = 2.0
    for _ in range(64):
        ratio = (1 + ratio) ** (1 / (axes + 1))
    steps = ratio ** -np.arange(1.0, axes + 1)
    return (0.5 + np.outer(np.arange(first, first + n), steps)) % 1.0
