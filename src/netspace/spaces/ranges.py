"""The numbers that a knob may take: a range, inclusive at both ends and with a step, or a list."""

from __future__ import annotations

import re
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    model_serializer,
    model_validator,
)
from pydantic.dataclasses import dataclass

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
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
    def _dump(self) -> Any:
        return plain_of(self)

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
        each = _share(len(self), parts, f"members of {self}", "ranges")
        starts = self.values[::each].tolist()
        step = self.step if each > 1 else 1  # as a file would say it
        return tuple(Range(low, low + (each - 1) * self.step, step) for low in starts)


@dataclass(frozen=True, config=STRICT)
class Listed:
    """Numbers that are no range, such as 8, 16, 32; in YAML a list.

    Args:
        numbers: at least one, rising, each ≥ 1.
    """

    numbers: Annotated[tuple[Annotated[int, Field(ge=1, le=WIDEST)], ...], Field(min_length=1)]

    @model_serializer
    def _dump(self) -> Any:
        return plain_of(self)

    @model_validator(mode="after")
    def _check(self) -> Listed:
        if list(self.numbers) != sorted(set(self.numbers)):
            raise ValueError(f"values {list(self.numbers)} have to rise; try {sorted(set(self.numbers))}")
        return self

    def __len__(self) -> int:
        return len(self.numbers)

    def __contains__(self, value: object) -> bool:
        return value in self.numbers

    def __str__(self) -> str:
        return ",".join(map(str, self.numbers))

    @property
    def low(self) -> int:
        """Smallest number."""
        return self.numbers[0]

    @property
    def high(self) -> int:
        """Largest number."""
        return self.numbers[-1]

    @property
    def values(self) -> IntArray:
        """All numbers in rising order, shape (len,), int64."""
        return np.array(self.numbers, np.int64)

    def cut(self, parts: int) -> tuple[Range | Listed, ...]:
        """Cut into `parts` neighbouring lists of equal length.

        Raises:
            ValueError: where the numbers cannot be shared out equally.
        """
        each = _share(len(self), parts, f"values {self}", "lists")
        return tuple(values_of(self.numbers[i : i + each]) for i in range(0, len(self), each))


def _share(n: int, parts: int, what: str, into: str) -> int:
    """Return how many of n values each part has; ValueError where they cannot be shared out equally."""
    if parts < 1 or n % parts:
        divisors = [d for d in range(1, n + 1) if n % d == 0]
        raise ValueError(f"cannot cut the {n} {what} into {parts} equal {into}; try {divisors}")
    return n // parts


def values_of(given: Any) -> Range | Listed:
    """Return numbers as a Range where they are evenly spaced, else as a list.

    Args:
        given: a number, text such as `1..16 by 4`, rising numbers (a list, an array), or what is one already.
    """
    if isinstance(given, (Range, Listed)):
        return given
    if isinstance(given, (np.ndarray, np.generic)):
        given = given.tolist()
    given = list(given) if isinstance(given, range) else given
    if isinstance(given, (str, int)) and not isinstance(given, bool):
        return TypeAdapter(Range).validate_python(given)
    if isinstance(given, float):
        raise ValueError(f"values have to be whole numbers, not {given}")
    if not isinstance(given, (list, tuple)) or not given:
        raise ValueError("give at least one value: a number, a range such as 1..16 by 4, or a list such as [3, 5, 7]")
    given = [number.item() if isinstance(number, np.generic) else number for number in given]
    if any(type(number) is not int for number in given):
        raise ValueError(f"values have to be whole numbers, not {str(list(given))[:80]}")
    numbers = Listed(tuple(given)).numbers
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    if list(numbers) == list(range(numbers[0], numbers[-1] + 1, step)):
        return Range(numbers[0], numbers[-1], step)
    return Listed(numbers)


def plain_of(values: Range | Listed) -> int | str | list[int]:
    """Return values as a file says them: a number, a range's text, or a list."""
    if isinstance(values, Listed):
        return list(values.numbers)
    return values.low if len(values) == 1 else str(values)


# Of the two kinds pydantic would write either as the first.
Values = Annotated[Range | Listed, BeforeValidator(values_of), PlainSerializer(plain_of)]
