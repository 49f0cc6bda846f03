"""Exact costs of architectures in a template, one or a million at a time.

A cost is a chain: what a stage costs depends on its own values and on the width before it, and each block's part is
read off its plan, layer by layer.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from netspace.blocks import IN, OUT, BlockPlan, Squeeze, check_sizes
from netspace.cost.layers import COST_KINDS, Amount, Cost, LayerCost, cost_named
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

    Every part takes whole numbers or arrays, which broadcast; `size` is the image size, None the template's.

    Args:
        template: all of the network that is not searched.
        kind: a name in `netspace.cost.COSTS`: `flops`, `params`, `activations`, or one that was added.

    Raises:
        NetspaceError: where the kind is unknown.
    """

    template: NetworkTemplate
    kind: str = "flops"

    def __post_init__(self) -> None:
        cost_named(self.kind)

    @cached_property
    def _layer(self) -> LayerCost:
        return cost_named(self.kind)

    def start(self, size: Amount | None = None) -> Amount:
        """Cost of the stem."""
        t = self.template
        out = halved(t.image_size if size is None else size, t.stem.stride)
        total = self._layer.conv(t.channels, t.stem_width, t.stem.kernel, out)
        return self._counted(
            total if t.stem.pool == 1 else total + self._layer.pool(t.stem_width, halved(out, t.stem.pool)), size
        )

    def entry(self, stage: int, inputs: Amount, values: Values, size: Amount | None = None) -> Amount:
        """Cost of the first block of a stage.

        Args:
            stage: its index.
            inputs: width before it, as `out` of the stage before, or the stem's.
            values: `width` and each further knob of the stage.
            size: of the image.
        """
        stride = self.template.strides[stage]
        return self._plan_cost(stage, self.template.plan(inputs, values, stride), self._sizes(stage, size))

    def block(self, stage: int, values: Values, size: Amount | None = None) -> Amount:
        """Cost of each further block of a stage."""
        out = self.template.resolutions_at(self.template.image_size if size is None else size)[stage]
        return self._plan_cost(stage, self.template.plan(self.out(values), values, 1), (out, out))

    def out(self, values: Values) -> Amount:
        """Output channels of a stage: its width, as its kind of block adjusts it."""
        return self.template.out(values)

    def head(self, width: Amount, size: Amount | None = None) -> Amount:
        """Cost of what comes behind the last stage: the head's convolution, where there is one, and the classifier."""
        head = self.template.head_width
        classifier = self._layer.linear(head or width, self.template.classes)
        if not head:
            return self._counted(classifier, width)
        out = self.template.resolutions_at(self.template.image_size if size is None else size)[-1]
        return self._counted(self._layer.conv(width, head, 1, out) + classifier, width)

    def _sizes(self, stage: int, size: Amount | None) -> tuple[Amount, Amount]:
        """Return the height before and behind the first block of a stage."""
        template = self.template
        whole = template.image_size if size is None else size
        sizes = template.resolutions_at(whole)
        before = halved(halved(whole, template.stem.stride), template.stem.pool) if stage == 0 else sizes[stage - 1]
        return before, sizes[stage]

    def _plan_cost(self, stage: int, plan: BlockPlan, sizes: tuple[Amount, Amount]) -> Amount:
        """Add up a block's layers: those before its stride at the size before, the others at the size behind."""
        check_sizes(plan, self.template.place(stage))
        size, layers = sizes[0], []
        for layer in plan.residual:
            outputs = plan.channels[layer.outputs]
            if isinstance(layer, Squeeze):
                narrow = plan.channels[layer.squeezed]
                layers.append(self._layer.linear(outputs, narrow) + self._layer.linear(narrow, outputs))
                continue
            size = sizes[1] if layer.stride != 1 else size
            layers.append(self._layer.conv(plan.reads(layer), outputs, layer.kernel, size))
        total: Any = sum(layers[1:], layers[0])
        if plan.shortcut == "project":
            total = total + plan.projected * self._layer.conv(plan.channels[IN], plan.channels[OUT], 1, sizes[1])
        return self._counted(total, plan.channels[IN])

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
        """Add up stem, stages and head; arrays broadcast."""
        total, inputs = self.start(size), np.full(1, self.template.stem_width, dtype)
        for stage, own in enumerate(stages):
            total = total + self.entry(stage, inputs, own, size) + (own["depth"] - 1) * self.block(stage, own, size)
            inputs = self.out(own)
        return total + self.head(inputs, size)


def cost(architecture: Architecture, template: NetworkTemplate) -> Cost:
    """Return the exact costs of one architecture; knobs that it leaves out are at their defaults.

    Raises:
        NetspaceError: where it does not fit the template.
    """
    points = template.points([architecture])
    return Cost(*(int(CostModel(template, kind)(points)[0]) for kind in COST_KINDS))
