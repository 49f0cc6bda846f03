"""Measurements of another device, from a CSV file: blocks or whole networks, each with milliseconds, each checked."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from netspace.documents import read_text
from netspace.errors import NetspaceError, did_you_mean
from netspace.profiling.subjects import FIRST, FURTHER, BlockSubject, NetworkSubject, Subject
from netspace.spaces import Architecture, NetworkSpace, NetworkTemplate

TIME, SIZE = "milliseconds", "image_size"
OF_BLOCKS = ("stage", "block", "inputs", "width")
OF_NETWORKS = ("depth", "width")
BESIDE = ("file", "spread")  # what measure.py writes beside, which is not needed
LONGEST = 1e9  # milliseconds
LEAST = 12


class Measured(NamedTuple):
    """A row: what was measured, and what it took."""

    subject: Subject
    nanoseconds: int


def read_table(file: Path, space: NetworkSpace, template: NetworkTemplate) -> list[Measured]:
    """Read a table of blocks (columns stage, block, inputs, width) or of networks (depth, width), and milliseconds.

    Further knobs have a column each, and so has the image size where it is searched. A stage is counted from 1, a
    block is `first` or `further`; depth, width and knobs of a network are a number per stage, as `2 3 1`.

    Args:
        file: CSV with a header.
        space: that all rows are of.
        template: of the networks.

    Raises:
        NetspaceError: names the row and the column at fault.
    """
    try:
        header, *rows = list(csv.reader(read_text(file).splitlines())) or [[]]
    except csv.Error as error:
        raise NetspaceError(f"{file} is no CSV file: {error}") from None
    columns = [name.strip() for name in header]
    networks = "depth" in columns
    wanted = [*(OF_NETWORKS if networks else OF_BLOCKS), *sorted(template.kind.knobs), TIME]
    wanted += [] if space.image_size is None else [SIZE]
    _check_columns(file, columns, wanted)
    if len(rows) < LEAST:
        raise NetspaceError(f"{file} has {len(rows)} rows; measure {LEAST} blocks or networks at least")
    found: dict[str, int] = {}
    measured = []
    for number, row in enumerate(rows, start=2):
        if len(row) != len(columns):
            raise NetspaceError(f"{file}, line {number}: {len(row)} values for {len(columns)} columns")
        one = _Row(f"{file}, line {number}", dict(zip(columns, map(str.strip, row), strict=True)), space, template)
        subject = one.network if networks else one.block
        earlier = found.setdefault(str(subject.told), number)
        if earlier != number:
            raise NetspaceError(f"{one.place} says again what line {earlier} says; keep one of them, or their median")
        measured.append(Measured(subject, round(1e6 * one.milliseconds)))
    return measured


def _check_columns(file: Path, columns: list[str], wanted: list[str]) -> None:
    for name in wanted:
        if name not in columns:
            raise NetspaceError(f"{file} has no column '{name}'; it needs {', '.join(wanted)}")
    for i, name in enumerate(columns):
        if name not in (*wanted, SIZE, *BESIDE):
            raise NetspaceError(f"{file}: unknown column '{name[:80]}', {did_you_mean(name, [*wanted, SIZE])}")
        if name in columns[:i]:
            raise NetspaceError(f"{file} has the column '{name}' twice; keep one")


@dataclass(frozen=True)
class _Row:
    """A row of the table.

    Args:
        place: how messages name it.
        cells: texts by column.
        space: that it is of.
        template: of the networks.
    """

    place: str
    cells: Mapping[str, str]
    space: NetworkSpace
    template: NetworkTemplate

    @property
    def milliseconds(self) -> float:
        """What was measured."""
        text = self.cells[TIME]
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 1e-6 <= value <= LONGEST:
            raise self._fault(TIME, "a number above 0")
        return value

    @property
    def block(self) -> BlockSubject:
        """The block that was measured."""
        (stage,) = self._whole("stage", 1)
        if not 1 <= stage <= len(self.space.stages):
            raise self._fault("stage", f"one of the space's stages, 1 to {len(self.space.stages)}")
        if self.cells["block"] not in (FIRST, FURTHER):
            raise self._fault("block", f"{FIRST} or {FURTHER}")
        first = self.cells["block"] == FIRST
        values = {name: self._whole(name, 1)[0] for name in ("width", *sorted(self.template.kind.knobs))}
        for name, value in values.items():
            self._check_known(name, stage - 1, value)
        template = self._sized
        inputs, outs = self._whole("inputs", 1)[0], self._outs(stage - 2 if first else stage - 1)
        if inputs not in (outs if first else {int(template.out(values))}):
            before = f"the {'stem' if stage == 1 else f'stage {stage - 1}'}'s outputs" if first else "its own outputs"
            raise self._fault("inputs", f"{before}: {_few(outs if first else {int(template.out(values))})}")
        return BlockSubject(template, stage - 1, inputs, values, first)

    @property
    def network(self) -> NetworkSubject:
        """The network that was measured."""
        stages = len(self.space.stages)
        values = {name: self._whole(name, stages) for name in ("depth", "width", *sorted(self.template.kind.knobs))}
        for name, each in values.items():
            for i, value in enumerate(each):
                self._check_known(name, i, value)
        depths, widths = values.pop("depth"), values.pop("width")
        whole = Architecture.of(depths, widths, values)
        size = None if self.space.image_size is None else self._sized.image_size
        return NetworkSubject(self.template, replace(whole, image_size=size))

    @property
    def _sized(self) -> NetworkTemplate:
        if not self.cells.get(SIZE) and self.space.image_size is None:
            return self.template
        (size,) = self._whole(SIZE, 1)
        if size not in [one or self.template.image_size for one in self.space.image_sizes]:
            raise self._fault(
                SIZE, f"of the space, {_few({s or self.template.image_size for s in self.space.image_sizes})}"
            )
        return self.template.at(size)

    def _outs(self, stage: int) -> set[int]:
        """Return the output widths of a stage, by its index; −1 is the stem."""
        if stage < 0:
            return {self.template.stem_width}
        return {int(out) for out in self.template.out(self.space.stages[stage].states)}

    def _whole(self, column: str, n: int) -> list[int]:
        texts = self.cells[column].replace(",", " ").split()
        if len(texts) != n or not all(text.isascii() and text.isdigit() and len(text) < 10 for text in texts):
            raise self._fault(column, "a whole number" if n == 1 else f"{n} whole numbers, one per stage, as 2 3 1")
        return [int(text) for text in texts]

    def _check_known(self, knob: str, stage: int, value: int) -> None:
        allowed = self.space.stages[stage].knob(knob)
        if value not in allowed.values:
            raise self._fault(knob, f"of the space, in stage {stage + 1}: {allowed}")

    def _fault(self, column: str, wanted: str) -> NetspaceError:
        text = self.cells[column][:80]
        return NetspaceError(f"{self.place}, column {column}: '{text}' is not {wanted}; mend or drop the row")


def _few(values: set[int]) -> str:
    ordered = sorted(values)
    return ", ".join(map(str, ordered)) if len(ordered) < 10 else f"{ordered[0]}, {ordered[1]}, … {ordered[-1]}"
