"""A space of one image size as stages that follow each other, each state's cost depending on the width before it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from netspace.cost.model import CostModel
from netspace.spaces import NetworkSpace
from netspace.spaces.ranges import IntArray


class Stage(NamedTuple):
    """What one stage may be, each state a width and a value of each knob.

    Args:
        values: by knob, shape (states,).
        outs: different output widths, rising, shape (outs,).
        out: place of each state's output width among them, shape (states,).
        entry: cost of the first block, shape (outs of the stage before, states).
        more: cost of the further blocks, shape (states, depths).
        depths: shape (depths,).
    """

    values: dict[str, IntArray]
    outs: IntArray
    out: IntArray
    entry: IntArray
    more: IntArray
    depths: IntArray


class Chain:
    """A space of one image size as stages that follow each other.

    Args:
        model: of the cost.
        space: its stages are taken.
        size: of the image; None is the template's.
    """

    def __init__(self, model: CostModel, space: NetworkSpace, size: int | None) -> None:
        self.size, self.start, self._joined = size, int(model.start(size)), model.joined
        self.stages: list[Stage] = []
        before = np.array([model.template.stem_width])
        for i, stage in enumerate(space.stages):
            values = stage.states
            outs, out = np.unique(model.out(values), return_inverse=True)
            entry = np.asarray(model.entry(i, before[:, None], values, size))
            depths = stage.depth.values
            more = model.repeated(np.asarray(model.block(i, values, size))[:, None], depths - 1)
            self.stages.append(Stage(values, outs, out.ravel(), entry, more, depths))
            before = outs
        self.head = np.asarray(model.head(before, size)) + np.zeros(len(before), np.int64)

    @property
    def tables(self) -> list[IntArray]:
        """The costs of all parts: the stem's, each stage's first and further blocks', the head's."""
        stages = (part for stage in self.stages for part in (stage.entry, stage.more))
        return [np.array(self.start), *stages, self.head]

    def extreme(self, end: str) -> int:
        """Return the smallest (`min`) or largest (`max`) cost of a member, exact."""
        rest = self.head
        for stage in reversed(self.stages):
            reach = self._joined(getattr(stage.more, end)(1), rest[stage.out])
            rest = getattr(self._joined(stage.entry, reach), end)(1)
        return int(self._joined(self.start, rest[0]))
