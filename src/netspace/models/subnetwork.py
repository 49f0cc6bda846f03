"""Which channels, blocks and knobs of a super network are in use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from netspace.blocks import IN, OUT, BlockPlan
from netspace.spaces import Architecture, Layout, NetworkSpace, NetworkTemplate

Channels = int | Tensor
Inner = Mapping[str, Channels]


@dataclass(frozen=True)
class StageChoice:
    """What is in use of one stage.

    Args:
        values: depth, width and each further knob.
        channels: its output channels: the first w (an int), or sorted channel indices, shape (k,), int64.
        blocks: indices of the blocks that run, rising, the first always 0.
        entry: sets of channels inside the first block, by their names in its plan; those left out are the first ones,
            as many as the plan says.
        further: the same inside each further block.
    """

    values: Mapping[str, int]
    channels: Channels
    blocks: tuple[int, ...]
    entry: Inner
    further: Inner


@dataclass(frozen=True)
class SubNetwork:
    """What is in use of each stage, and the image size; None is the template's."""

    stages: tuple[StageChoice, ...]
    image_size: int | None = None

    @classmethod
    def of(cls, architecture: Architecture, template: NetworkTemplate) -> SubNetwork:
        """Return the first channels and the first d blocks of each stage."""
        return cls(tuple(_exactly(values, template) for values in _values(architecture)), architecture.image_size)

    @property
    def channels(self) -> tuple[Channels, ...]:
        """The output channels of each stage."""
        return tuple(stage.channels for stage in self.stages)

    @property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """The blocks of each stage that run."""
        return tuple(stage.blocks for stage in self.stages)


@dataclass(frozen=True)
class Mixture:
    """A weighted mixture of values on each axis, through which gradients reach the weights.

    Args:
        layout: which axis is what.
        values: per axis the values that are mixed, shape (k,), int64.
        weights: per axis their weights, shape (k,).
    """

    layout: Layout
    values: tuple[Tensor, ...]
    weights: tuple[Tensor, ...]

    def stage(self, i: int) -> dict[str, tuple[Tensor, Tensor]]:
        """Return values and weights of each knob of a stage."""
        columns = {knob: self.layout.column(i, knob) for knob in self.layout.each}
        return {knob: (self.values[c], self.weights[c]) for knob, c in columns.items()}

    def image_sizes(self) -> Iterator[tuple[int | None, Tensor | None]]:
        """Yield each image size and its weight; (None, None) where the image size is not mixed."""
        if not self.layout.image_size:
            yield None, None
            return
        yield from zip(self.values[-1].tolist(), self.weights[-1], strict=True)


def count(channels: Channels) -> int:
    """Return the number of channels in use."""
    return channels if isinstance(channels, int) else len(channels)


def same_channels(a: Channels, b: Channels) -> bool:
    """Return whether a first block's shortcut is the identity: two slices of one length, or two equal drawn sets.

    A drawn set that happens to be a slice is projected.
    """
    if isinstance(a, int) or isinstance(b, int):
        return isinstance(a, int) and isinstance(b, int) and a == b
    return torch.equal(a, b)


class Limits(NamedTuple):
    """Of one stage of a space: the plans of which those of all its blocks are parts, and its largest depth.

    Args:
        entry: of the first block.
        further: of each further block.
        depth: number of blocks.
    """

    entry: BlockPlan
    further: BlockPlan
    depth: int


def warm_up(
    architecture: Architecture,
    limits: Sequence[Limits],
    template: NetworkTemplate,
    *,
    filters: float,
    blocks: float,
    rng: np.random.Generator,
) -> SubNetwork:
    """Switch on, at random, channels beyond the drawn widths and blocks beyond the drawn depths.

    Filter warm-up and block warm-up (Hong et al. 2021, arXiv 2104.11014): one set of output channels per stage, since
    the residual connections of a stage's blocks share it. Channels inside blocks are switched on too, those of grouped
    convolutions in whole groups.

    Args:
        architecture: what was drawn.
        limits: of the full space, which bound what is switched on.
        template: all that is not searched.
        filters: probability of each further channel or group, 0..1.
        blocks: probability of each further block, 0..1.
        rng: source of randomness.
    """
    stages: list[StageChoice] = []
    before = template.stem_width
    for i, (values, (entry, further, deepest)) in enumerate(zip(_values(architecture), limits, strict=True)):
        exact = _exactly(values, template)
        width = count(exact.channels)
        plans = template.plan(before, values, template.strides[i]), template.plan(width, values, 1)
        channels = _with_more(width, entry.channels[OUT], int(plans[0].groups.get(OUT, 1)), filters, rng)
        depth = values["depth"]
        past = depth + np.flatnonzero(rng.random(deepest - depth) < blocks)
        inner = [_inner(plan, most, filters, rng) for plan, most in zip(plans, (entry, further), strict=True)]
        stages.append(StageChoice(values, channels, (*range(depth), *past.tolist()), *inner))
        before = width
    return SubNetwork(tuple(stages), architecture.image_size)


def limits_of(space: NetworkSpace, template: NetworkTemplate) -> list[Limits]:
    """Return the limits of each stage of a space.

    Raises:
        NetspaceError: where a block of the space cannot be built.
    """
    found, before = [], np.array([template.stem_width])
    for i, (stage, stride) in enumerate(zip(space.stages, template.strides, strict=True)):
        pairs = {name: values[None] for name, values in stage.states.items()}
        entry = template.checked_plan(i, before[:, None], pairs, stride).largest()
        outs = template.out(stage.states)
        further = template.checked_plan(i, outs, stage.states, 1).largest()
        found.append(Limits(entry, further, stage.depth.high))
        before = np.unique(outs)
    return found


def _values(architecture: Architecture) -> list[dict[str, int]]:
    return [{"depth": s.depth, "width": s.width, **dict(s.knobs)} for s in architecture.stages]


def _exactly(values: Mapping[str, int], template: NetworkTemplate) -> StageChoice:
    return StageChoice(values, int(template.out(values)), tuple(range(values["depth"])), {}, {})


def _with_more(n: int, most: int, each: int, share: float, rng: np.random.Generator) -> Channels:
    """Return the first n channels and, at random, further ones below `most`, in runs of `each` channels."""
    more = np.flatnonzero(rng.random((most - n) // each) < share)
    if not len(more):
        return n
    return torch.from_numpy(np.concatenate([np.arange(n), (n + more[:, None] * each + np.arange(each)).ravel()]))


def _inner(plan: BlockPlan, most: BlockPlan, filters: float, rng: np.random.Generator) -> dict[str, Channels]:
    """Switch on further channels inside a block, in whole groups."""
    return {
        name: _with_more(int(n), most.channels[name], int(plan.groups.get(name, 1)), filters, rng)
        for name, n in plan.channels.items()
        if name not in (IN, OUT)
    }
