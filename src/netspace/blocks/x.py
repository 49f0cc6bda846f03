"""The X block of RegNet: 1×1, grouped 3×3, 1×1 (Radosavovic et al. 2020, arXiv 2003.13678)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from netspace.blocks.plan import IN, OUT, Amount, BlockPlan, BlockSettings, Conv, Knob

WIDEST_GROUP = 8192


class X:
    """1×1 to width / expansion, 3×3 in groups of a width, 1×1 back, and a shortcut.

    Groups that do not divide are adjusted as RegNet does it: a group is at most as wide as the inside, the inside is
    rounded to a multiple of it (half to even, at least one group), and the stage's width follows from the inside.
    """

    knobs: ClassVar[Mapping[str, Knob]] = {
        "expansion": Knob(1),
        "group_width": Knob(8, high=WIDEST_GROUP, within="width"),
    }

    def plan(self, inputs: Amount, stage: Mapping[str, Amount], *, stride: int, settings: BlockSettings) -> BlockPlan:
        """See Block."""
        act, expansion = settings.activation, stage["expansion"]
        inner = np.maximum(stage["width"] // expansion, 1)
        group = np.minimum(stage["group_width"], inner)
        inner = np.maximum(np.rint(inner / group).astype(np.int64), 1) * group
        residual = (
            Conv("narrow", IN, "inner", 1, activation=act),
            Conv("middle", "inner", "inner", 3, stride, group, act),
            Conv("widen", "inner", OUT, 1),
        )
        return BlockPlan({IN: inputs, "inner": inner, OUT: inner * expansion}, residual, stride, "project", act)
