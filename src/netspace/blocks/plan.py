"""A block as a plan: which convolutions it is made of, over named sets of channels, and what its shortcut is.

The plan is all that is ever said of a block. Pricing it (cost/model.py), building it (models/network.py), running it
with shared weights (models/sliced.py, models/masking.py) and writing its source (handover/source_code.py) each read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, get_args

import numpy as np

from netspace.errors import NetspaceError, did_you_mean

Amount = Any  # a whole number, or an integer array of them: one plan stands for one block or for a million
Shortcut = Literal["project", "identity"]
SHORTCUTS: tuple[str, ...] = get_args(Shortcut)
Activation = Literal["relu", "relu6", "silu", "hardswish"]
ACTIVATIONS: tuple[str, ...] = get_args(Activation)
IN, OUT = "in", "out"
TAKEN = ("shortcut", "plan", "adds", "layers", "activation", "kind", "stride", "forward")  # names in built blocks


@dataclass(frozen=True)
class Conv:
    """A convolution with `same` padding and without bias, the BatchNorm behind it, and an activation.

    Args:
        name: of the layer inside its block; its weights are kept under it.
        inputs: name of the set of channels that it reads.
        outputs: name of the set that it writes.
        kernel: height and width, odd.
        stride: of both directions.
        group_width: channels of each group; its inputs and outputs are then one set. None is one dense group, 1 is
            depthwise.
        activation: one of ACTIVATIONS; empty is none.
    """

    name: str
    inputs: str
    outputs: str
    kernel: Amount = 1
    stride: int = 1
    group_width: Amount | None = None
    activation: str = ""


@dataclass(frozen=True)
class Squeeze:
    """Squeeze-and-excitation (Hu et al. 2018, arXiv 1709.01507): channels weighed by what their means say.

    x · sigmoid(widen(activation(narrow(mean of x)))), both fully connected, with bias.

    Args:
        name: of the layer inside its block.
        channels: name of the set that is weighed.
        squeezed: name of the narrow set between.
        activation: between the two; one of ACTIVATIONS.
    """

    name: str
    channels: str
    squeezed: str
    activation: str = "relu"

    @property
    def inputs(self) -> str:
        """Name of the set that it reads."""
        return self.channels

    @property
    def outputs(self) -> str:
        """Name of the set that it writes."""
        return self.channels


Layer = Conv | Squeeze


@dataclass(frozen=True)
class BlockPlan:
    """One block: out = activation(residual(x) + shortcut(x)).

    Args:
        channels: size of each set of channels: `in` and `out`, which all blocks of a stage share, and the block's own.
            `out` may not depend on `in`.
        residual: layers from `in` to `out`.
        stride: of the whole block.
        shortcut: `project`: a 1×1 convolution where the stride or the width changes, else the identity; `identity`:
            the identity where neither changes, else nothing.
        activation: behind the sum; empty is none.
    """

    channels: Mapping[str, Amount]
    residual: tuple[Layer, ...]
    stride: int = 1
    shortcut: Shortcut = "project"
    activation: str = ""

    def __post_init__(self) -> None:
        at, stride = IN, 1
        for layer in self.residual:
            where = f"layer '{layer.name}'"
            for name in (layer.inputs, layer.outputs, getattr(layer, "squeezed", OUT)):
                if name not in self.channels:
                    raise NetspaceError(f"{where}: no channels '{name}', {did_you_mean(name, list(self.channels))}")
            if layer.inputs != at:
                raise NetspaceError(f"{where} reads '{layer.inputs}', but the layer before it writes '{at}'; join them")
            if isinstance(layer, Conv) and layer.group_width is not None and layer.inputs != layer.outputs:
                raise NetspaceError(
                    f"{where} is grouped from '{layer.inputs}' to '{layer.outputs}'; a grouped convolution has one set "
                    f"of channels: let it write '{layer.inputs}'"
                )
            if layer.inputs == IN and _is_grouped(layer):
                raise NetspaceError(
                    f"{where} is grouped over 'in', whose channels the stage before chooses one by one; let it be "
                    "depthwise (group width 1), or group channels of the block's own"
                )
            for activation in (layer.activation, self.activation):
                if activation and activation not in ACTIVATIONS:
                    raise NetspaceError(f"{where}: unknown activation, {did_you_mean(activation, ACTIVATIONS)}")
            at, stride = layer.outputs, stride * getattr(layer, "stride", 1)
        if at != OUT or stride != self.stride:
            raise NetspaceError(
                f"the residual ends at '{at}' with stride {stride}; it has to end at 'out' with the block's stride "
                f"{self.stride}"
            )
        if self.shortcut not in SHORTCUTS:
            raise NetspaceError(f"unknown shortcut '{self.shortcut}', {did_you_mean(self.shortcut, SHORTCUTS)}")
        names = [layer.name for layer in self.residual]
        if len({*names, *TAKEN}) < len(names) + len(TAKEN) or not all(name.isidentifier() for name in names):
            raise NetspaceError(
                f"layers {', '.join(names)}: each needs a name of its own, other than {', '.join(TAKEN)}"
            )

    @property
    def projection(self) -> Conv:
        """The shortcut's convolution, where there is one."""
        return Conv("shortcut", IN, OUT, 1, self.stride)

    def reads(self, layer: Conv) -> Amount:
        """Return how many input channels each output of a convolution is made of."""
        return self.channels[layer.inputs] if layer.group_width is None else layer.group_width

    @property
    def groups(self) -> dict[str, Amount]:
        """By the name of a set of channels, the width of the groups in which a convolution takes it."""
        convs = [layer for layer in self.residual if isinstance(layer, Conv)]
        return {conv.inputs: conv.group_width for conv in convs if conv.group_width is not None}

    def largest(self) -> BlockPlan:
        """Return the plan of which each one that this stands for is a part: the largest of every amount, as numbers."""
        layers = tuple(_largest_layer(layer) for layer in self.residual)
        return replace(self, channels={name: _largest(n) for name, n in self.channels.items()}, residual=layers)

    @property
    def projected(self) -> Any:
        """Whether the shortcut is a convolution: a bool, or an array of them."""
        return self._changed if self.shortcut == "project" else self._changed & False

    @property
    def adds(self) -> Any:
        """Whether anything is added to the residual: a bool, or an array of them."""
        return self._changed | True if self.shortcut == "project" else self._changed ^ True

    @property
    def _changed(self) -> Any:
        return (self.channels[IN] != self.channels[OUT]) | (self.stride != 1)


def _is_grouped(layer: Layer) -> bool:
    return (
        isinstance(layer, Conv) and layer.group_width is not None and bool(np.any(np.not_equal(layer.group_width, 1)))
    )


def _largest(amount: Amount) -> int:
    return int(np.max(amount))


def _largest_layer(layer: Layer) -> Layer:
    if isinstance(layer, Squeeze):
        return layer
    group = None if layer.group_width is None else _largest(layer.group_width)
    return replace(layer, kernel=_largest(layer.kernel), group_width=group)


@dataclass(frozen=True)
class Knob:
    """What a block lets be chosen per stage beside depth and width.

    Args:
        default: where neither a space nor an architecture says.
        low: least value.
        high: largest value.
        odd: whether only odd values serve.
        within: `width` or `depth` of the stage, which no value may exceed at its largest; empty is none.
    """

    default: int
    low: int = 1
    high: int = 64
    odd: bool = False
    within: str = ""

    def __post_init__(self) -> None:
        if not self.allows(self.default):
            raise NetspaceError(f"a knob's default {self.refusal(self.default)}")
        if self.within not in ("", "width", "depth"):
            raise NetspaceError(f"a knob cannot be within '{self.within}'; allowed: width, depth")

    def nearest(self, value: int) -> int:
        """Return the allowed value nearest to one that was given."""
        near = min(max(value, self.low), self.high)
        return near if not self.odd or near % 2 else near + (1 if near < self.high else -1)

    def allows(self, value: int) -> bool:
        """Say whether a value is allowed."""
        return self.nearest(value) == value

    def refusal(self, value: int) -> str:
        """Return the message on a value that is not allowed, to be put behind its place."""
        odd = "odd, " if self.odd else ""
        return f"{value} is not allowed ({odd}{self.low} to {self.high}); nearest is {self.nearest(value)}"


@dataclass(frozen=True)
class BlockSettings:
    """What a template says of its blocks and does not search.

    Args:
        activation: of all layers that have one.
        squeeze: squeeze-and-excitation with this part of the block's inputs; 0 is none.
    """

    activation: Activation = "relu"
    squeeze: int = 0


class Block(Protocol):
    """A kind of block."""

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """What may be chosen per stage beside depth and width."""
        ...

    def plan(self, inputs: Amount, stage: Mapping[str, Amount], *, stride: int, settings: BlockSettings) -> BlockPlan:
        """Return the plan of one block.

        Args:
            inputs: width before it; a number or an array, and so are the stage's values.
            stage: `width` and a value of each knob.
            stride: 1, or 2 in the first block of a stage that halves the resolution.
            settings: of the template.
        """
        ...
