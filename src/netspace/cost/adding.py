"""What a network's parts cost where a kind of cost adds up over their layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from typing_extensions import TypeIs

from netspace.blocks import IN, OUT, BlockPlan, Squeeze
from netspace.cost.layers import Amount, LayerCost
from netspace.cost.memory import PartCost
from netspace.spaces import NetworkTemplate
from netspace.spaces.template import halved


def says_parts(kind: LayerCost | PartCost) -> TypeIs[PartCost]:
    """Say whether a kind of cost says what each of a network's parts costs, instead of each layer."""
    return hasattr(kind, "stem")


def is_largest(kind: LayerCost | PartCost) -> bool:
    """Say whether a kind of cost is the largest of a network's parts instead of their sum."""
    return says_parts(kind) and not getattr(kind, "adds_up", False)


@dataclass(frozen=True)
class Added:
    """The parts of a network, each the sum of its layers; see PartCost.

    Args:
        layer: what each costs.
    """

    layer: LayerCost

    def stem(self, template: NetworkTemplate, size: Amount) -> Amount:
        """See PartCost."""
        stem, out = template.stem, halved(size, template.stem.stride)
        total = self.layer.conv(template.channels, template.stem_width, stem.kernel, out)
        return total if stem.pool == 1 else total + self.layer.pool(template.stem_width, halved(out, stem.pool))

    def block(self, plan: BlockPlan, before: Amount, behind: Amount) -> Amount:
        """See PartCost; layers before the stride run at the size before, the others at the size behind."""
        size, layers = before, []
        for layer in plan.residual:
            outputs = plan.channels[layer.outputs]
            if isinstance(layer, Squeeze):
                narrow = plan.channels[layer.squeezed]
                layers.append(self.layer.linear(outputs, narrow) + self.layer.linear(narrow, outputs))
                continue
            size = behind if layer.stride != 1 else size
            layers.append(self.layer.conv(plan.reads(layer), outputs, layer.kernel, size))
        total: Any = sum(layers[1:], layers[0])
        if plan.shortcut == "project":
            total = total + plan.projected * self.layer.conv(plan.channels[IN], plan.channels[OUT], 1, behind)
        return total

    def head(self, template: NetworkTemplate, width: Amount, size: Amount) -> Amount:
        """See PartCost."""
        head = template.head_width
        classifier = self.layer.linear(head or width, template.classes)
        return self.layer.conv(width, head, 1, size) + classifier if head else classifier
