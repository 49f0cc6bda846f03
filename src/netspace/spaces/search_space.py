"""What is searched: the full ranges and the grid of candidate spaces cut from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from netspace.spaces.architecture import MOST_STAGES, NetworkTemplate, Width
from netspace.spaces.network_space import NetworkSpace, StageSpace
from netspace.spaces.ranges import DEEPEST, STRICT, Range


@dataclass(frozen=True, config=STRICT)
class GridAxis:
    """A full range and the number of equal ranges it is cut into."""

    low: Width
    high: Width
    ranges: Width
    step: Width = 1

    @model_validator(mode="after")
    def _check(self) -> GridAxis:
        self.full.cut(self.ranges)
        return self

    @property
    def full(self) -> Range:
        """The uncut range."""
        return Range(self.low, self.high, self.step)

    @cached_property
    def cuts(self) -> tuple[Range, ...]:
        """The candidate ranges, in rising order."""
        return self.full.cut(self.ranges)


@dataclass(frozen=True, config=STRICT)
class StageGrid:
    """The depth axis and the width axis of one stage."""

    depth: GridAxis
    width: GridAxis

    @model_validator(mode="after")
    def _check(self) -> StageGrid:
        if self.depth.high > DEEPEST:
            raise ValueError(f"depth {self.depth.full} is out of reach; a stage has up to {DEEPEST} blocks")
        return self


@dataclass(frozen=True, config=STRICT)
class SearchSpace:
    """The full ranges and the grid of candidate NetworkSpaces (Hong et al. 2021, arXiv 2104.11014).

    Args:
        name: what to call it.
        stages: one StageGrid per stage.
        strides: stride of each stage's first block, one per stage.
        stem_width: output channels of the stem.
        block: kind of block.
    """

    name: str
    stages: Annotated[tuple[StageGrid, ...], Field(min_length=1, max_length=MOST_STAGES)]
    strides: tuple[Literal[1, 2], ...] = (1, 2, 2)
    stem_width: Width = 16
    block: Literal["basic"] = "basic"

    @model_validator(mode="after")
    def _check(self) -> SearchSpace:
        if len(self.strides) != len(self.stages):
            raise ValueError(f"{len(self.strides)} strides for {len(self.stages)} stages; give one stride per stage")
        return self

    @property
    def full(self) -> NetworkSpace:
        """The space of every architecture that the search may return."""
        return NetworkSpace(tuple(StageSpace(stage.depth.full, stage.width.full) for stage in self.stages))

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of candidate ranges along each axis: depth and width of stage 1, of stage 2, …"""
        return tuple(axis.ranges for stage in self.stages for axis in (stage.depth, stage.width))

    @property
    def num_spaces(self) -> int:
        """Number of candidate spaces of the grid."""
        return math.prod(self.shape)

    def space(self, choice: Sequence[int]) -> NetworkSpace:
        """Return the candidate space with one range index per axis, in the order of `shape`."""
        stages = []
        for i, stage in enumerate(self.stages):
            stages.append(StageSpace(stage.depth.cuts[choice[2 * i]], stage.width.cuts[choice[2 * i + 1]]))
        return NetworkSpace(tuple(stages))

    def template(self, image_size: int, channels: int, classes: int) -> NetworkTemplate:
        """Return the template of its networks for data of the given shape (pixels, channels, classes)."""
        return NetworkTemplate(self.strides, self.stem_width, self.block, image_size, channels, classes)
