"""A kind of block of one's own: a dense 3×3 that widens and a 1×1 that narrows (as in EfficientNetV2)."""

from netspace import NetworkTemplate
from netspace.blocks import BLOCKS, IN, OUT, BlockPlan, Conv
from netspace.cost import cost
from netspace.models import Network
from netspace.spaces import Architecture
from netspace.testing import check_block


class Fused:
    """3×3 up to twice the inputs, 1×1 down, and a shortcut where neither stride nor width changes."""

    knobs = {}

    def plan(self, inputs, stage, *, stride, settings):
        """Return the block's layers, over named sets of channels; amounts are numbers or arrays."""
        return BlockPlan(
            channels={IN: inputs, "inner": inputs * 2, OUT: stage["width"]},
            residual=(
                Conv("expand", IN, "inner", kernel=3, stride=stride, activation=settings.activation),
                Conv("project", "inner", OUT, kernel=1),
            ),
            stride=stride,
            shortcut="identity",
        )


BLOCKS["fused"] = Fused()

if __name__ == "__main__":
    check_block("fused")  # priced as counted, sliced = masked = extracted, gradients where used
    template = NetworkTemplate(block="fused", activation="silu")
    network = Architecture.of([1, 2, 2], [16, 32, 64])
    print(cost(network, template), sum(p.numel() for p in Network(network, template).parameters()))
