"""NAS in each Elite Space against NAS in the whole search space: the experiment of the paper's Table 1 on a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from netspace.cost import Budget, cost
from netspace.data import ImageData, load_images, places
from netspace.documents import fingerprint, to_json, to_plain, write_atomically
from netspace.errors import NetspaceError
from netspace.evaluate import TrainingData, train_population
from netspace.records import NetworkStore, Planned, Population, load_elite, population_name
from netspace.records.nas_file import NAS_FILE, read_nas
from netspace.search import RunFolder, SpaceSearch, open_search, search_architectures
from netspace.settings import NasSettings, Recipe
from netspace.spaces import Architecture, NetworkSpace

Found = dict[str, Any]


def compare_nas(
    run: Path,
    *,
    recipe: Recipe,
    settings: NasSettings,
    seeds: int = 3,
    budgets: list[Budget] | None = None,
    dataset: str | None = None,
    opening: Mapping[str, Any] | None = None,
    out: Path | None = None,
    jobs: int = 1,
    on_found: Callable[[Found], None] = lambda found: None,
    on_change: Callable[[dict[str, int]], None] | None = None,
) -> Path:
    """Run NAS in each elite and in the whole space, train each seed's best network; go on where it was stopped.

    Each seed has a NAS and a training of its own, so the interval over seeds holds both.

    Args:
        run: folder of a finished search.
        recipe: how the chosen networks are trained.
        settings: of the NAS, the same for both spaces.
        seeds: number of repetitions, seeds 0, 1, ….
        budgets: targets; None takes all of the run's.
        dataset: to train on: where the run's own images are now, or others of the same shape; None looks where the run
            found its own.
        opening: further arguments of `netspace.search.open_search`, where the run's data have changed.
        out: folder of the results; None takes `table` in the run.
        jobs: processes that train.
        on_found: called with each NAS's finding.
        on_change: called with the number of networks of each status, when it changes.

    Returns:
        the folder: `nas.json` with what each NAS found, `networks.sqlite` with the trainings.

    Raises:
        NetspaceError: where the run has no such elite, the images do not fit, or the folder holds other settings.
    """
    search, data = _open(run, dataset, opening or {})
    folder = out or run / "table"
    training = TrainingData.of(data, recipe, torch.device("cpu"))
    store = NetworkStore(folder)
    store.create(recipe=fingerprint(recipe), data=training.fingerprint, template=fingerprint(search.template))
    about: dict[str, Any] = {"dataset": data.settings.dataset, "search_space": search.config.space.name}
    about |= {"image_size": search.template.image_size, "recipe": recipe.name}
    about |= {"nas": to_plain(settings), "run": fingerprint(search.config)}
    found = _load(folder, about, len(search.template.strides))
    for target in budgets or list(search.budgets):
        elite = load_elite(run / f"elite-{target}.yaml").space
        for side, space in (("nas-elite", elite), ("nas-expanded", search.config.space.full)):
            for seed in range(seeds):
                if not any((f["side"], f["target"], f["place"]) == (side, target.target, seed) for f in found):
                    found.append(_find(search, side, space, target, settings, seed))
                    write_atomically(folder / NAS_FILE, to_json({**about, "found": found}, indent=1))
                    on_found(found[-1])
    store.add([_planned(f, search) for f in found], [_population(f, run) for f in found])
    train_population(store, search.template, training, recipe, jobs=jobs, on_change=on_change)
    return folder


def _open(run: Path, dataset: str | None, opening: Mapping[str, Any]) -> tuple[SpaceSearch, ImageData]:
    """Return the search, and its own images, wherever they are now, or those of another data set of the same shape."""
    if dataset is None:
        search = open_search(run, **opening)
        return search, search.data
    folder = RunFolder(run)
    data = load_images(replace(folder.config().data, dataset=dataset), kept=places(run))
    if data.fingerprint == folder.made_on():
        search = open_search(run, dataset=dataset, **opening)
        return search, search.data
    search = open_search(run, **opening)
    wanted = search.template.data_shape
    if data.shape != wanted:
        raise NetspaceError(
            f"dataset '{dataset}' has (image size, channels, classes) {data.shape}, but the run's networks take "
            f"{wanted}; give data of that shape"
        )
    return search, data


def _load(folder: Path, about: dict[str, Any], stages: int) -> list[Found]:
    file = folder / NAS_FILE
    if not file.exists():
        return []
    stored = read_nas(file)
    # Where the data lie says nothing; the store holds their fingerprint.
    differing = sorted(key for key in about if key != "dataset" and stored.get(key) != about[key])
    if differing:
        raise NetspaceError(f"{file} was made with another {', '.join(differing)}; give the same, or another --out")
    strangers = [f["population"] for f in stored["found"] if len(f["depth"]) != stages]
    if strangers:
        raise NetspaceError(
            f"{file}: a network of '{strangers[0]}' has not the run's {stages} stages; restore the file"
        )
    return list(stored["found"])


def _find(
    search: SpaceSearch, side: str, space: NetworkSpace, budget: Budget, settings: NasSettings, seed: int
) -> Found:
    weights = {name: value.clone() for name, value in search.supernet.state_dict().items()}
    chosen = search_architectures(search, space, budget, settings, seed=seed)
    search.supernet.load_state_dict(weights)  # a NAS that fine-tunes leaves nothing to the next
    best = chosen.architectures[0]
    return {
        "population": population_name(side, budget),
        "place": seed,
        "side": side,
        "target": budget.target,
        "depth": list(best.depths),
        "width": list(best.widths),
        "score": chosen.errors[0],
        "scored": chosen.scored,
        "draws": chosen.draws,
        "expected_draws": chosen.expected_draws,
    }


def _population(found: Found, run: Path) -> Population:
    side = str(found["side"]).removeprefix("nas-")
    return Population(found["population"], "nas", side, found["target"], cost="flops", run=run.resolve().name)


def _planned(found: Found, search: SpaceSearch) -> Planned:
    architecture = Architecture.of(found["depth"], found["width"])
    return Planned(
        found["population"], found["place"], found["place"], architecture, cost(architecture, search.template)
    )
