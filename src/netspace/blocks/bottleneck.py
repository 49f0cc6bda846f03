"""The bottleneck: 1×1, 3×3, 1×1 (He et al. 2016, arXiv 1512.03385), narrower inside by its expansion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from netspace.blocks.plan import IN, OUT, Amount, BlockPlan, BlockSettings, Conv, Knob


class Bottleneck:
    """1×1 down to width / expansion (rounded down, at least 1), 3×3 there, 1×1 up, and a shortcut."""

    knobs: ClassVar[Mapping[str, Knob]] = {"expansion": Knob(4)}

    def plan(self, inputs: Amount, stage: Mapping[str, Amount], *, stride: int, settings: BlockSettings) -> BlockPlan:
        """See Block."""
        act, width = settings.activation, stage["width"]
        channels = {IN: inputs, "inner": np.maximum(width // stage["expansion"], 1), OUT: width}
        residual = (
            Conv("narrow", IN, "inner", 1, activation=act),
            Conv("middle", "inner", "inner", 3, stride, activation=act),
            Conv("widen", "inner", OUT, 1),
        )
        return BlockPlan(channels, residual, stride, "project", act)
