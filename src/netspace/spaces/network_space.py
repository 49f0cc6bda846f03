"""A set of architectures: per stage an inclusive depth range and width range."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from netspace.spaces.architecture import MOST_STAGES, Architecture
from netspace.spaces.ranges import DEEPEST, STRICT, IntArray, Range


@dataclass(frozen=True, config=STRICT)
class StageSpace:
    """What one stage may be: each pair of a depth and a width of the two ranges."""

    depth: Range
    width: Range

    @model_validator(mode="after")
    def _check(self) -> StageSpace:
        if self.depth.high > DEEPEST:
            raise ValueError(f"depth {self.depth} is out of reach; a stage has up to {DEEPEST} blocks")
        return self

    @property
    def size(self) -> int:
        """Number of (depth, width) pairs."""
        return len(self.depth) * len(self.width)


@dataclass(frozen=True, config=STRICT)
class NetworkSpace:
    """A network space 𝒜 (Hong et al. 2021, arXiv 2104.11014): one StageSpace per stage, from the input on."""

    stages: Annotated[tuple[StageSpace, ...], Field(min_length=1, max_length=MOST_STAGES)]

    @property
    def size(self) -> int:
        """Number of architectures."""
        return math.prod(stage.size for stage in self.stages)

    def __contains__(self, architecture: object) -> bool:
        return (
            isinstance(architecture, Architecture)
            and len(architecture.stages) == len(self.stages)
            and all(
                point.depth in stage.depth and point.width in stage.width
                for point, stage in zip(architecture.stages, self.stages, strict=True)
            )
        )

    def __str__(self) -> str:
        depths = " ".join(str(stage.depth) for stage in self.stages)
        widths = " ".join(str(stage.width) for stage in self.stages)
        return f"d=[{depths}] w=[{widths}]"

    def draw(self, n: int, *, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
        """Draw n architectures uniformly, with replacement.

        Returns:
            depths and widths, each of shape (n, stages), int64.
        """
        depths = [rng.choice(stage.depth.values, n) for stage in self.stages]
        widths = [rng.choice(stage.width.values, n) for stage in self.stages]
        return np.stack(depths, axis=1), np.stack(widths, axis=1)

    def enumerate(self) -> tuple[IntArray, IntArray]:
        """List every architecture once: depths and widths, each of shape (size, stages), int64."""
        axes = [axis for stage in self.stages for axis in (stage.depth.values, stage.width.values)]
        grid = [values.reshape(-1) for values in np.meshgrid(*axes, indexing="ij")]
        return np.stack(grid[0::2], axis=1), np.stack(grid[1::2], axis=1)
