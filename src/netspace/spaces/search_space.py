"""What is searched: the full ranges and the grid of candidate spaces cut from them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_serializer, model_validator
from pydantic.dataclasses import dataclass

from netspace.blocks import Activation, Knob, block_named
from netspace.documents import Whole, later
from netspace.errors import NetspaceError, did_you_mean
from netspace.spaces.architecture import LARGEST_IMAGE, MOST_STAGES
from netspace.spaces.axes import Axis, Grid
from netspace.spaces.knobs import KNOBS_BESIDE, FlatKnobs, pairs_of
from netspace.spaces.network_space import NetworkSpace, StageSpace
from netspace.spaces.ranges import DEEPEST, STRICT, WIDEST, Listed, Range, Values, values_of
from netspace.spaces.template import NetworkTemplate, Stem, Strides, least_image_size

Positive = Annotated[Whole, Field(ge=1, le=WIDEST)]


@dataclass(frozen=True, config=STRICT)
class GridAxis:
    """A full range and the number of equal ranges it is cut into; in YAML also one number, which is not searched."""

    low: Positive
    high: Positive
    ranges: Positive
    step: Positive = 1

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, given: Any) -> Any:
        if given is not None and not isinstance(given, (bool, int, float, str, list)):
            return given
        try:
            values = values_of(given)
        except ValueError:
            values = None
        if not isinstance(values, Range) or values.low < values.high:
            raise ValueError(_form(given, values))
        return {"low": values.low, "high": values.high, "ranges": 1}

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
class KnobAxis:
    """What a further knob may be, and the number of equal parts it is cut into.

    In YAML `{values: [3, 5, 7], ranges: 3}`, `{low: 16, high: 64, step: 16, ranges: 2}`, or short: `[3, 5, 7]`, each
    value a range of its own, or `3`, which is not searched.

    Args:
        values: in rising order.
        ranges: number of parts; 0 is one for each value.
    """

    values: Values
    ranges: Annotated[Whole, Field(ge=0, le=WIDEST)] = 0

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, given: Any) -> Any:
        if given is None or isinstance(given, (int, float, str, list, tuple, range, np.ndarray, np.generic)):
            return {"values": given}
        if isinstance(given, dict) and "low" in given:
            if "values" in given:
                raise ValueError("values and low are there both; give `values`, or `low`, `high` and `step`")
            bounds = {key: given[key] for key in ("low", "high", "step") if key in given}
            return {**{key: value for key, value in given.items() if key not in bounds}, "values": Range(**bounds)}
        return given

    @model_serializer
    def _dump(self) -> dict[str, Any]:
        return {"values": self.full.values.tolist(), "ranges": self.ranges}

    @model_validator(mode="after")
    def _check(self) -> KnobAxis:
        object.__setattr__(self, "ranges", self.ranges or len(self.full))
        self.full.cut(self.ranges)
        return self

    @property
    def full(self) -> Range | Listed:
        """All values."""
        return self.values

    @cached_property
    def cuts(self) -> tuple[Range | Listed, ...]:
        """The candidate parts, in rising order."""
        return self.full.cut(self.ranges)


@dataclass(frozen=True, config=KNOBS_BESIDE)
class StageGrid(FlatKnobs):
    """The axes of one stage.

    Args:
        depth: of the number of blocks.
        width: of the output channels.
        knobs: of each further knob of the kind of block that is searched, or set to another value than its default.
    """

    depth: GridAxis
    width: GridAxis
    knobs: Annotated[tuple[tuple[str, KnobAxis], ...], pairs_of(KnobAxis)] = ()

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
        block: kind of block, a name in `netspace.blocks.BLOCKS`.
        stem: the rest of the stem.
        head_width: channels of a 1×1 convolution before the global pooling; 0 is none.
        activation: of stem, blocks and head.
        squeeze: squeeze-and-excitation in blocks that know it, with this part of their inputs; 0 is none.
        image_size: sizes of the input, where it is searched; None takes the data's.
    """

    name: str
    stages: Annotated[tuple[StageGrid, ...], Field(min_length=1, max_length=MOST_STAGES)]
    strides: Strides = (1, 2, 2)
    stem_width: Positive = 16
    block: str = "basic"
    stem: Stem = later(Stem())
    head_width: Annotated[Whole, Field(ge=0, le=8192)] = later(0)
    activation: Activation = later("relu")
    squeeze: Annotated[Whole, Field(ge=0, le=64)] = later(0)
    image_size: KnobAxis | None = later(None)

    @model_validator(mode="after")
    def _check(self) -> SearchSpace:
        if len(self.strides) != len(self.stages):
            raise ValueError(f"{len(self.strides)} strides for {len(self.stages)} stages; give one stride per stage")
        allowed = block_named(self.block).knobs
        for i, stage in enumerate(self.stages):
            for name, axis in stage.knobs:
                where = f"stages.{i}.{name}"
                if name not in allowed:
                    known = did_you_mean(name, allowed) if allowed else "it has none"
                    raise ValueError(f"{where}: block '{self.block}' has no such knob; {known}")
                _check_knob(where, allowed[name], axis, stage)
        self._check_image_size()
        return self

    def _check_image_size(self) -> None:
        least = self.least_image_size
        if self.image_size is None:
            return
        low, high = self.image_size.full.low, self.image_size.full.high
        if low < least or high > LARGEST_IMAGE:
            raise ValueError(
                f"image_size: {low if low < least else high} is out of reach: the strides leave no pixel below {least} "
                f"(their product), and {LARGEST_IMAGE} is the largest; nearest is "
                f"{least if low < least else LARGEST_IMAGE}"
            )

    @property
    def least_image_size(self) -> int:
        """The product of all strides: smaller images would leave less than a pixel, pixels."""
        return least_image_size(self.strides, self.stem)

    @cached_property
    def grid(self) -> Grid:
        """The grid: an axis for each knob of each stage, then one for the image size where it is searched.

        A knob that no stage names is there too, with its default as only value.
        """
        axes = []
        for i, stage in enumerate(self._axes):
            axes += [Axis(f"{k.replace('_', ' ')} {i + 1}", _ranges(axis), k, i) for k, axis in stage.items()]
        if self.image_size is not None:
            axes.append(Axis("image size", _ranges(self.image_size), "image_size"))
        return Grid(tuple(axes))

    @cached_property
    def _axes(self) -> list[dict[str, GridAxis | KnobAxis]]:
        """The axes of each stage by knob; those that it does not name have their default as only value."""
        knobs = sorted(block_named(self.block).knobs.items())
        defaults = {name: KnobAxis(values_of(knob.default)) for name, knob in knobs}
        return [{"depth": stage.depth, "width": stage.width, **defaults, **dict(stage.knobs)} for stage in self.stages]

    @cached_property
    def full(self) -> NetworkSpace:
        """The space of every architecture that the search may return."""
        stages = [StageSpace.of({knob: axis.full for knob, axis in axes.items()}) for axes in self._axes]
        return NetworkSpace(tuple(stages), None if self.image_size is None else self.image_size.full)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of candidate ranges along each axis: those of stage 1 (depth, width, …), of stage 2, …"""
        return self.grid.shape

    @property
    def num_spaces(self) -> int:
        """Number of candidate spaces of the grid."""
        return self.grid.num_spaces

    def space(self, choice: Sequence[int]) -> NetworkSpace:
        """Return the candidate space with one range index per axis, in the order of `shape`."""
        places = iter(choice)
        stages = [StageSpace.of({k: axis.cuts[next(places)] for k, axis in stage.items()}) for stage in self._axes]
        size = None if self.image_size is None else self.image_size.cuts[next(places)]
        return NetworkSpace(tuple(stages), size)

    def template(self, image_size: int, channels: int, classes: int) -> NetworkTemplate:
        """Return the template of its networks for data of the given shape (pixels, channels, classes).

        Where the image size is searched, the template's is the largest of the sizes searched.

        Raises:
            NetspaceError: where images are smaller than the product of all strides.
        """
        size = image_size if self.image_size is None else self.image_size.full.high
        if size < self.least_image_size:
            raise NetspaceError(
                f"image size {size} is below the product of all strides of space '{self.name}', "
                f"{self.least_image_size}; give {self.least_image_size} or more"
            )
        return NetworkTemplate(
            *(self.strides, self.stem_width, self.block, size, channels, classes),
            stem=self.stem,
            head_width=self.head_width,
            activation=self.activation,
            squeeze=self.squeeze,
        )


def _form(given: Any, values: Range | Listed | None) -> str:
    """Say how to write a depth or width that was given in another form, which says these values or none."""
    shown = f"'{given[:80]}'" if isinstance(given, str) else str(given)[:80]
    if not isinstance(values, Range):
        return f"{shown} is no evenly spaced range; write one number, or {{low: …, high: …, step: …, ranges: …}}"
    step = f", step: {values.step}" if values.step > 1 else ""
    ranges = len(values) if isinstance(given, list) else 1  # of a knob's list, too, each value is a range
    return (
        f"{shown} does not say how many ranges it is cut into; write it as "
        f"{{low: {values.low}, high: {values.high}{step}, ranges: {ranges}}}"
    )


def _ranges(axis: GridAxis | KnobAxis) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(cut.values.tolist()) for cut in axis.cuts)


def _check_knob(where: str, knob: Knob, axis: KnobAxis, stage: StageGrid) -> None:
    """Raise ValueError where a value of a further knob is none that its block can take."""
    for value in axis.full.values.tolist():
        if not knob.allows(value):
            raise ValueError(f"{where}: {knob.refusal(value)}")
    if knob.within:
        room = {"width": stage.width.high, "depth": stage.depth.high}[knob.within]
        if axis.full.high > room:
            raise ValueError(
                f"{where}: {axis.full.high} fits no {knob.within} of the stage (up to {room}); nearest is {room}"
            )
