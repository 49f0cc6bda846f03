"""Spaces of a grid that has too many to number: those that were looked at, in the order in which they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from netspace.spaces.axes import Grid, spread_places
from netspace.spaces.ranges import IntArray

START = 2**17


class Candidates:
    """Some spaces of a grid, each with a number of its own that it keeps; evenly spread ones come first.

    Args:
        grid: of all spaces.
        start: how many spread places the first candidates are taken at; places that fall into one space give one.
    """

    def __init__(self, grid: Grid, start: int = START) -> None:
        self.grid = grid
        shape = np.array(grid.shape)
        choices = (spread_places(start, len(shape)) * shape).astype(np.int64)
        self._choices = np.empty((0, len(shape)), np.int64)
        self._numbers: dict[bytes, int] = {}
        self.add(choices)
        self.first = len(self)

    def __len__(self) -> int:
        return len(self._numbers)

    def choices(self, numbers: IntArray) -> IntArray:
        """Return the range index on each axis of some candidates, shape (n, axes)."""
        return self._choices[numbers]

    def choice(self, number: int) -> tuple[int, ...]:
        """Return the range index of one on each axis."""
        return tuple(int(i) for i in self._choices[number])

    def number(self, choice: Sequence[int]) -> int | None:
        """Return the number of a space, given as one range index per axis; None where it was not looked at."""
        return self._numbers.get(np.array(choice, np.int64).tobytes())

    def add(self, choices: IntArray) -> IntArray:
        """Return the numbers of spaces, shape (n,); those that are not there yet are added.

        Args:
            choices: range index on each axis, shape (n, axes).
        """
        rows = np.ascontiguousarray(choices, np.int64)
        known = len(self)
        found = [self._numbers.setdefault(row.tobytes(), len(self._numbers)) for row in rows]
        numbers = np.array(found, np.int64)
        fresh, at = np.unique(numbers, return_index=True)
        self._choices = np.concatenate([self._choices, rows[at[fresh >= known]]])
        return numbers


def neighbours(choices: IntArray, shape: Sequence[int]) -> IntArray:
    """Return the spaces one step from some on the grid, each once: shape (n, axes).

    A step moves one axis by one range, or one axis up and another down: at a budget what one axis costs another pays.

    Args:
        choices: range index on each axis, shape (s, axes).
        shape: number of ranges along each axis.
    """
    moves = np.array(list(_moves(len(shape))))
    moved = (choices[:, None] + moves).reshape(-1, len(shape))
    inside = ((moved >= 0) & (moved < np.array(shape))).all(1)
    return np.unique(moved[inside], axis=0)


def _moves(axes: int) -> Iterator[list[int]]:
    steps = np.eye(axes, dtype=np.int64)
    for i in range(axes):
        yield from (steps[i].tolist(), (-steps[i]).tolist())
        yield from ((steps[i] - steps[k]).tolist() for k in range(axes) if k != i)
