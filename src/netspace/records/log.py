"""A search's log: one line of JSON per epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from netspace.cost import COST_NAME
from netspace.documents import from_plain, parse_json, read_text
from netspace.errors import NetspaceError
from netspace.records.kinds import OPEN, Finite, Share

LOG = "search.jsonl"
_BUDGET = rf"^({COST_NAME}=)?[0-9.e+]+([KMGT](iB)?|[num]?s)?$"  # the name goes into files' names


class _Budget(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    expected_cost: Finite
    entropy: Finite
    probabilities: list[list[Share]]


class _Exposure(TypedDict):
    channels: Annotated[list[Share], Field(min_length=1)]
    blocks: Annotated[list[Share], Field(min_length=1)]


class _Epoch(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    epoch: Annotated[int, Field(ge=1)]
    epochs: Annotated[int, Field(ge=1)]
    warmup: bool
    loss: float  # not finite where a search diverged
    budgets: dict[Annotated[str, Field(pattern=_BUDGET)], _Budget]
    exposure: list[_Exposure]


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Return the epochs in a run folder's search.jsonl; none where the file is not there.

    A last line that a crash cut short is left out, as it is when the search goes on.

    Raises:
        NetspaceError: names the line that is no record of an epoch, or not of the same search as the first.
    """
    file = folder / LOG
    lines = read_text(file).split("\n") if file.exists() else []
    if lines and (not lines[-1] or _is_cut(lines[-1])):
        lines.pop()
    epochs = [_epoch(line, f"{file}, line {number}") for number, line in enumerate(lines, start=1)]
    for number, epoch in enumerate(epochs, start=1):
        if _shape(epoch) != _shape(epochs[0]):
            raise NetspaceError(
                f"{file}, line {number}: its budgets or stages are not those of line 1; remove the line"
            )
    return epochs


def _epoch(line: str, source: str) -> dict[str, Any]:
    return {**from_plain(_Epoch, parse_json(line, source), source)}


def _is_cut(line: str) -> bool:
    """Say whether a line is the beginning of a record and no more."""
    try:
        parse_json(line, LOG)
    except NetspaceError:
        return True
    return False


def _shape(epoch: dict[str, Any]) -> object:
    budgets = {name: [len(axis) for axis in one["probabilities"]] for name, one in epoch["budgets"].items()}
    return budgets, [(len(stage["channels"]), len(stage["blocks"])) for stage in epoch["exposure"]]
