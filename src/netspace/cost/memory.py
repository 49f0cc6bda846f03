"""What a network needs of memory while it runs: the largest sum of tensors that are alive at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from netspace.blocks import IN, OUT, BlockPlan, Squeeze
from netspace.spaces import NetworkTemplate
from netspace.spaces.template import halved

Amount = Any  # a whole number or an integer array


class PartCost(Protocol):
    """A kind of cost that says what each of a network's parts costs: its stem, each of its blocks, its head.

    The largest of them is the network's; their sum, where its attribute `adds_up` is true. Where it has a method
    `check`, it is asked before anything is priced whether it can price networks of a template.
    """

    def stem(self, template: NetworkTemplate, size: Amount) -> Amount:
        """Return the cost of the stem on images of height `size`."""
        ...

    def block(self, plan: BlockPlan, before: Amount, behind: Amount) -> Amount:
        """Return the cost of a block.

        Args:
            plan: the block.
            before: height (= width) of its input, pixels.
            behind: of its output.
        """
        ...

    def head(self, template: NetworkTemplate, width: Amount, size: Amount) -> Amount:
        """Return the cost of what comes behind the last stage, whose output has `width` channels of height `size`."""
        ...


@dataclass(frozen=True)
class PeakMemory:
    """Bytes of the tensors that are alive together, at most, for one image; weights and code are not among them.

    Layer after layer, as a block's plan lists them and then its shortcut: a layer's input and output are alive
    while it runs, and so is what is still to be added, which is the block's input until the shortcut has read it.
    BatchNorm, activations, the weighing of squeeze-and-excitation and the sum are written over their input, as
    runtimes do; the image is alive until the stem has read it. Between two blocks one tensor is alive, so the whole
    network's peak is the largest of its parts' (the count of Liberis et al. 2021, arXiv 2010.14246, in one order).

    Args:
        element: bytes of an element: 4 in fp32, 1 in int8.
    """

    element: int

    def stem(self, template: NetworkTemplate, size: Amount) -> Amount:
        """See PartCost."""
        out = halved(size, template.stem.stride)
        convolved = template.stem_width * out**2
        live = [template.channels * size**2 + convolved]
        if template.stem.pool != 1:
            live.append(convolved + template.stem_width * halved(out, template.stem.pool) ** 2)
        return self.element * largest(live)

    def block(self, plan: BlockPlan, before: Amount, behind: Amount) -> Amount:
        """See PartCost."""
        entered = plan.channels[IN] * before**2
        waiting, now, size = 0, entered, before  # what waits for the sum beside the layers; at first it is their input
        live = []
        for layer in plan.residual:
            channels = plan.channels[layer.outputs]
            if isinstance(layer, Squeeze):
                live.append(waiting + now + channels + plan.channels[layer.squeezed])
                waiting = plan.adds * entered
                live.append(waiting + now + channels)
                continue
            size = behind if layer.stride != 1 else size
            live.append(waiting + now + channels * size**2)
            waiting, now = plan.adds * entered, channels * size**2
        if plan.shortcut == "project":
            live.append(plan.projected * (entered + now + plan.channels[OUT] * behind**2))
        return self.element * largest(live)

    def head(self, template: NetworkTemplate, width: Amount, size: Amount) -> Amount:
        """See PartCost."""
        pooled = template.head_width or width
        live = [pooled * size**2 + pooled, pooled + template.classes]
        if template.head_width:
            live.append(width * size**2 + template.head_width * size**2)
        return self.element * largest(live)


def largest(amounts: list[Amount]) -> Amount:
    """Return the largest of amounts, each a number or an array, element by element."""
    most = amounts[0]
    for amount in amounts[1:]:
        most = np.maximum(most, amount)
    return most
