"""Networks with measured errors, from a CSV file: every row checked, every gap said."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netspace.documents import read_text
from netspace.errors import NetspaceError, did_you_mean
from netspace.spaces.axes import Axis, Grid

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
LARGEST, DEAREST = 2**31 - 1, 2.0**53  # of a knob and of a cost


@dataclass(frozen=True)
class MeasuredNetworks:
    """Networks as points of a grid, with a cost and an error each.

    Args:
        grid: the axes, cut into ranges.
        points: shape (n, axes); no row twice.
        costs: shape (n,), whole numbers.
        errors: shape (n,), smaller is better, in the table's unit.
        notes: what a reader should know: columns that were tied, rows that are missing.
    """

    grid: Grid
    points: IntArray
    costs: IntArray
    errors: FloatArray
    notes: tuple[str, ...]


@dataclass(frozen=True)
class MeasuredColumns:
    """Which columns of a CSV file say what.

    Args:
        axes: columns of the knobs, whole numbers ≥ 1, from the input on.
        cost: column of the cost.
        error: column of the error.
        accuracy: whether that column is an accuracy in %; its error is 100 − accuracy.
        depths: those of `axes` that are depths; the others are widths.
        ranges: per knob the number of ranges it is cut into; where it is not named, two values make a range.
    """

    axes: tuple[str, ...]
    cost: str
    error: str
    accuracy: bool = False
    depths: tuple[str, ...] = ()
    ranges: Mapping[str, int] | None = None


def read_measured(path: Path, columns: MeasuredColumns) -> MeasuredNetworks:
    """Read a CSV file with a header.

    Raises:
        NetspaceError: where a column is missing, a value is no finite number, a network comes twice, or nothing is
            left to search.
    """
    header, rows = _parse(path)
    for name in (*columns.axes, columns.cost, columns.error, *columns.depths, *(columns.ranges or {})):
        if name not in header:
            raise NetspaceError(f"{path} has no column '{name}', {did_you_mean(name, header)}")
    knobs = np.stack([_numbers(path, rows, header, name, whole=True) for name in columns.axes], axis=1)
    costs = _numbers(path, rows, header, columns.cost, whole=False)
    for cost in (costs.min(), costs.max()):
        if not 0 < cost <= DEAREST:
            raise NetspaceError(f"{path}: column '{columns.cost}' holds {cost:g}; costs lie above 0, up to {DEAREST:g}")
    errors = _numbers(path, rows, header, columns.error, whole=False)
    errors = 100 - errors if columns.accuracy else errors
    _refuse_repeats(path, knobs, columns.axes)
    kept, notes = _distinct_axes(knobs, columns.axes)
    grid = Grid(tuple(_axis(knobs[:, i], columns.axes[i], columns) for i in kept))
    points = knobs[:, kept].astype(np.int64)
    missing = grid.num_members - len(points)
    if missing:
        notes.append(f"{missing:,} of the grid's {grid.num_members:,} networks are missing from the table")
    empty = grid.num_spaces - len(np.unique(grid.locate(points)))
    if empty:
        notes.append(f"{empty:,} of {grid.num_spaces:,} spaces have no network in the table")
    return MeasuredNetworks(grid, points, np.rint(costs).astype(np.int64), errors, tuple(notes))


def _parse(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        header, *rows = list(csv.reader(read_text(path).splitlines())) or [[]]
    except csv.Error as error:
        raise NetspaceError(f"{path} is no CSV file: {error}") from None
    if not rows:
        raise NetspaceError(f"{path} holds no rows; give a CSV file with a header and a network per row")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise NetspaceError(f"{path}, line {number}: {len(row)} values for {len(header)} columns")
    return [name.strip() for name in header], rows


def _numbers(path: Path, rows: list[list[str]], header: list[str], name: str, *, whole: bool) -> FloatArray:
    place, found = header.index(name), np.empty(len(rows))
    for i, row in enumerate(rows):
        try:
            found[i] = float(row[place])
        except ValueError:
            found[i] = math.nan
        if not math.isfinite(found[i]) or (whole and not (found[i].is_integer() and 1 <= found[i] <= LARGEST)):
            wanted = f"a whole number from 1 to {LARGEST:,}" if whole else "a finite number"
            raise NetspaceError(f"{path}, line {i + 2}: {name} is '{row[place]}', not {wanted}; mend or drop the row")
    return found


def _refuse_repeats(path: Path, knobs: FloatArray, names: Sequence[str]) -> None:
    _, first, counts = np.unique(knobs, axis=0, return_index=True, return_counts=True)
    if (counts > 1).any():
        row = knobs[first[counts > 1][0]]
        shown = ", ".join(f"{n}={int(v)}" for n, v in zip(names, row, strict=True))
        raise NetspaceError(
            f"{path} has {int((counts > 1).sum())} networks more than once, the first {shown}; keep one row of each "
            "(or their mean)"
        )


def _distinct_axes(knobs: FloatArray, names: Sequence[str]) -> tuple[list[int], list[str]]:
    """Drop knobs that never change, or that another one before them decides; say so."""
    kept: list[int] = []
    notes = []
    for i, name in enumerate(names):
        values = np.unique(knobs[:, i])
        if len(values) == 1:
            notes.append(f"column {name} is {int(values[0])} throughout and no axis")
            continue
        tied = [
            j for j in kept if len(np.unique(knobs[:, [j, i]], axis=0)) == len(values) == len(np.unique(knobs[:, j]))
        ]
        if tied:
            notes.append(f"column {name} is tied to {names[tied[0]]}: one axis stands for both")
        else:
            kept.append(i)
    if not kept:
        raise NetspaceError("no column changes from row to row: there is nothing to search")
    return kept, notes


def _axis(column: FloatArray, name: str, columns: MeasuredColumns) -> Axis:
    values = np.unique(column).astype(int).tolist()
    ranges = (columns.ranges or {}).get(name, max(len(values) // 2, 1))
    return Axis.cut(name, values, ranges, knob="depth" if name in columns.depths else "width")
