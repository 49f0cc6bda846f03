"""A bound of one cost that an architecture keeps beside its budget, and how several of them are put together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from netspace.cost.amounts import LARGEST, amount_in, exact_amount
from netspace.cost.layers import COST_NAME, IN_BYTES, check_kind
from netspace.errors import NetspaceError
from netspace.spaces.ranges import STRICT, IntArray

Side = Literal["at most", "at least"]
_SIDES: dict[str, Side] = {"<=": "at most", ">=": "at least"}


@dataclass(frozen=True, config=STRICT)
class Constraint:
    """A bound of one cost.

    Args:
        kind: which cost, a name in `netspace.cost.COSTS`.
        bound: the amount, ≥ 1, that is still allowed.
        side: `at most` or `at least` the bound.
    """

    kind: str
    bound: Annotated[int, Field(ge=1, le=LARGEST)]
    side: Side = "at most"

    @model_validator(mode="after")
    def _check(self) -> Constraint:
        check_kind(self.kind)
        return self

    @classmethod
    def parse(cls, text: str) -> Constraint:
        """Read a constraint such as `params<=1.2M` or `peak_memory<=256KiB`; K is 1000, KiB is 1024 bytes.

        Raises:
            NetspaceError: where it is none, or the cost is unknown.
        """
        what = f"constraint '{str(text)[:80]}'"
        match = re.fullmatch(rf"\s*({COST_NAME})\s*(<=|>=)(.*)", str(text))
        if match is None:
            raise NetspaceError(f"{what} is none; write a cost, <= or >=, and an amount, as params<=1.2M")
        kind, side, amount = match.groups()
        check_kind(kind)
        return cls(kind, amount_in(amount, what, kind), _SIDES[side])

    def __str__(self) -> str:
        sign = next(sign for sign, side in _SIDES.items() if side == self.side)
        return f"{self.kind}{sign}{exact_amount(self.bound, self.kind)}"

    @property
    def words(self) -> str:
        """The constraint in a message, its bytes said exactly: `peak_memory<=256K (256,000 bytes)`."""
        return f"{self} ({self.bound:,} bytes)" if self.kind in IN_BYTES else str(self)

    @property
    def interval(self) -> tuple[int, int]:
        """The smallest and the largest cost that meets it."""
        return (0, self.bound) if self.side == "at most" else (self.bound, LARGEST)

    def excess(self, costs: IntArray) -> NDArray[np.float64]:
        """Return by which share of the bound costs fail it, 0 where they meet it: shape of the costs."""
        over: NDArray[np.float64] = costs / self.bound - 1
        return np.maximum(over if self.side == "at most" else -over, 0.0)


def intervals(
    constraints: Iterable[Constraint], first: Mapping[str, tuple[int, int]] | None = None
) -> dict[str, tuple[int, int]]:
    """Return by kind of cost what constraints leave, those of `first` in front; empty where they contradict."""
    return common((*(first or {}).items(), *((one.kind, one.interval) for one in constraints)))


def common(given: Iterable[tuple[str, tuple[int, int]]]) -> dict[str, tuple[int, int]]:
    """Return by kind of cost what all of its intervals have in common; low above high where that is nothing."""
    found: dict[str, tuple[int, int]] = {}
    for kind, (low, high) in given:
        least, most = found.get(kind, (low, high))
        found[kind] = (max(least, low), min(most, high))
    return found


def together(known: Iterable[Constraint], given: Iterable[Constraint]) -> tuple[Constraint, ...]:
    """Return known constraints with given ones in place of those of the same cost and side, or behind them.

    Raises:
        NetspaceError: where two of those given bound one cost on one side.
    """
    asked: dict[tuple[str, str], Constraint] = {}
    for one in given:
        other = asked.setdefault((one.kind, one.side), one)
        if other != one:
            raise NetspaceError(f"constraints {other} and {one} bound one cost on one side; give one of them")
    found: dict[tuple[str, str], Constraint] = {(one.kind, one.side): one for one in known}
    return tuple((found | asked).values())
