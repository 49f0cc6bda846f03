"""A space of one image size cut at a middle stage, so that its members are pairs whose costs add up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from netspace.cost.model import CostModel
from netspace.spaces import NetworkSpace, StageSpace
from netspace.spaces.ranges import IntArray

MAX_HALF = 2**22
MAX_WORK = 2**27  # places looked up: seconds


class Half:
    """All choices for some neighbouring stages, with the cost inside them.

    Args:
        model: of the cost.
        stages: neighbouring ones; may be none.
        first: index of the first of them.
        size: of the image; None is the template's.
    """

    def __init__(self, model: CostModel, stages: tuple[StageSpace, ...], first: int, size: int | None) -> None:
        self.points = NetworkSpace(stages).enumerate() if stages else np.empty((1, 0), np.int64)
        self.values: list[dict[str, IntArray]] = []
        if stages:
            layout = NetworkSpace(stages).layout
            self.values = [layout.stage(self.points, i) for i in range(len(stages))]
        self.outs = [np.asarray(model.out(values)) for values in self.values]
        self.inner = np.zeros(len(self.points), np.int64)
        for i, values in enumerate(self.values):
            self.inner += (values["depth"] - 1) * model.block(first + i, values, size)
            if i:
                self.inner += model.entry(first + i, self.outs[i - 1], values, size)


class Halves:
    """The members of a space of one image size, by what their middle stage is.

    Given the middle stage's width and further knobs (a state), its depth, the stages before it and those behind it are
    independent.

    Args:
        model: of the cost.
        stages: of the space.
        size: of the image; None is the template's.
    """

    def __init__(self, model: CostModel, stages: tuple[StageSpace, ...], size: int | None) -> None:
        self.model, self.size, self.cut = model, size, len(stages) // 2
        self._stages = stages
        middle = stages[self.cut]
        self.states = middle.states
        self.depths = middle.depth.values

    @property
    def count(self) -> int:
        """Number of states."""
        return len(self.states["width"])

    @cached_property
    def left(self) -> Half:
        """The stages before the middle one; their inner cost holds the stem's and the first entry's."""
        model, half = self.model, Half(self.model, self._stages[: self.cut], 0, self.size)
        if self.cut:
            half.inner += model.entry(0, model.template.stem_width, half.values[0], self.size)
        half.inner += model.start(self.size)
        return half

    @cached_property
    def right(self) -> Half:
        """The stages behind the middle one; their inner cost holds the head's."""
        half = Half(self.model, self._stages[self.cut + 1 :], self.cut + 1, self.size)
        if half.outs:
            half.inner += self.model.head(half.outs[-1], self.size)
        return half

    @property
    def work(self) -> float:
        """How many places a count looks up, at most; infinite where a half is too long to list."""
        left = math.prod(stage.size for stage in self._stages[: self.cut])
        right = math.prod(stage.size for stage in self._stages[self.cut + 1 :])
        return self.count * (left * len(self.depths) + right) if max(left, right) <= MAX_HALF else math.inf

    def state(self, j: int) -> Mapping[str, int]:
        """Return the middle stage's width and further knobs in a state."""
        return {name: int(values[j]) for name, values in self.states.items()}

    def costs(self, j: int) -> tuple[IntArray, IntArray, IntArray]:
        """Return the costs of the left half, of the middle stage's further blocks (by depth), of the right half."""
        state, model = self.state(j), self.model
        inputs = self.left.outs[-1] if self.cut else np.array([model.template.stem_width])
        left = self.left.inner + model.entry(self.cut, inputs, state, self.size)
        further = (self.depths - 1) * model.block(self.cut, state, self.size)
        out = model.out(state)
        if self.right.values:
            right = self.right.inner + model.entry(self.cut + 1, out, self.right.values[0], self.size)
        else:
            right = self.right.inner + model.head(out, self.size)
        return left, further, right

    def members(self, j: int, before: IntArray, depth: IntArray, after: IntArray) -> IntArray:
        """Return members in a state as points.

        Args:
            j: the state.
            before: places in the left half, shape (n,).
            depth: places among the middle stage's depths, shape (n,).
            after: places in the right half, shape (n,).
        """
        values = np.array([list(self.state(j).values())]).repeat(len(before), axis=0)
        middle = (self.depths[depth, None], values)
        size = () if self.size is None else (np.full((len(before), 1), self.size),)
        return np.concatenate((self.left.points[before], *middle, self.right.points[after], *size), axis=1)
