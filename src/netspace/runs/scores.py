"""A super network's scores on disk: one line of CSV per architecture, in the order of one fixed sequence of draws."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from netspace.documents import naming, parse_yaml, read_text, to_yaml, write_atomically
from netspace.errors import NetspaceError
from netspace.records.versions import check_version
from netspace.spaces import Layout, Points, SearchSpace
from netspace.spaces.ranges import IntArray

FloatArray = NDArray[np.float64]
FIRST_READING = "error"  # of scores that do not say what they are
FILE, ABOUT = "scores.csv", "scores.yaml"
NEWEST = 1  # version of scores.yaml
LONGEST_LINE = 4096
LARGEST = 2**31 - 1  # of a depth or width


@dataclass(frozen=True)
class Readings:
    """Networks with one number each: what a super network says of them, or what trainings of them came to.

    Args:
        points: shape (n, axes); columns as the search space's layout says.
        values: share of images that are classified wrongly, 0..1; shape (n,).
    """

    points: Points
    values: FloatArray

    @classmethod
    def none(cls, layout: Layout) -> Readings:
        """Return no networks."""
        return cls(np.empty((0, layout.columns), np.int64), np.empty(0))


class ScoreFile:
    """`scores.csv` and `scores.yaml` in a run's folder.

    Args:
        folder: of the run.
        space: what is scored: its layout gives the columns.
    """

    def __init__(self, folder: Path, space: SearchSpace) -> None:
        self.folder, self.file, self.space = folder, folder / FILE, space
        self._layout = space.full.layout

    def claim(self, about: dict[str, object], *, reading: str = FIRST_READING) -> str:
        """Say what the scores belong to, or check that it is what is there; return what a score is there.

        Args:
            about: draws' seed, checkpoint, images.
            reading: what a score is, where there are none yet; those of an earlier version stay what they are.

        Raises:
            NetspaceError: where the scores there are of something else.
        """
        file = self.folder / ABOUT
        if not file.exists():
            write_atomically(file, to_yaml({**about, "reading": reading}))
            return reading
        stored = parse_yaml(read_text(file), str(file))
        check_version(stored, NEWEST, str(file))
        for key, value in about.items():
            if stored.get(key) != value:
                raise NetspaceError(
                    f"{self.file} holds scores of another {key} ({stored.get(key)}, not {value}); move it away, or "
                    "give what it was made with"
                )
        return str(stored.get("reading", FIRST_READING))

    def read(self, *, inside: bool = False) -> Readings:
        """Return what is there; a last line that a kill left unfinished is dropped.

        Args:
            inside: whether the networks have to lie in the search space.

        Raises:
            NetspaceError: names the line that does not hold a whole number per axis and a score, or lies outside of the
                space.
        """
        text = read_text(self.file) if self.file.exists() else ""
        lines, header = text.split("\n")[:-1], _header(self._layout)
        if lines and lines[0].rstrip("\r") != header:
            raise self.fault(1, f"it should be '{header}'")
        points, values = [], []
        for number, line in enumerate(lines[1:], start=2):
            point, value = self._parse(number, line)
            if inside and not all(v in axis for v, axis in zip(point, self.space.full.axes, strict=True)):
                raise self.fault(number, f"its network lies outside of space {self.space.name}")
            points.append(point)
            values.append(value)
        return Readings(np.array(points, np.int64).reshape(len(points), self._layout.columns), np.array(values))

    def check_sequence(self, points: IntArray, wanted: Iterator[IntArray]) -> None:
        """Check that networks that were read are the first ones of a sequence of draws.

        Raises:
            NetspaceError: names the first line that holds another network, such as after a line that was lost.
        """
        for number, point in enumerate(points, start=2):
            if not np.array_equal(point, next(wanted, None)):  # type: ignore[arg-type]
                raise self.fault(number, "its network is not the next one: a line before it was lost or added")

    def fault(self, number: int, what: str) -> NetspaceError:
        """Return the error of one line."""
        return NetspaceError(
            f"{self.file} is corrupt: line {number}: {what}; cut the file before this line, or remove it: the same "
            "command scores the rest again"
        )

    def _parse(self, number: int, line: str) -> tuple[list[int], float]:
        parts, columns = line.rstrip("\r").split(","), self._layout.columns
        try:
            if len(parts) != columns + 1:
                raise ValueError
            point, value = [int(part) for part in parts[:-1]], float(parts[-1])
        except ValueError:
            raise self.fault(number, f"it should be {columns} whole numbers and a score") from None
        if not all(1 <= part <= LARGEST for part in point) or not 0 <= value <= 1:
            raise self.fault(number, f"depths and widths lie from 1 to {LARGEST}, a score from 0 to 1")
        return point, value

    def finished(self, n: int) -> bool:
        """Say whether scoring ended before: as many are there as were asked for, or it stopped as saturated.

        Not where lines were lost since then.
        """
        stored = self._about()
        lines = read_text(self.file).count("\n") if self.file.exists() else 0
        if stored["scored"] > max(lines - 1, 0):
            return False
        return stored["saturated"] or stored["scored"] >= n

    def _about(self) -> dict[str, Any]:
        """Return what scores.yaml says, with how many were scored when it last ended, and whether that was enough."""
        file = self.folder / ABOUT
        stored = parse_yaml(read_text(file), str(file)) if file.exists() else {}
        check_version(stored, NEWEST, str(file))
        about = {"scored": 0, "saturated": False, **stored}
        if type(about["scored"]) is not int or about["scored"] < 0 or type(about["saturated"]) is not bool:
            raise NetspaceError(
                f"{file} is corrupt: 'scored' should be a whole number and 'saturated' true or false; remove both keys"
            )
        return about

    def finish(self, scored: int, *, saturated: bool) -> None:
        """Record that scoring ended, after how many scores, and why."""
        file = self.folder / ABOUT
        stored = parse_yaml(read_text(file), str(file))
        write_atomically(file, to_yaml({**stored, "scored": scored, "saturated": saturated}))

    def append(self, point: IntArray, value: float) -> None:
        """Add one network."""
        with naming(self.file), self.file.open("a+b") as stream:
            if drop_unfinished_line(stream) == 0:
                stream.write(f"{_header(self._layout)}\n".encode())
            stream.write(f"{','.join(str(int(v)) for v in point)},{value:.6f}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())


def _header(layout: Layout) -> str:
    short = {"depth": "d", "width": "w"}
    columns = [f"{short.get(knob, knob)}{i + 1}" for i in range(layout.stages) for knob in layout.each]
    return ",".join([*columns, *(["image_size"] if layout.image_size else []), "score"])


def drop_unfinished_line(stream: BinaryIO) -> int:
    """Cut what a kill left behind the last whole line, looking at the file's end alone; return the size left."""
    size = stream.seek(0, os.SEEK_END)
    start = stream.seek(max(size - LONGEST_LINE, 0))
    kept = start + stream.read().rfind(b"\n") + 1
    if kept < size:
        stream.truncate(kept)
    return kept
