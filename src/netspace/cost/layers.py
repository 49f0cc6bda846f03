"""What a layer costs, for each kind of cost that adds up over layers, beside its formula.

FLOPs are multiply-adds of the convolutions and fully connected layers (RegNet's convention, Radosavovic et al. 2020);
activations are the outputs of these layers and of pooling before the stages (same source, and its code). BatchNorm and
biases count as parameters alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from netspace.cost.memory import PartCost, PeakMemory
from netspace.errors import NetspaceError
from netspace.plugins import named

Amount = Any  # a whole number or an integer array


class LayerCost(Protocol):
    """A kind of cost that adds up over layers."""

    def conv(self, reads: Amount, outputs: Amount, kernel: Amount, size: Amount) -> Amount:
        """Return the cost of a convolution without bias and the BatchNorm behind it.

        Args:
            reads: input channels that each output is made of: all of them, or those of its group.
            outputs: output channels.
            kernel: height and width.
            size: height (= width) of the output, pixels.
        """
        ...

    def linear(self, inputs: Amount, outputs: Amount) -> Amount:
        """Return the cost of a fully connected layer with bias."""
        ...

    def pool(self, channels: Amount, size: Amount) -> Amount:
        """Return the cost of pooling to maps of height `size`."""
        ...


class Flops:
    """Multiply-adds."""

    def conv(self, reads: Amount, outputs: Amount, kernel: Amount, size: Amount) -> Amount:
        """See LayerCost."""
        return (kernel * kernel) * (size * size) * (reads * outputs)  # what is a number is multiplied as numbers

    def linear(self, inputs: Amount, outputs: Amount) -> Amount:
        """See LayerCost."""
        return inputs * outputs

    def pool(self, channels: Amount, size: Amount) -> Amount:
        """See LayerCost."""
        return channels * size * 0


class Params:
    """Trainable numbers."""

    def conv(self, reads: Amount, outputs: Amount, kernel: Amount, size: Amount) -> Amount:
        """See LayerCost; two for each channel of the BatchNorm."""
        return kernel * kernel * reads * outputs + 2 * outputs

    def linear(self, inputs: Amount, outputs: Amount) -> Amount:
        """See LayerCost."""
        return inputs * outputs + outputs

    def pool(self, channels: Amount, size: Amount) -> Amount:
        """See LayerCost."""
        return channels * size * 0


class Activations:
    """Outputs of convolutions and fully connected layers."""

    def conv(self, reads: Amount, outputs: Amount, kernel: Amount, size: Amount) -> Amount:
        """See LayerCost."""
        return outputs * size * size

    def linear(self, inputs: Amount, outputs: Amount) -> Amount:
        """See LayerCost."""
        return inputs * 0 + outputs

    def pool(self, channels: Amount, size: Amount) -> Amount:
        """See LayerCost."""
        return channels * size * size


@dataclass(frozen=True)
class Flash:
    """Bytes that a deployed network's weights take, BatchNorm folded into the convolutions; no code, graph or header.

    In fp32 four bytes for each weight and bias, as `netspace export --fold` writes them. In int8 as TensorFlow Lite's
    specification of 8-bit quantisation has it (Jacob et al. 2018, arXiv 1712.05877; symmetric weights, per channel): a
    byte for each weight, and for each output channel an int32 bias and an fp32 scale. Symmetric weights have no zero
    points; the scale and zero point of each map, a few bytes a layer, are not counted.

    Args:
        weight: bytes of a weight.
        channel: bytes of each output channel beside its weights.
    """

    weight: int
    channel: int

    def conv(self, reads: Amount, outputs: Amount, kernel: Amount, size: Amount) -> Amount:
        """See LayerCost; the BatchNorm leaves a bias."""
        return self.weight * (kernel * kernel) * reads * outputs + self.channel * outputs

    def linear(self, inputs: Amount, outputs: Amount) -> Amount:
        """See LayerCost."""
        return self.weight * inputs * outputs + self.channel * outputs

    def pool(self, channels: Amount, size: Amount) -> Amount:
        """See LayerCost."""
        return channels * size * 0


COSTS: dict[str, LayerCost | PartCost] = {
    "flops": Flops(),
    "params": Params(),
    "activations": Activations(),
    "flash": Flash(weight=4, channel=4),
    "flash-int8": Flash(weight=1, channel=8),
    "peak_memory": PeakMemory(element=4),
    "peak_memory-int8": PeakMemory(element=1),
}
LATENCY = "latency"  # entered by `netspace.cost.use_profile`
IN_BYTES = ("flash", "flash-int8", "peak_memory", "peak_memory-int8")
COST_KINDS = ("flops", "params", "activations")  # what every network is stored with
COST_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"  # it goes into budgets' and files' names, as params=1.2M


class Cost(NamedTuple):
    """FLOPs (multiply-adds), parameters and activations of one network, exact."""

    flops: int
    params: int
    activations: int


def check_kind(kind: str) -> None:
    """Raise NetspaceError where there is no kind of cost of that name; latency is one before a profile says of what."""
    if kind != LATENCY:
        cost_named(kind)


def cost_named(kind: str) -> LayerCost | PartCost:
    """Return a kind of cost.

    Raises:
        NetspaceError: where there is none of that name, or what is entered is no kind of cost.
    """
    if kind == LATENCY and kind not in COSTS:
        raise NetspaceError(
            "latency is measured on a device, and no profile is given; make one with `netspace profile` and give it "
            "with --device-profile, in Python with netspace.cost.use_profile"
        )
    found = named(COSTS, kind, "cost")
    if not re.fullmatch(COST_NAME, kind):
        raise NetspaceError(
            f"cost '{kind}' is entered under a name that no budget can have; use letters, digits, _, - and ."
        )
    if isinstance(found, type):
        raise NetspaceError(f"cost '{kind}' is entered as a class; enter an instance")
    return found
