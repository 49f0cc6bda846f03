"""A budget: a target for one cost, how near to it an architecture has to be, and bounds that it keeps beside that."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from netspace.cost.amounts import LARGEST, amount_in, exact_amount
from netspace.cost.band import Band
from netspace.cost.constraint import Constraint, intervals, together
from netspace.cost.infeasible import Bound, infeasible_alone, infeasible_together
from netspace.cost.joint import Condition, joint_band
from netspace.cost.layers import check_kind
from netspace.cost.model import CostModel
from netspace.cost.spaces import SpaceCosts
from netspace.documents import later
from netspace.errors import NetspaceError
from netspace.spaces import NetworkSpace, NetworkTemplate
from netspace.spaces.layout import Points
from netspace.spaces.ranges import STRICT, BoolArray

PAPER_BUDGETS = ("200M", "400M", "600M", "1.6G", "3.2G", "4G", "6.4G", "8G", "12G", "16G", "24G", "32G")  # at 32×32
_PAPER_PIXELS = 32


def paper_scale(image_size: int) -> float:
    """Return what a network of the paper, which takes 32×32 pixels, costs at another image size, as a multiple."""
    return (image_size / _PAPER_PIXELS) ** 2


@dataclass(frozen=True, config=STRICT)
class Budget:
    """A target for one cost, and constraints beside it.

    An architecture satisfies it where |cost/target − 1| ≤ tolerance and it meets every constraint.

    Args:
        target: the amount, ≥ 1: multiply-adds, parameters, output elements or bytes.
        tolerance: relative distance from the target that still satisfies the budget (paper: 10 %).
        kind: which cost, a name in `netspace.cost.COSTS`.
        constraints: bounds of this cost or of others.
    """

    target: Annotated[int, Field(ge=1, le=LARGEST)]
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.1
    kind: str = "flops"
    constraints: tuple[Constraint, ...] = later(())

    @model_validator(mode="after")
    def _check(self) -> Budget:
        check_kind(self.kind)
        together((), self.constraints)
        for kind, (low, high) in self._intervals.items():
            if low > high:
                named = [*([f"budget {self} ±{self.tolerance:.0%}"] if kind == self.kind else [])]
                named += [one.words for one in self.constraints if one.kind == kind]
                raise ValueError(f"{' and '.join(named)} contradict each other; no {kind} are within both")
        return self

    @classmethod
    def parse(cls, text: str, tolerance: float = 0.1, constraints: Iterable[Constraint] = ()) -> Budget:
        """Read a FLOPs budget such as `200M`, or one of another cost such as `params=1.2M`.

        Raises:
            NetspaceError: where the amount is none, the cost is unknown, or constraints contradict it.
        """
        kind, equals, amount = str(text).rpartition("=")
        kind = kind.strip() if equals else "flops"
        check_kind(kind)
        alone = cls(amount_in(amount, f"budget '{str(text)[:80]}'", kind), tolerance, kind)
        return alone.bounded(constraints)

    def bounded(self, constraints: Iterable[Constraint]) -> Budget:
        """Return the budget with further constraints, each in place of its own of the same cost and side.

        Raises:
            NetspaceError: where they contradict it or each other.
        """
        try:
            return replace(self, constraints=together(self.constraints, constraints))
        except ValidationError as error:
            raise NetspaceError(str(error.errors()[0]["ctx"]["error"])) from None  # of _check: the rest is known good

    @property
    def words(self) -> str:
        """The budget in a sentence, as `200M FLOPs` or `params=1.2M with flash<=1M`."""
        amount = f"{self} FLOPs" if self.kind == "flops" else str(self)
        return f"{amount} with {self.bounds}" if self.constraints else amount

    @property
    def kinds(self) -> list[str]:
        """The kinds of cost that are asked for, its own first."""
        return list(self._intervals)

    @property
    def bounds(self) -> str:
        """The constraints as text, as `params<=1.2M, flash<=1M`; empty without any."""
        return ", ".join(map(str, self.constraints))

    @property
    def told(self) -> str:
        """The budget and its constraints, as `200M, params<=1.2M`."""
        return f"{self}, {self.bounds}" if self.constraints else str(self)

    def __str__(self) -> str:
        amount = exact_amount(self.target, self.kind)
        return amount if self.kind == "flops" else f"{self.kind}={amount}"

    @property
    def interval(self) -> tuple[int, int]:
        """The smallest and the largest cost that satisfies the budget, and its constraints on the same cost."""
        return self._intervals[self.kind]

    @property
    def _intervals(self) -> dict[str, tuple[int, int]]:
        """By kind of cost what is allowed, the budget's own first; empty intervals where bounds contradict."""
        # The slack keeps a cost at exactly target·(1 ± tolerance) inside, whatever the rounding of the product.
        slack = 1e-9 * self.target
        low, high = self.target * (1 - self.tolerance) - slack, self.target * (1 + self.tolerance) + slack
        return intervals(self.constraints, {self.kind: (math.ceil(low), math.floor(high))})

    def conditions(self, template: NetworkTemplate) -> list[Condition]:
        """Return the interval of each cost that is bounded, the budget's own first."""
        return [Condition(CostModel(template, kind), low, high) for kind, (low, high) in self._intervals.items()]

    def satisfied(self, points: Points, template: NetworkTemplate) -> BoolArray:
        """Say which architectures satisfy the budget: (n, axes) to (n,)."""
        return np.logical_and.reduce([one.met(points) for one in self.conditions(template)])

    def members(self, space: NetworkSpace, template: NetworkTemplate) -> Band:
        """Return the members of a space that satisfy the budget; there may be none.

        Counted and drawn exactly by the chain of its cost; with constraints on other costs exactly up to about four
        million members in band or in the space, and beyond that by draws from the band (`netspace.cost.joint`).
        """
        return joint_band(space, self.conditions(template))

    def band(self, space: NetworkSpace, template: NetworkTemplate) -> Band:
        """Return the members of a space that satisfy the budget.

        Raises:
            NetspaceError: where there are none: the feasible interval, the nearest feasible budget and the knob that
                binds; with constraints which of them binds, and the nearest feasible value of each.
        """
        band = self.members(space, template)
        if not band.size:
            raise NetspaceError(self._infeasible(space, template, counted=band.exact))
        return band

    def _infeasible(self, space: NetworkSpace, template: NetworkTemplate, *, counted: bool) -> str:
        alone = replace(self, constraints=())
        if not alone.members(space, template).size:
            costs = SpaceCosts(CostModel(template, self.kind), space)
            return infeasible_alone(costs, f"{self}", self.target, self.tolerance)
        own = Bound(f"budget {self} ±{self.tolerance:.0%}", self.kind, *alone.interval, self.target)
        return infeasible_together(space, template, [own, *_bounds(self.constraints)], counted=counted)


def check_distinct(budgets: Sequence[Budget], texts: Sequence[str]) -> None:
    """Raise NetspaceError where two budgets, told as in texts, name one target of one kind of cost."""
    if len({(budget.kind, budget.target) for budget in budgets}) < len(budgets):
        raise NetspaceError(f"budgets {', '.join(texts)} name one target twice; give each once")


def band_within(constraints: Sequence[Constraint], space: NetworkSpace, template: NetworkTemplate) -> Band:
    """Return the members of a space that meet one constraint or more, without a budget.

    Raises:
        NetspaceError: where there are none: which constraint binds, and the nearest feasible value of each.
    """
    found = intervals(constraints)
    for kind, (low, high) in found.items():
        if low > high:
            both = " and ".join(one.words for one in constraints if one.kind == kind)
            raise NetspaceError(f"constraints {both} contradict each other; loosen one of them")
    band = joint_band(space, [Condition(CostModel(template, kind), *ends) for kind, ends in found.items()])
    if not band.size:
        raise NetspaceError(infeasible_together(space, template, _bounds(constraints), counted=band.exact))
    return band


def _bounds(constraints: Iterable[Constraint]) -> list[Bound]:
    return [Bound(one.words, one.kind, *one.interval, one.bound) for one in constraints]
