"""A budget: a target for one cost, and how near to it an architecture has to be."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from netspace.cost.band import Band, SpaceCosts
from netspace.cost.model import CostKind, CostModel
from netspace.errors import NetspaceError
from netspace.spaces import NetworkSpace, NetworkTemplate
from netspace.spaces.ranges import STRICT, Range

LARGEST = 2**62
_AMOUNT = r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,3}))?\s*([kKmMgGtT]?)\s*"
_UNITS = {"": 0, "K": 3, "M": 6, "G": 9, "T": 12}


def parse_amount(text: str) -> int:
    """Read an amount such as `200M`, `1.6G` or `2e8`.

    Raises:
        NetspaceError: where it is no positive whole amount.
    """
    match = re.fullmatch(_AMOUNT, str(text))
    if match is None:
        raise NetspaceError(
            f"budget '{str(text)[:80]}' is no amount; write a number with K, M, G or T, as 200M, 1.6G or 2e8"
        )
    number, exponent, unit = match.groups()
    amount = float(f"{number}e{int(exponent or 0) + _UNITS[unit.upper()]}")
    if not 1 <= amount < LARGEST:
        raise NetspaceError(f"budget '{str(text)[:80]}' is outside of 1 to 4e18; write it as 200M, 1.6G or 2e8")
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
        kind: which cost.
    """

    target: Annotated[int, Field(ge=1, le=LARGEST)]
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.1
    kind: CostKind = "flops"

    @classmethod
    def parse(cls, text: str, tolerance: float = 0.1) -> Budget:
        """Read a FLOPs budget such as `200M`."""
        return cls(parse_amount(text), tolerance)

    def __str__(self) -> str:
        short = format_amount(self.target)
        return short if parse_amount(short) == self.target else str(self.target)

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
        nearest = costs.nearest(self.target)
        text = (
            f"budget {self} ±{self.tolerance:.0%} {self.kind} is infeasible: {costs.space} costs "
            f"{format_amount(low)} to {format_amount(high)} (exactly {low:,} to {high:,}); "
            f"the nearest feasible budget is {nearest}"
        )
        if low <= self.target <= high:
            return f"{text}; no member lies in the band, so allow a larger tolerance or a smaller step"
        end = "low" if self.target < low else "high"
        return f"{text}; what binds is the {_binding_knob(costs, end)}"


def _binding_knob(costs: SpaceCosts, end: str) -> str:
    """Name the range whose bound, moved by a factor of two, would move the space's bound the most."""
    template = costs.model.template
    best, name = 0, f"stem (width {template.stem_width}) at image size {template.image_size}, since every range is at 1"
    side = 0 if end == "low" else 1
    for i, stage in enumerate(costs.space.stages):
        for knob in ("depth", "width"):
            bound = getattr(getattr(stage, knob), end)
            value = max(bound // 2, 1) if end == "low" else bound * 2
            moved = _fixed_at(costs.space, end, stage=i, **{knob: value})
            change = abs(SpaceCosts(costs.model, moved).bounds[side] - costs.bounds[side])
            if change > best:
                best, name = change, f"{end}est {knob} of stage {i + 1} ({bound})"
    return name


def _fixed_at(space: NetworkSpace, end: str, *, stage: int, **knob: int) -> NetworkSpace:
    """Return the one-member space at the low or high end of every range, with one knob set anew."""
    stages = []
    for i, ranges in enumerate(space.stages):
        values = {name: getattr(getattr(ranges, name), end) for name in ("depth", "width")}
        values |= knob if i == stage else {}
        stages.append(type(ranges)(**{name: Range(value, value) for name, value in values.items()}))
    return NetworkSpace(tuple(stages))
