"""`fidelity.json`: how scores agreed with stand-alone errors, checked where it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from netspace.documents import from_plain, read_json
from netspace.errors import NetspaceError
from netspace.records.kinds import OPEN, Finite, Share, Unknown
from netspace.records.versions import check_version

FIDELITY_FILE = "fidelity.json"
NEWEST = 1  # version of the file
SUPERNET = "super network"  # the score that each network has


class _Agreement(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    score: str
    group: str
    n: int
    tau: tuple[Unknown, Unknown, Unknown]
    rho: tuple[Unknown, Unknown, Unknown]


class _Network(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    population: str
    place: int
    band: str | None
    validation_error: Share
    scores: dict[str, Finite]


class _Fidelity(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    agreements: list[_Agreement]
    networks: list[_Network]


def read_fidelity(file: Path) -> dict[str, Any]:
    """Return a fidelity gate's agreements and networks; a τ or ρ that is not known is NaN.

    Raises:
        NetspaceError: where the file can't be read, or names the field at fault.
    """
    plain = read_json(file)
    check_version(plain, NEWEST, str(file))
    fidelity: dict[str, Any] = {**from_plain(_Fidelity, plain, str(file))}
    for i, network in enumerate(fidelity["networks"]):
        if SUPERNET not in network["scores"]:
            raise NetspaceError(f"{file}: networks.{i}.scores: there is no '{SUPERNET}' among them")
    return fidelity
