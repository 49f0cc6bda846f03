"""A range of whole numbers: inclusive at both ends, with a step."""

from __future__ import annotations

import re
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, model_serializer, model_validator
from pydantic.dataclasses import dataclass

IntArray = NDArray[np.int64]
STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
DEEPEST, WIDEST = 500, 8192  # blocks and channels of a stage: with 1024 pixels and 12 stages costs stay below 2^63


@dataclass(frozen=True, config=STRICT)
class Range:
    """The numbers low, low + step, …, high; in YAML `1..16`, `4..64 by 4` or a single number.

    Args:
        low: smallest member, ≥ 1.
        high: largest member, low plus a multiple of step.
        step: distance between neighbours, ≥ 1.
    """

    low: Annotated[int, Field(ge=1, le=WIDEST)]
    high: Annotated[int, Field(ge=1, le=WIDEST)]
    step: Annotated[int, Field(ge=1, le=WIDEST)] = 1

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, given: Any) -> Any:
        if not isinstance(given, (str, int)):
            return given
        match = re.fullmatch(r"([0-9]{1,9})(?:\.\.([0-9]{1,9})(?: by ([0-9]{1,9}))?)?", str(given).strip())
        if match is None:
            raise ValueError(f"'{str(given)[:80]}' is no range; write it as 4, 1..16 or 4..64 by 4")
        low, high, step = match.groups()
        return {"low": int(low), "high": int(high or low), "step": int(step or 1)}

    @model_serializer
    def _dump(self) -> str | int:
        return self.low if len(self) == 1 else str(self)

    @model_validator(mode="after")
    def _check(self) -> Range:
        if self.high < self.low:
            raise ValueError(f"high {self.high} is below low {self.low}; an inclusive range needs low ≤ high")
        if (self.high - self.low) % self.step:
            nearest = self.high - (self.high - self.low) % self.step
            raise ValueError(
                f"high {self.high} is not reached from low {self.low} in steps of {self.step}; nearest is {nearest}"
            )
        return self

    def __len__(self) -> int:
        return (self.high - self.low) // self.step + 1

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int) and self.low <= value <= self.high and (value - self.low) % self.step == 0

    def __str__(self) -> str:
        if self.low == self.high:
            return str(self.low)
        return f"{self.low}..{self.high}" + (f" by {self.step}" if self.step > 1 else "")

    @property
    def values(self) -> IntArray:
        """All members in rising order, shape (len,), int64."""
        return np.arange(self.low, self.high + 1, self.step, dtype=np.int64)

    def cut(self, parts: int) -> tuple[Range, ...]:
        """Cut into `parts` neighbouring ranges with equally many members.

        Raises:
            ValueError: where the members cannot be shared out equally.
        """
        if parts < 1 or len(self) % parts:
            divisors = [n for n in range(1, len(self) + 1) if len(self) % n == 0]
            raise ValueError(f"cannot cut the {len(self)} members of {self} into {parts} equal ranges; try {divisors}")
        each = len(self) // parts
        starts = self.values[::each].tolist()
        return tuple(Range(low, low + (each - 1) * self.step, self.step) for low in starts)
