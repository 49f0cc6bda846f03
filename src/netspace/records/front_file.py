"""`front.json`: what `netspace front` answered, checked where it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from netspace.documents import from_plain, read_json
from netspace.errors import NetspaceError
from netspace.records.kinds import OPEN, Finite, Share
from netspace.records.versions import check_version

NEWEST = 1  # version of the file


class _Interval(TypedDict):
    value: Finite
    low: Finite
    high: Finite


class _Known(TypedDict):
    value: Finite | None
    low: Finite | None
    high: Finite | None


class _Stage(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    depth: int | str
    width: int | str


def _of_equal_knobs(stages: list[Any]) -> list[Any]:
    for place, stage in enumerate(stages):
        if stage.keys() != stages[0].keys():
            knobs, first = (", ".join(one) for one in (stage, stages[0]))
            raise ValueError(f"stage {place + 1} has the knobs {knobs}, and the first {first}")
    return stages


class _Space(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    stages: Annotated[list[_Stage], Field(min_length=1), AfterValidator(_of_equal_knobs)]


class _Contender(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    space: _Space
    error: _Interval
    tied: bool
    hit_rate: Share


class _Searched(TypedDict):
    space: _Space
    error: Finite
    hit_rate: Share


class _Able(TypedDict):
    spaces: Annotated[int, Field(ge=0)]
    errors: list[Finite]


class _Budget(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    budget: str
    target: Annotated[int, Field(ge=1)]
    band: tuple[Finite, Finite]
    ties: Annotated[int, Field(ge=0)]
    spaces: Annotated[list[_Contender], Field(min_length=1)]
    able: _Able
    searched: _Searched | None
    constraints: NotRequired[list[str]]


class _Model(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    model: str
    within: _Known


class _Signal(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    name: str
    against: str
    models: Annotated[list[_Model], Field(min_length=1)]


class _Front(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    signal: str
    trustworthy: bool
    warnings: list[str]
    signals: list[_Signal]
    budgets: Annotated[list[_Budget], Field(min_length=1)]


def read_front(file: Path) -> dict[str, Any]:
    """Return what `netspace front` answered.

    Raises:
        NetspaceError: where the file can't be read, or names the field at fault.
    """
    plain = read_json(file)
    check_version(plain, NEWEST, str(file))
    front: dict[str, Any] = {**from_plain(_Front, plain, str(file))}
    names = [signal["name"] for signal in front["signals"]]
    if front["signal"] not in names:
        raise NetspaceError(f"{file}: signal '{front['signal']}' is none of its signals ({', '.join(names)})")
    return front
