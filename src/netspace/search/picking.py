"""Networks picked inside a space by a search's super network, and kept as files that say where they came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from netspace.cost import Budget
from netspace.documents import to_plain
from netspace.errors import NetspaceError
from netspace.runs import Run
from netspace.search.architecture_search import Chosen, search_architectures
from netspace.search.space_search import SpaceSearch
from netspace.settings import NasSettings
from netspace.spaces import NetworkSpace, NetworkTemplate


@dataclass(frozen=True)
class Picked:
    """What was picked.

    Args:
        chosen: the architectures, best first, with their scores.
        files: one of each.
        template: of all of them.
        budget: what they satisfy.
        method: of the NAS.
    """

    chosen: Chosen
    files: list[Path]
    template: NetworkTemplate
    budget: Budget
    method: str


def pick_networks(
    search: SpaceSearch,
    space: NetworkSpace,
    budget: Budget,
    settings: NasSettings,
    *,
    run: Run | Path,
    source: str,
    folder: Path,
    seed: int = 0,
) -> Picked:
    """Find architectures of a space as `search_architectures` does, and write a file of each.

    Args:
        search: of the run.
        space: inside of the super network's.
        budget: what every candidate satisfies.
        settings: of the NAS.
        run: whose super network scores, for the files.
        source: file or preset that the space was read from, for the files.
        folder: of the files; those of an earlier NAS there are replaced.
        seed: of every random draw.

    Raises:
        NetspaceError: where the space has no member in band, or lies outside of the super network's.
    """
    if settings.method == "model":
        raise NetspaceError("method 'model' asks no super network; call netspace.finding.pick_by_model")
    chosen = search_architectures(search, space, budget, settings, seed=seed)
    return kept(chosen, search.template, budget, settings, run=run, source=source, folder=folder, seed=seed)


def kept(
    chosen: Chosen,
    template: NetworkTemplate,
    budget: Budget,
    settings: NasSettings,
    *,
    run: Run | Path,
    source: str,
    folder: Path,
    seed: int,
) -> Picked:
    """Write a file of each architecture that says where it came from; arguments as for pick_networks.

    Errors that a model predicts below 0 or above 1 are kept as 0 and 1.
    """
    chosen = replace(chosen, errors=[min(max(error, 0.0), 1.0) for error in chosen.errors])
    where = {"space": source, "run": str(Run.of(run).folder), "budget": budget.told}
    files = chosen.save(folder, template, {**where, "seed": seed, "nas": to_plain(settings)})
    return Picked(chosen, files, template, budget, settings.method)
