"""A budget: a target for one cost, and how near to it an architecture has to be."""

from __future__ import annotations

import math
import re
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from netspace.cost.band import Band
from netspace.cost.layers import cost_named
from netspace.cost.model import CostModel
from netspace.cost.spaces import SpaceCosts
from netspace.errors import NetspaceError
from netspace.spaces import NetworkSpace, NetworkTemplate
from netspace.spaces.ranges import STRICT, WIDEST, IntArray

LARGEST = 2**62
PAPER_BUDGETS = ("200M", "400M", "600M", "1.6G", "3.2G", "4G", "6.4G", "8G", "12G", "16G", "24G", "32G")  # at 32×32
_AMOUNT = r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,3}))?\s*([kKmMgGtT]?)\s*"
_UNITS = {"": 0, "K": 3, "M": 6, "G": 9, "T": 12}


def parse_amount(text: str) -> int:
    """Read an amount such as `200M`, `1.6G` or `2e8`.

    Raises:
        NetspaceError: where it is no positive whole amount.
    """
    return _amount(str(text), str(text))


def _amount(text: str, whole: str) -> int:
    """Read an amount that is part of a whole text, which messages show."""
    match = re.fullmatch(_AMOUNT, text)
    if match is None:
        raise NetspaceError(
            f"budget '{whole[:80]}' is no amount; write a number with K, M, G or T, as 200M, 1.6G or 2e8"
        )
    number, exponent, unit = match.groups()
    amount = float(f"{number}e{int(exponent or 0) + _UNITS[unit.upper()]}")
    if not 1 <= amount < LARGEST:
        raise NetspaceError(f"budget '{whole[:80]}' is outside of 1 to 4e18; write it as 200M, 1.6G or 2e8")
    return round(amount)


def format_amount(amount: float) -> str:
    """Write an amount in three to four figures, as `200M`; parse_amount reads it back."""
    for unit, power in (("T", 12), ("G", 9), ("M", 6), ("K", 3)):
        if amount >= 0.9995 * 10**power:
            return f"{amount / 10**power:.4g}{unit}"
    return f"{amount:.4g}"


@dataclass(frozen=True, config=STRICT)
class Budget:
    """A target for one cost.

    Args:
        target: the amount, ≥ 1: multiply-adds, parameters or output elements.
        tolerance: an architecture satisfies the budget where |cost/target − 1| ≤ tolerance (paper: 10 %).
        kind: which cost, a name in `netspace.cost.COSTS`.
    """

    target: Annotated[int, Field(ge=1, le=LARGEST)]
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.1
    kind: str = "flops"

    @model_validator(mode="after")
    def _check(self) -> Budget:
        cost_named(self.kind)
        return self

    @classmethod
    def parse(cls, text: str, tolerance: float = 0.1) -> Budget:
        """Read a FLOPs budget such as `200M`, or one of another cost such as `params=1.2M`.

        Raises:
            NetspaceError: where the amount is none, or the cost is unknown.
        """
        kind, equals, amount = str(text).rpartition("=")
        kind = kind.strip()
        if equals:
            cost_named(kind)
        return cls(_amount(amount, str(text)), tolerance, kind if equals else "flops")

    @property
    def words(self) -> str:
        """The budget in a sentence, as `200M FLOPs` or `params=1.2M`."""
        return f"{self} FLOPs" if self.kind == "flops" else str(self)

    def __str__(self) -> str:
        short = format_amount(self.target)
        amount = short if parse_amount(short) == self.target else str(self.target)
        return amount if self.kind == "flops" else f"{self.kind}={amount}"

    @property
    def interval(self) -> tuple[int, int]:
        """The smallest and the largest cost that satisfies the budget."""
        # The slack keeps a cost at exactly target·(1 ± tolerance) inside, whatever the rounding of the product.
        slack = 1e-9 * self.target
        return (
            math.ceil(self.target * (1 - self.tolerance) - slack),
            math.floor(self.target * (1 + self.tolerance) + slack),
        )

    def members(self, space: NetworkSpace, template: NetworkTemplate) -> Band:
        """Return the members of a space that satisfy the budget; there may be none."""
        return SpaceCosts(CostModel(template, self.kind), space).band(*self.interval)

    def band(self, space: NetworkSpace, template: NetworkTemplate) -> Band:
        """Return the members of a space that satisfy the budget.

        Raises:
            NetspaceError: where there are none: the feasible interval, the nearest feasible budget and the knob
                that binds.
        """
        band = self.members(space, template)
        if not band.size:
            raise NetspaceError(self._infeasible(SpaceCosts(CostModel(template, self.kind), space)))
        return band

    def _infeasible(self, costs: SpaceCosts) -> str:
        low, high = costs.bounds
        before, behind = ("", " flops") if self.kind == "flops" else (f"{self.kind}=", "")
        nearest = f"{before}{costs.nearest(self.target)}"
        text = (
            f"budget {self} ±{self.tolerance:.0%}{behind} is infeasible: {costs.space} costs "
            f"{format_amount(low)} to {format_amount(high)} (exactly {low:,} to {high:,}); "
            f"the nearest feasible budget is {nearest}"
        )
        if low <= self.target <= high:
            return f"{text}; no member lies in the band, so allow a larger tolerance or a smaller step"
        return f"{text}; what binds is the {_binding_knob(costs, -1 if self.target < low else 1)}"


def _binding_knob(costs: SpaceCosts, sign: int) -> str:
    """Name the end of a range that, moved by a factor of two, would move the space's bound the most.

    The bound is the lowest (sign −1) or the highest (1). A cost may fall where a knob rises, so each end is tried.
    """
    template, space = costs.model.template, costs.space
    bound = np.array([_outer_end(costs, place, sign) for place in range(len(space.axes))])
    why = "which no range changes" if costs.model.takes_largest else "since every range is at 1"
    best, name = 0, f"stem (width {template.stem_width}) at image size {template.image_size}, {why}"
    for place, values in enumerate(space.axes):
        for end, moved in (("low", max(values.low // 2, 1)), ("high", min(values.high * 2, WIDEST))):
            if bound[place] != getattr(values, end):
                continue
            change = sign * _change(costs, bound, place, moved)
            if change > best:
                best, name = change, f"{end}est {_shown(space, place)} ({getattr(values, end)})"
    return name


def _change(costs: SpaceCosts, point: IntArray, place: int, value: int) -> int:
    """Return what a network's cost changes by with another value on one axis, or the nearest that its knob allows."""
    layout, further = costs.space.layout, point.copy()
    knob = layout.each[place % len(layout.each)] if place < layout.columns - layout.image_size else ""
    own = costs.model.template.kind.knobs
    further[place] = own[knob].nearest(value) if knob in own else value
    try:
        return int(np.subtract(*costs.model(np.stack([further, point])).tolist()))
    except NetspaceError:
        return 0  # no block can have it


def _outer_end(costs: SpaceCosts, place: int, sign: int) -> int:
    """Return the end of an axis at which networks cost the least (sign −1) or the most (1), the others being low."""
    axes = costs.space.axes
    points = np.array([[values.low for values in axes]] * 2)
    points[1, place] = axes[place].high
    low, high = costs.model(points).tolist()
    return axes[place].high if sign * (high - low) > 0 else axes[place].low


def _shown(space: NetworkSpace, place: int) -> str:
    layout = space.layout
    stage, knob = divmod(place, len(layout.each))
    return f"{layout.each[knob].replace('_', ' ')} of stage {stage + 1}" if stage < layout.stages else "image size"
