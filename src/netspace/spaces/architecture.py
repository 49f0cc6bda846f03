"""One network as a point that can be built: a depth and a width per stage, in a template."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from netspace.errors import NetspaceError
from netspace.spaces.ranges import DEEPEST, STRICT, WIDEST

MOST_STAGES, LARGEST_IMAGE, MOST_CLASSES = 12, 1024, 10**6
Width = Annotated[int, Field(ge=1, le=WIDEST)]
Depth = Annotated[int, Field(ge=1, le=DEEPEST)]


@dataclass(frozen=True, config=STRICT)
class Stage:
    """A run of blocks at one resolution.

    Args:
        depth: number of blocks, 1 to 500.
        width: output channels of each block, 1 to 8192.
    """

    depth: Depth
    width: Width


@dataclass(frozen=True, config=STRICT)
class Architecture:
    """One depth and one width per stage (Hong et al. 2021, arXiv 2104.11014).

    Args:
        stages: at least one Stage, from the input on.
    """

    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=MOST_STAGES)]

    @classmethod
    def of(cls, depths: Iterable[int], widths: Iterable[int]) -> Architecture:
        """Build from one depth and one width per stage.

        Raises:
            NetspaceError: where the two differ in length.
        """
        d, w = [int(x) for x in depths], [int(x) for x in widths]
        if len(d) != len(w):
            raise NetspaceError(f"{len(d)} depths but {len(w)} widths; give one of each per stage")
        return cls(tuple(Stage(depth, width) for depth, width in zip(d, w, strict=True)))

    @property
    def depths(self) -> tuple[int, ...]:
        """The number of blocks of each stage."""
        return tuple(stage.depth for stage in self.stages)

    @property
    def widths(self) -> tuple[int, ...]:
        """The output channels of each stage."""
        return tuple(stage.width for stage in self.stages)

    def __str__(self) -> str:
        return f"d=({','.join(map(str, self.depths))}) w=({','.join(map(str, self.widths))})"


@dataclass(frozen=True, config=STRICT)
class NetworkTemplate:
    """All of a network that is not searched.

    Args:
        strides: stride of each stage's first block; its length is the number of stages.
        stem_width: output channels of the stem's 3×3 convolution.
        block: kind of block; `basic` is two 3×3 convolutions with a residual connection.
        image_size: height and width of the input, pixels.
        channels: channels of the input.
        classes: outputs of the classifier.
    """

    strides: Annotated[tuple[Literal[1, 2], ...], Field(min_length=1, max_length=MOST_STAGES)] = (1, 2, 2)
    stem_width: Width = 16
    block: Literal["basic"] = "basic"
    image_size: Annotated[int, Field(ge=1, le=LARGEST_IMAGE)] = 32
    channels: Width = 3
    classes: Annotated[int, Field(ge=2, le=MOST_CLASSES)] = 10

    @property
    def data_shape(self) -> tuple[int, int, int]:
        """Image size (pixels), channels and classes of the data that its networks take."""
        return self.image_size, self.channels, self.classes

    @property
    def resolutions(self) -> tuple[int, ...]:
        """Height (= width) of each stage's output, pixels."""
        sizes, size = [], self.image_size
        for stride in self.strides:
            size = (size - 1) // stride + 1
            sizes.append(size)
        return tuple(sizes)
