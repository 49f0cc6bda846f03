"""What each NAS of a comparison found: from an architecture to the file, and from the file to a network to train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from netspace.cost import Budget, cost
from netspace.documents import from_plain, to_plain
from netspace.errors import NetspaceError
from netspace.records import Planned, Population, population_name
from netspace.records.nas_file import NAS_FILE, read_nas
from netspace.records.row import architecture_of, knobs_of
from netspace.search import Chosen
from netspace.settings import NasSettings
from netspace.spaces import NetworkTemplate

Found = dict[str, Any]


def brief_folder(folder: Path, side: str, budget: Budget, seed: int) -> Path:
    """Return where a NAS by the model of error keeps the networks that it trains before one is chosen."""
    return folder / "trained" / f"{population_name(side, budget)}-{seed}"


def load_found(folder: Path, about: dict[str, Any], settings: NasSettings, stages: int) -> list[Found]:
    """Return what a folder says was found; nothing where no NAS is done.

    Args:
        folder: of the results.
        about: what all that is found has in common.
        settings: of the NAS.
        stages: of the run's networks.

    Raises:
        NetspaceError: where the folder holds other settings, or its file is at fault.
    """
    file = folder / NAS_FILE
    if not file.exists():
        return []
    stored = read_nas(file)
    # A setting that the file does not know has its default. Where the data lie says nothing; the store knows them.
    stored = {**stored, "nas": to_plain(from_plain(type(settings), stored["nas"], f"{file}: nas"))}
    keys = {*about, *({"constraints"} & stored.keys())} - {"dataset"}
    differing = sorted(key for key in keys if stored.get(key) != about.get(key))
    if differing:
        raise NetspaceError(f"{file} was made with another {', '.join(differing)}; give the same, or another --out")
    strangers = [f["population"] for f in stored["found"] if len(f["depth"]) != stages]
    if strangers:
        raise NetspaceError(
            f"{file}: a network of '{strangers[0]}' has not the run's {stages} stages; restore the file"
        )
    return list(stored["found"])


def as_found(chosen: Chosen, side: str, budget: Budget, seed: int) -> Found:
    """Return what one NAS found, for the file."""
    best = chosen.architectures[0]
    return {
        "population": population_name(side, budget),
        "place": seed,
        "side": side,
        "target": budget.target,
        "depth": list(best.depths),
        "width": list(best.widths),
        **({"knobs": knobs_of(best)} if knobs_of(best) else {}),
        "score": chosen.errors[0],
        "scored": chosen.scored,
        "draws": chosen.draws,
        "expected_draws": chosen.expected_draws,
    }


def population_of(found: Found, run: Path) -> Population:
    """Return what the population of a network is that was found in a run."""
    side = str(found["side"]).removeprefix("nas-")
    return Population(found["population"], "nas", side, found["target"], cost="flops", run=run.resolve().name)


def planned(found: Found, template: NetworkTemplate) -> Planned:
    """Return a network that was found as one to train."""
    architecture = architecture_of(found)
    return Planned(found["population"], found["place"], found["place"], architecture, cost(architecture, template))
