"""A super network's scores on disk: one line of CSV per architecture, in the order of one fixed sequence of draws."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from netspace.cost import LogUniformDraws
from netspace.documents import parse_yaml, read_text, to_yaml, write_atomically
from netspace.errors import NetspaceError
from netspace.front.grid import as_points
from netspace.spaces.ranges import IntArray

FloatArray = NDArray[np.float64]
FILE, ABOUT = "scores.csv", "scores.yaml"
BLOCK = 32
LONGEST_LINE = 4096


@dataclass(frozen=True)
class Scores:
    """Networks with one number each.

    Args:
        points: depth and width of stage 1, of stage 2, …; shape (n, 2·stages).
        values: share of images that are classified wrongly, 0..1; shape (n,).
    """

    points: IntArray
    values: FloatArray

    @classmethod
    def none(cls, stages: int) -> Scores:
        """Return no networks, of so many stages."""
        return cls(np.empty((0, 2 * stages), np.int64), np.empty(0))


class ScoreFile:
    """`scores.csv` and `scores.yaml` in a run's folder.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / FILE

    def claim(self, about: dict[str, object]) -> None:
        """Say what the scores belong to, or check that it is what is there: draws' seed, checkpoint, images.

        Raises:
            NetspaceError: where the scores there are of something else.
        """
        file = self.folder / ABOUT
        if not file.exists():
            write_atomically(file, to_yaml(about))
            return
        stored = parse_yaml(read_text(file), str(file))
        for key, value in about.items():
            if stored.get(key) != value:
                raise NetspaceError(
                    f"{self.file} holds scores of another {key} ({stored.get(key)}, not {value}); move it away, or "
                    "give what it was made with"
                )

    def read(self, stages: int) -> Scores:
        """Return what is there; a last line that a kill left unfinished is dropped.

        Raises:
            NetspaceError: where a line does not hold two numbers per stage and a score.
        """
        text = read_text(self.file) if self.file.exists() else ""
        lines = text[: text.rfind("\n") + 1].splitlines()[1:]
        try:
            rows = np.array([[float(v) for v in line.split(",")] for line in lines]).reshape(len(lines), 2 * stages + 1)
        except ValueError:
            raise NetspaceError(f"{self.file} is corrupt: a line is no {2 * stages + 1} numbers; remove it") from None
        return Scores(rows[:, :-1].astype(np.int64), rows[:, -1])

    def finished(self, n: int) -> bool:
        """Say whether scoring ended before: as many are there as were asked for, or it stopped as saturated."""
        file = self.folder / ABOUT
        stored = parse_yaml(read_text(file), str(file)) if file.exists() else {}
        return bool(stored.get("saturated")) or stored.get("scored", 0) >= n

    def finish(self, scored: int, *, saturated: bool) -> None:
        """Record that scoring ended, after how many scores, and why."""
        file = self.folder / ABOUT
        stored = parse_yaml(read_text(file), str(file))
        write_atomically(file, to_yaml({**stored, "scored": scored, "saturated": saturated}))

    def append(self, point: IntArray, value: float) -> None:
        """Add one network."""
        with self.file.open("a+b") as stream:
            if drop_unfinished_line(stream) == 0:
                names = (f"{kind}{i + 1}" for i in range(len(point) // 2) for kind in "dw")
                stream.write(f"{','.join(names)},score\n".encode())
            stream.write(f"{','.join(str(int(v)) for v in point)},{value:.6f}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())


def drop_unfinished_line(stream: BinaryIO) -> int:
    """Cut what a kill left behind the last whole line, looking at the file's end alone; return the size left."""
    size = stream.seek(0, os.SEEK_END)
    start = stream.seek(max(size - LONGEST_LINE, 0))
    kept = start + stream.read().rfind(b"\n") + 1
    if kept < size:
        stream.truncate(kept)
    return kept


def sequence(pool: LogUniformDraws, *, seed: int) -> Iterator[IntArray]:
    """Yield different architectures without end, log-uniform in cost; the same seed gives the same ones."""
    seen: set[tuple[int, ...]] = set()
    block = barren = 0
    while barren < 100:  # a search space of a few networks runs out
        rng = np.random.default_rng([seed, 17, block])
        fresh = 0
        for point in as_points(*pool.draw(BLOCK, rng=rng)):
            if (key := tuple(point.tolist())) not in seen:
                seen.add(key)
                fresh += 1
                yield point
        block, barren = block + 1, 0 if fresh else barren + 1
