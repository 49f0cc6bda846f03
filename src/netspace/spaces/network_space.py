"""A set of architectures: per stage an inclusive depth range and width range, and values of each further knob."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from netspace.documents import later
from netspace.spaces.architecture import MOST_STAGES, Architecture
from netspace.spaces.knobs import KNOBS_BESIDE, FlatKnobs, pairs_of, value_of
from netspace.spaces.layout import Layout, Points
from netspace.spaces.ranges import DEEPEST, STRICT, IntArray, Listed, Range, Values


@dataclass(frozen=True, config=KNOBS_BESIDE)
class StageSpace(FlatKnobs):
    """What one stage may be: each choice of a depth, a width and a value of each further knob.

    Args:
        depth: range of depths.
        width: range of widths.
        knobs: values of each further knob of the kind of block; a mapping or pairs.
    """

    depth: Range
    width: Range
    knobs: Annotated[tuple[tuple[str, Range | Listed], ...], pairs_of(Values)] = ()

    @model_validator(mode="after")
    def _check(self) -> StageSpace:
        if self.depth.high > DEEPEST:
            raise ValueError(f"depth {self.depth} is out of reach; a stage has up to {DEEPEST} blocks")
        return self

    @classmethod
    def of(cls, axes: Mapping[str, Range | Listed]) -> StageSpace:
        """Build from what each knob may be, as `axes` returns it."""
        more = {name: values for name, values in axes.items() if name not in ("depth", "width")}
        return cls(axes["depth"], axes["width"], tuple(more.items()))  # type: ignore[arg-type]

    @property
    def axes(self) -> dict[str, Range | Listed]:
        """What each knob may be, depth and width first."""
        return {"depth": self.depth, "width": self.width, **dict(self.knobs)}

    def knob(self, name: str) -> Range | Listed:
        """Return what a knob may be.

        Raises:
            NetspaceError: where there is none of that name.
        """
        return value_of(tuple(self.axes.items()), name)

    def with_knob(self, name: str, values: Range | Listed) -> StageSpace:
        """Return the stage with other values of one knob."""
        return StageSpace.of({**self.axes, name: values})

    @cached_property
    def states(self) -> dict[str, IntArray]:
        """Each choice of a width and further knobs, the last knob running fastest, by knob: shape (choices,)."""
        axes = {name: values for name, values in self.axes.items() if name != "depth"}
        grid = np.meshgrid(*(values.values for values in axes.values()), indexing="ij")
        return {name: values.ravel() for name, values in zip(axes, grid, strict=True)}

    @property
    def size(self) -> int:
        """Number of choices."""
        return math.prod(len(values) for values in self.axes.values())


@dataclass(frozen=True, config=STRICT)
class NetworkSpace:
    """A network space 𝒜 (Hong et al. 2021, arXiv 2104.11014): one StageSpace per stage, from the input on.

    Args:
        stages: all of the same knobs.
        image_size: sizes of the input, pixels, where it is searched; None is the template's.
    """

    stages: Annotated[tuple[StageSpace, ...], Field(min_length=1, max_length=MOST_STAGES)]
    image_size: Values | None = later(None)

    @model_validator(mode="after")
    def _check(self) -> NetworkSpace:
        names = [tuple(name for name, _ in stage.knobs) for stage in self.stages]
        for i, own in enumerate(names):
            if own != names[0]:
                raise ValueError(
                    f"stage {i + 1} has the knobs {', '.join(own) or 'depth and width alone'}, but stage 1 "
                    f"{', '.join(names[0]) or 'depth and width alone'}; give every stage the same"
                )
        return self

    @property
    def layout(self) -> Layout:
        """The columns of its members as Points."""
        knobs = tuple(name for name, _ in self.stages[0].knobs)
        return Layout(len(self.stages), knobs, self.image_size is not None)

    @cached_property
    def axes(self) -> tuple[Range | Listed, ...]:
        """What each column of its members may be."""
        of_stages = [values for stage in self.stages for values in stage.axes.values()]
        return (*of_stages, *(() if self.image_size is None else (self.image_size,)))

    @property
    def image_sizes(self) -> list[int | None]:
        """The sizes of the input, each a space of its own to what prices networks; None is the template's."""
        return [None] if self.image_size is None else self.image_size.values.tolist()

    @property
    def size(self) -> int:
        """Number of architectures."""
        return math.prod(len(values) for values in self.axes)

    @property
    def largest(self) -> Architecture:
        """The member with the largest value of each knob."""
        return self.layout.architecture(np.array([values.values.max() for values in self.axes]))

    def __contains__(self, architecture: object) -> bool:
        if not isinstance(architecture, Architecture):
            return False
        layout = self.layout
        own = tuple(name for name, _ in architecture.stages[0].knobs)
        alike = len(architecture.stages) == layout.stages and own == layout.knobs
        if not alike or (architecture.image_size is None) == layout.image_size:
            return False
        (point,) = layout.points([architecture]).tolist()
        return all(value in values for value, values in zip(point, self.axes, strict=True))

    def shown(self, between: str = " ") -> dict[str, str]:
        """Return the ranges of each knob, stage by stage, as text; and the image sizes, where they are searched."""
        texts = {name: between.join(str(stage.knob(name)) for stage in self.stages) for name in self.layout.each}
        return texts if self.image_size is None else {**texts, "image_size": str(self.image_size)}

    def __str__(self) -> str:
        short = {"depth": "d", "width": "w"}
        return " ".join(f"{short.get(name, name)}=[{text}]" for name, text in self.shown().items())

    def draw(self, n: int, *, rng: np.random.Generator) -> Points:
        """Draw n architectures uniformly, with replacement: shape (n, axes), int64; columns as `layout` says."""
        # All depths first, then all widths, and so on: the same generator gave the same networks before other knobs.
        knobs = {
            name: np.stack([rng.choice(stage.knob(name).values, n) for stage in self.stages], axis=1)
            for name in self.layout.each
        }
        sizes = None if self.image_size is None else rng.choice(self.image_size.values, n)
        return self.layout.join(knobs, sizes)

    def enumerate(self) -> Points:
        """List every architecture once, the last axis running fastest: shape (size, axes), int64."""
        grid = np.meshgrid(*(values.values for values in self.axes), indexing="ij")
        return np.stack([values.reshape(-1) for values in grid], axis=1)
