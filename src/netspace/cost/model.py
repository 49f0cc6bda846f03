"""Exact costs of architectures in a template, one or a million at a time.

A cost is a chain: what a stage costs depends on its own values and on the width before it, and each block's part is
read off its plan, layer by layer. The parts add up, or the largest of them is the cost.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from netspace.blocks import IN, BlockPlan, check_sizes
from netspace.cost.adding import Added, is_largest, says_parts
from netspace.cost.layers import COST_KINDS, COSTS, Amount, Cost, cost_named
from netspace.cost.memory import PartCost
from netspace.errors import NetspaceError
from netspace.spaces import Architecture, NetworkTemplate
from netspace.spaces.layout import Points
from netspace.spaces.ranges import IntArray
from netspace.spaces.template import halved

LARGEST = 2.0**62
Values = Mapping[str, Any]


@dataclass(frozen=True)
class CostModel:
    """One kind of cost in one template.

    cost = stem + Σ_i [entry(i, w_{i−1}, stage_i) + (d_i − 1)·block(i, stage_i)] + head(w_S)

    or the largest of these parts. Every part takes whole numbers or arrays, which broadcast; `size` is the image size,
    None the template's.

    Args:
        template: all of the network that is not searched.
        kind: a name in `netspace.cost.COSTS`, such as `flops` or `peak_memory`, or one that was added.

    Raises:
        NetspaceError: where the kind is unknown, or was measured on networks of another template.
    """

    template: NetworkTemplate
    kind: str = "flops"

    def __post_init__(self) -> None:
        check = getattr(cost_named(self.kind), "check", None)
        if check is not None:
            check(self.template)

    @cached_property
    def _parts(self) -> PartCost:
        found = cost_named(self.kind)
        return found if says_parts(found) else Added(found)

    @cached_property
    def takes_largest(self) -> bool:
        """Whether the cost is the largest of its parts instead of their sum."""
        return is_largest(cost_named(self.kind))

    def joined(self, one: Amount, other: Amount) -> Amount:
        """Return what two parts cost together."""
        return np.maximum(one, other) if self.takes_largest else one + other

    def repeated(self, part: Amount, times: Amount) -> Amount:
        """Return what a part costs that is there so many times; it may be none."""
        return (times > 0) * part if self.takes_largest else times * part

    def start(self, size: Amount | None = None) -> Amount:
        """Cost of the stem."""
        return self._counted(self._parts.stem(self.template, self._size(size)), size)

    def entry(self, stage: int, inputs: Amount, values: Values, size: Amount | None = None) -> Amount:
        """Cost of the first block of a stage.

        Args:
            stage: its index.
            inputs: width before it, as `out` of the stage before, or the stem's.
            values: `width` and each further knob of the stage.
            size: of the image.
        """
        template = self.template
        whole = self._size(size)
        sizes = (halved(halved(whole, template.stem.stride), template.stem.pool), *template.resolutions_at(whole))
        plan = template.plan(inputs, values, template.strides[stage])
        return self._block(stage, plan, sizes[stage], sizes[stage + 1])

    def block(self, stage: int, values: Values, size: Amount | None = None) -> Amount:
        """Cost of each further block of a stage."""
        out = self.template.resolutions_at(self._size(size))[stage]
        return self._block(stage, self.template.plan(self.out(values), values, 1), out, out)

    def out(self, values: Values) -> Amount:
        """Output channels of a stage: its width, as its kind of block adjusts it."""
        return self.template.out(values)

    def head(self, width: Amount, size: Amount | None = None) -> Amount:
        """Cost of what comes behind the last stage: the head's convolution, where there is one, and the classifier."""
        out = self.template.resolutions_at(self._size(size))[-1]
        return self._counted(self._parts.head(self.template, width, out), width)

    def _size(self, size: Amount | None) -> Amount:
        return self.template.image_size if size is None else size

    def _block(self, stage: int, plan: BlockPlan, before: Amount, behind: Amount) -> Amount:
        check_sizes(plan, self.template.place(stage))
        return self._counted(self._parts.block(plan, before, behind), plan.channels[IN])

    def _counted(self, amount: Amount, given: Amount | None) -> Amount:
        """Return an amount that a kind of cost gave, where it is a count; of floats it is a bound."""
        values = np.asarray(amount)
        if not values.size:
            return amount
        if values.dtype.kind == "f" and given is not None and np.asarray(given).dtype.kind == "f":
            return amount
        if values.dtype.kind not in "iu":
            raise NetspaceError(
                f"cost '{self.kind}' gives {values.dtype.name} {values.flat[0]!s:.40}; costs are whole numbers, so "
                "round it, or count smaller units"
            )
        if values.min() < 0:
            raise NetspaceError(f"cost '{self.kind}' gives {values.min()}; a part of a network costs 0 or more")
        return amount

    def __call__(self, points: Points) -> IntArray:
        """Price architectures.

        Args:
            points: shape (n, axes); columns as the template's layout says, with one for the image size or without.

        Returns:
            exact costs, shape (n,), int64.

        Raises:
            NetspaceError: where a cost is beyond 4.6e18.
        """
        points = np.asarray(points, np.int64, order="F")  # parts are worked out column by column
        if len(points):
            self.check_reach(points.min(0), points.max(0))
        return np.asarray(self._total(points), np.int64)

    def check_reach(self, low: IntArray, high: IntArray) -> None:
        """Raise NetspaceError where networks between two points may cost too much to count, beyond 4.6e18.

        Args:
            low: the least value on each axis, shape (axes,).
            high: the largest.
        """
        layout = self.template.layout_of(high)
        rows = []
        for ends in itertools.product((low, high), repeat=len(layout.knobs)):  # a cost may fall where a knob rises
            row = high.astype(np.float64)
            for knob, end in zip(layout.knobs, ends, strict=True):
                columns = [layout.column(i, knob) for i in range(layout.stages)]
                row[columns] = end[columns]
            rows.append(row)
        if float(self._total(np.array(rows)).max()) > LARGEST:
            raise NetspaceError(f"a network costs more than {LARGEST:.2g} {self.kind}; give smaller ranges")

    def product(self, axes: Sequence[IntArray]) -> IntArray:
        """Price every combination of values: small tables for each stage, added by broadcasting.

        Args:
            axes: the values of each column of the template's layout, with one for the image size or without.

        Returns:
            exact costs, shape (values of the first axis, of the second, …), int64.
        """
        n = len(axes)
        columns = [values.reshape([-1 if c == column else 1 for c in range(n)]) for column, values in enumerate(axes)]
        layout = self.template.layout(image_size=n > self.template.layout().columns)
        stages = [{knob: columns[layout.column(i, knob)] for knob in layout.each} for i in range(layout.stages)]
        size = columns[-1] if layout.image_size else None
        return np.broadcast_to(self._chained(stages, size, np.int64), [len(values) for values in axes])

    def _total(self, points: Any) -> Any:
        layout = self.template.layout_of(points)
        stages = [layout.stage(points, i) for i in range(layout.stages)]
        total = self._chained(stages, layout.image_sizes(points), points.dtype)
        return total + np.zeros(len(points), points.dtype)

    def _chained(self, stages: Sequence[Values], size: Amount | None, dtype: Any) -> Any:
        """Join stem, stages and head; arrays broadcast."""
        total, inputs = self.start(size), np.full(1, self.template.stem_width, dtype)
        for stage, own in enumerate(stages):
            total = self.joined(total, self.entry(stage, inputs, own, size))
            total = self.joined(total, self.repeated(self.block(stage, own, size), own["depth"] - 1))
            inputs = self.out(own)
        return self.joined(total, self.head(inputs, size))


def cost(architecture: Architecture, template: NetworkTemplate) -> Cost:
    """Return the exact costs of one architecture; knobs that it leaves out are at their defaults.

    Raises:
        NetspaceError: where it does not fit the template.
    """
    every = all_costs(architecture, template, COST_KINDS)
    return Cost(**every)


def all_costs(
    architecture: Architecture, template: NetworkTemplate, kinds: Iterable[str] | None = None
) -> dict[str, int]:
    """Return the exact costs of one architecture by kind: of those given, or of all in `netspace.cost.COSTS`."""
    points = template.points([architecture])
    return {kind: int(CostModel(template, kind)(points)[0]) for kind in kinds or COSTS}
