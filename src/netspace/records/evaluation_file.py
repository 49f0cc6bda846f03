"""`evaluation.yaml`: what was asked of an evaluation, checked where it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from netspace.documents import from_plain, read_yaml
from netspace.errors import NetspaceError
from netspace.records.kinds import OPEN
from netspace.records.versions import check_version

EVALUATION_FILE = "evaluation.yaml"
NEWEST = 1  # version of the file


class _Recipe(TypedDict, total=False):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    name: str


class _Sizes(TypedDict, total=False):
    """Of the space that a population was drawn from; empty where it was not drawn from one."""

    members: Annotated[int, Field(ge=1)]
    in_band: Annotated[int, Field(ge=0)]


class _Evaluation(TypedDict, total=False):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    dataset: str
    n: int
    seed: int
    recipe: _Recipe
    populations: dict[str, _Sizes]


def read_evaluation(file: Path) -> dict[str, Any]:
    """Return what was asked: data set, n, seed, recipe, template, and the sizes of the populations' spaces.

    Raises:
        NetspaceError: where the file can't be read, or names the field at fault.
    """
    plain = read_yaml(file)
    check_version(plain, NEWEST, str(file))
    evaluation: dict[str, Any] = {**from_plain(_Evaluation, plain, str(file))}
    for name, sizes in evaluation.get("populations", {}).items():
        if sizes and not ({"members", "in_band"} <= sizes.keys() and sizes["in_band"] <= sizes["members"]):
            raise NetspaceError(f"{file}: populations.{name}: it needs `members`, and `in_band`, which is not more")
    return evaluation
