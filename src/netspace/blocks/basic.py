"""The basic block: two 3×3 convolutions (He et al. 2016, arXiv 1512.03385; the block of the paper's search space)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from netspace.blocks.plan import IN, OUT, Amount, BlockPlan, BlockSettings, Conv, Knob


class Basic:
    """3×3, 3×3, and a shortcut."""

    knobs: ClassVar[Mapping[str, Knob]] = {}

    def plan(self, inputs: Amount, stage: Mapping[str, Amount], *, stride: int, settings: BlockSettings) -> BlockPlan:
        """See Block."""
        act = settings.activation
        residual = Conv("first", IN, OUT, 3, stride, activation=act), Conv("second", OUT, OUT, 3)
        return BlockPlan({IN: inputs, OUT: stage["width"]}, residual, stride, "project", act)
