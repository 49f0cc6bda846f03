"""Many networks as one array of whole numbers, and which of its columns says what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from netspace.errors import NetspaceError
from netspace.spaces.architecture import Architecture, Stage
from netspace.spaces.ranges import IntArray

Points = IntArray  # shape (n, axes), int64: a row is a network; the only form of many networks


@dataclass(frozen=True)
class Layout:
    """The columns of Points: per stage depth, width and the further knobs in the order of their names; then image size.

    Args:
        stages: number of stages.
        knobs: names of the knobs beside depth and width.
        image_size: whether the last column is the image size.
    """

    stages: int
    knobs: tuple[str, ...] = ()
    image_size: bool = False

    @property
    def each(self) -> tuple[str, ...]:
        """Names of the columns of one stage."""
        return ("depth", "width", *self.knobs)

    @property
    def columns(self) -> int:
        """Number of columns."""
        return self.stages * len(self.each) + self.image_size

    def column(self, stage: int | None, knob: str) -> int:
        """Return the column of a stage's knob; of the image size where the stage is None."""
        return self.columns - 1 if stage is None else stage * len(self.each) + self.each.index(knob)

    def stage(self, points: Points, i: int) -> dict[str, IntArray]:
        """Return what points say of a stage, by knob: arrays of shape (n,)."""
        first = i * len(self.each)
        return {name: points[..., first + k] for k, name in enumerate(self.each)}

    def all(self, points: Points, knob: str) -> IntArray:
        """Return a knob of all stages, shape (n, stages)."""
        k = self.each.index(knob)
        return points[..., k : self.stages * len(self.each) : len(self.each)]

    def image_sizes(self, points: Points) -> IntArray | None:
        """Return the image sizes, shape (n,); None where the layout has none."""
        return points[..., -1] if self.image_size else None

    def join(self, knobs: Mapping[str, IntArray], image_sizes: IntArray | None = None) -> Points:
        """Return points from one array of shape (n, stages) per knob, and image sizes of shape (n,)."""
        columns = np.stack([np.asarray(knobs[name], np.int64) for name in self.each], axis=2)
        points = columns.reshape(len(columns), -1)
        if not self.image_size:
            return points
        assert image_sizes is not None
        return np.concatenate([points, np.asarray(image_sizes, np.int64)[:, None]], axis=1)

    def architecture(self, point: Sequence[int] | IntArray) -> Architecture:
        """Return a row as an Architecture."""
        row, k = [int(value) for value in point], len(self.each)
        stages = []
        for i in range(self.stages):
            depth, width, *others = row[i * k : (i + 1) * k]
            stages.append(Stage(depth, width, tuple(zip(self.knobs, others, strict=True))))
        return Architecture(tuple(stages), row[-1] if self.image_size else None)

    def architectures(self, points: Points) -> list[Architecture]:
        """Return the rows as Architectures."""
        return [self.architecture(point) for point in points]

    def points(self, architectures: Iterable[Architecture]) -> Points:
        """Return Architectures as rows.

        Raises:
            NetspaceError: where one has other stages or knobs.
        """
        rows = []
        for one in architectures:
            knobs = {tuple(name for name, _ in stage.knobs) for stage in one.stages}
            if len(one.stages) != self.stages or knobs != {self.knobs} or (one.image_size is None) == self.image_size:
                raise NetspaceError(f"{one} has not the stages and knobs {self}")
            row = [value for s in one.stages for value in (s.depth, s.width, *(v for _, v in s.knobs))]
            rows.append([*row, one.image_size] if self.image_size else row)
        return np.array(rows, np.int64).reshape(len(rows), self.columns)

    def __str__(self) -> str:
        size = ", and an image size" if self.image_size else ""
        return f"of {self.stages} stages with {', '.join(self.each)}{size}"
