"""All of a network that is not searched: stem, kind of block, strides, head, shape of the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import prod
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from netspace.blocks import OUT, Activation, Amount, Block, BlockPlan, BlockSettings, block_named, check_sizes
from netspace.documents import NUMBER, later
from netspace.errors import NetspaceError, did_you_mean
from netspace.spaces.architecture import MOST_STAGES, Architecture, ImageSize, Stage, Width
from netspace.spaces.layout import Layout, Points
from netspace.spaces.network_space import NetworkSpace
from netspace.spaces.ranges import STRICT

MOST_CLASSES = 10**6
Strides = Annotated[tuple[Annotated[Literal[1, 2], NUMBER], ...], Field(min_length=1, max_length=MOST_STAGES)]


@dataclass(frozen=True, config=STRICT)
class Stem:
    """What comes before the first stage, beside its width: a convolution, and perhaps pooling.

    Args:
        kernel: of the convolution.
        stride: of the convolution.
        pool: stride of a 3×3 maximum pooling behind it; 1 is none.
    """

    kernel: Annotated[Literal[1, 3, 5, 7], NUMBER] = 3
    stride: Annotated[Literal[1, 2, 4], NUMBER] = 1
    pool: Annotated[Literal[1, 2], NUMBER] = 1


@dataclass(frozen=True, config=STRICT)
class NetworkTemplate:
    """All of a network that is not searched.

    Args:
        strides: stride of each stage's first block; its length is the number of stages.
        stem_width: output channels of the stem's convolution.
        block: kind of block, a name in `netspace.blocks.BLOCKS`.
        image_size: height and width of the input, pixels; where the image size is searched, the largest.
        channels: channels of the input.
        classes: outputs of the classifier.
        stem: the rest of the stem.
        head_width: channels of a 1×1 convolution before the global pooling; 0 is none.
        activation: of stem, blocks and head.
        squeeze: squeeze-and-excitation in blocks that know it, with this part of their inputs; 0 is none.
    """

    strides: Strides = (1, 2, 2)
    stem_width: Width = 16
    block: str = "basic"
    image_size: ImageSize = 32
    channels: Width = 3
    classes: Annotated[int, Field(ge=2, le=MOST_CLASSES)] = 10
    stem: Stem = later(Stem())
    head_width: Annotated[int, Field(ge=0, le=8192)] = later(0)
    activation: Activation = later("relu")
    squeeze: Annotated[int, Field(ge=0, le=64)] = later(0)

    @model_validator(mode="after")
    def _check(self) -> NetworkTemplate:
        block_named(self.block)
        return self

    @property
    def data_shape(self) -> tuple[int, int, int]:
        """Image size (pixels), channels and classes of the data that its networks take."""
        return self.image_size, self.channels, self.classes

    @property
    def kind(self) -> Block:
        """The kind of block."""
        return block_named(self.block)

    @property
    def settings(self) -> BlockSettings:
        """What it says of its blocks."""
        return BlockSettings(self.activation, self.squeeze)

    @property
    def resolutions(self) -> tuple[int, ...]:
        """Height (= width) of each stage's output, pixels."""
        return self.resolutions_at(self.image_size)

    def resolutions_at(self, image_size: Any) -> tuple[Any, ...]:
        """Return the same for another image size, or for an array of them."""
        sizes, size = [], halved(halved(image_size, self.stem.stride), self.stem.pool)
        for stride in self.strides:
            size = halved(size, stride)
            sizes.append(size)
        return tuple(sizes)

    def layout(self, *, image_size: bool = False) -> Layout:
        """Return the columns of its networks as Points."""
        return Layout(len(self.strides), tuple(sorted(self.kind.knobs)), image_size)

    def layout_of(self, points: Points) -> Layout:
        """Return the layout of points, which have a column for the image size or not."""
        layout = self.layout()
        return layout if points.shape[-1] == layout.columns else self.layout(image_size=True)

    def complete(self, architecture: Architecture) -> Architecture:
        """Return an architecture with each knob of the block that it leaves out at its default.

        Raises:
            NetspaceError: where it has other stages, a knob that the block has not, or a value that the knob has not.
        """
        if len(architecture.stages) != len(self.strides):
            raise NetspaceError(
                f"{architecture} has {len(architecture.stages)} stages, the template {len(self.strides)}"
            )
        defaults = {name: knob.default for name, knob in self.kind.knobs.items()}
        stages = []
        for i, stage in enumerate(architecture.stages):
            self._check_knobs(i, stage)
            stages.append(replace(stage, knobs=tuple({**defaults, **dict(stage.knobs)}.items())))
        return replace(architecture, stages=tuple(stages))

    def check_space(self, space: NetworkSpace) -> None:
        """Raise NetspaceError where a space has stages, knobs or values that its networks have not."""
        own, wanted = space.layout, self.layout()
        if own.stages != wanted.stages:
            raise NetspaceError(f"the space has {own.stages} stages, the template {wanted.stages} strides")
        if own.knobs != wanted.knobs:
            raise NetspaceError(
                f"the space {space} has the knobs {', '.join(own.knobs) or 'depth and width alone'}, but block "
                f"'{self.block}' {', '.join(wanted.knobs) or 'depth and width alone'}; give each"
            )
        for i, stage in enumerate(space.stages):
            for name, values in stage.knobs:
                for value in values.values.tolist():
                    if not self.kind.knobs[name].allows(value):
                        raise NetspaceError(f"{self.place(i)}: {name} {self.kind.knobs[name].refusal(value)}")

    def _check_knobs(self, i: int, stage: Stage) -> None:
        """Raise NetspaceError where a stage has a knob that the block has not, or a value that is none of the knob."""
        knobs = self.kind.knobs
        for name, value in stage.knobs:
            if name not in knobs:
                allowed = did_you_mean(name, knobs) if knobs else "it has none"
                raise NetspaceError(f"block '{self.block}' has no knob '{name}', {allowed}")
            if not knobs[name].allows(value):
                raise NetspaceError(f"{self.place(i)}: {name} {knobs[name].refusal(value)}")

    def plan(self, inputs: Amount, values: Mapping[str, Amount], stride: int) -> BlockPlan:
        """Return the plan of a block of its kind; see `netspace.blocks.Block`."""
        return self.kind.plan(inputs, values, stride=stride, settings=self.settings)

    def place(self, stage: int) -> str:
        """Return how a message names a stage, by its index, and the kind of block."""
        return f"block '{self.block}' in stage {stage + 1}"

    def checked_plan(self, stage: int, inputs: Amount, values: Mapping[str, Amount], stride: int) -> BlockPlan:
        """Return the plan of a block of a stage, by its index, that can be built.

        Raises:
            NetspaceError: where a size is none that a layer can have, or the outputs depend on the inputs.
        """
        plan = self.plan(inputs, values, stride)
        check_sizes(plan, self.place(stage))
        if np.any(plan.channels[OUT] != self.out(values)):
            raise NetspaceError(
                f"{self.place(stage)}: channels 'out' depend on 'in', but all blocks of a stage write the same; let "
                "them follow from the stage's width and knobs alone"
            )
        return plan

    def out(self, values: Mapping[str, Amount]) -> Amount:
        """Return the output channels of a stage: its width, as its kind of block adjusts it."""
        return self.plan(1, values, 1).channels[OUT]

    def plans(self, architecture: Architecture) -> list[list[BlockPlan]]:
        """Return the plan of each block of each stage of an architecture, all amounts numbers.

        Raises:
            NetspaceError: where it does not fit the template.
        """
        found, inputs = [], self.stem_width
        for i, (stage, stride) in enumerate(zip(self.complete(architecture).stages, self.strides, strict=True)):
            values = {"width": stage.width, **dict(stage.knobs)}
            first = self.checked_plan(i, inputs, values, stride).largest()
            inputs = first.channels[OUT]
            further = self.checked_plan(i, inputs, values, 1).largest()
            found.append([first] + [further] * (stage.depth - 1))
        return found

    def points(self, architectures: Iterable[Architecture]) -> Points:
        """Return architectures as rows; with a column for the image size where one of them has its own.

        Raises:
            NetspaceError: where one does not fit.
        """
        whole = [self.complete(one) for one in architectures]
        if all(one.image_size is None for one in whole):
            return self.layout().points(whole)
        sized = [replace(one, image_size=one.image_size or self.image_size) for one in whole]
        return self.layout(image_size=True).points(sized)

    def architectures(self, points: Points) -> list[Architecture]:
        """Return rows as architectures."""
        return self.layout_of(points).architectures(points)

    def at(self, image_size: int | None) -> NetworkTemplate:
        """Return the template for another image size; None is its own."""
        return self if image_size is None else replace(self, image_size=image_size)


def halved(size: Any, stride: int) -> Any:
    """Return what a stride leaves of a height: ⌈size / stride⌉."""
    return (size - 1) // stride + 1


def least_image_size(strides: tuple[int, ...], stem: Stem) -> int:
    """Return the product of all strides: what an image has to measure for its last map to have a pixel of its own."""
    return prod(strides) * stem.stride * stem.pool
