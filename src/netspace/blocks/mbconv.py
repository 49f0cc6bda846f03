"""The mobile inverted bottleneck: 1×1, depthwise, 1×1 (Sandler et al. 2018, arXiv 1801.04381), wider inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from netspace.blocks.plan import IN, OUT, Amount, BlockPlan, BlockSettings, Conv, Knob, Layer, Squeeze


class MBConv:
    """1×1 up to inputs · expansion, depthwise there, 1×1 down without activation; a shortcut where nothing changes.

    With `squeeze`, squeeze-and-excitation behind the depthwise convolution, down to inputs / squeeze (Tan and Le 2019,
    arXiv 1905.11946). The 1×1 that expands is there at an expansion of 1 too.
    """

    knobs: ClassVar[Mapping[str, Knob]] = {"expansion": Knob(4), "kernel": Knob(3, high=15, odd=True)}

    def plan(self, inputs: Amount, stage: Mapping[str, Amount], *, stride: int, settings: BlockSettings) -> BlockPlan:
        """See Block."""
        act = settings.activation
        channels = {IN: inputs, "inner": inputs * stage["expansion"], OUT: stage["width"]}
        layers: list[Layer] = [
            Conv("expand", IN, "inner", 1, activation=act),
            Conv("depthwise", "inner", "inner", stage["kernel"], stride, 1, act),
        ]
        if settings.squeeze:
            channels["squeezed"] = np.maximum(inputs // settings.squeeze, 1)
            layers.append(Squeeze("squeeze", "inner", "squeezed", act))
        layers.append(Conv("project", "inner", OUT, 1))
        return BlockPlan(channels, tuple(layers), stride, "identity")
