"""`nas.json`: what `netspace table` found in Elite Spaces and in the whole space, checked where it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from netspace.documents import from_plain, read_json
from netspace.errors import NetspaceError
from netspace.records.kinds import OPEN
from netspace.records.versions import check_version

NAS_FILE = "nas.json"
NEWEST = 1  # version of the file
PerStage = Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]


class _Found(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    population: str
    place: Annotated[int, Field(ge=0)]
    side: str
    target: Annotated[int, Field(ge=1)]
    depth: PerStage
    width: PerStage
    draws: Annotated[float, Field(ge=1)]
    expected_draws: Annotated[float, Field(ge=1)]


class _Method(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    method: str


class _Nas(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    dataset: str
    search_space: str
    image_size: Annotated[int, Field(ge=1)]
    recipe: str
    nas: _Method
    found: list[_Found]


def read_nas(file: Path) -> dict[str, Any]:
    """Return what each NAS found, and what it was asked.

    Raises:
        NetspaceError: where the file can't be read, or names the field at fault.
    """
    plain = read_json(file)
    check_version(plain, NEWEST, str(file))
    document: dict[str, Any] = {**from_plain(_Nas, plain, str(file))}
    for i, found in enumerate(document["found"]):
        if len(found["depth"]) != len(found["width"]):
            raise NetspaceError(f"{file}: found.{i} has {len(found['depth'])} depths but {len(found['width'])} widths")
    return document
