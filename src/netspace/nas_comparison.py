"""NAS in each Elite Space against NAS in the whole search space: the experiment of the paper's Table 1 on a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from netspace.cost import Budget, cost
from netspace.data import ImageData, load_images, places
from netspace.documents import fingerprint, from_plain, to_json, to_plain, write_atomically
from netspace.errors import NetspaceError
from netspace.evaluate import TrainingData, device_of, train_population
from netspace.finding import BriefTraining, RunModel, rank_networks
from netspace.records import NetworkStore, Planned, Population, population_name
from netspace.records.nas_file import NAS_FILE, read_nas
from netspace.records.row import architecture_of, knobs_of
from netspace.runs import TABLE, Run
from netspace.search import Chosen, SpaceSearch, open_data, open_search, search_architectures
from netspace.settings import ONE_PROCESS, NasSettings, Pool, Recipe
from netspace.spaces import NetworkSpace, NetworkTemplate

Found = dict[str, Any]
Find = Callable[[NetworkSpace, Budget, str, int], Chosen]


def compare_nas(
    run: Run | Path,
    *,
    recipe: Recipe,
    settings: NasSettings,
    seeds: int = 3,
    budgets: list[Budget] | None = None,
    dataset: str | None = None,
    opening: Mapping[str, Any] | None = None,
    out: Path | None = None,
    pool: Pool = ONE_PROCESS,
    device: str = "auto",
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
        budgets: targets, with constraints; None takes all of the run's.
        dataset: to train on: where the run's own images are now, or others of the same shape; None looks where the run
            found its own.
        opening: further arguments of `netspace.search.open_search`, where the run's data have changed.
        out: folder of the results; None takes `table` in the run.
        pool: who trains, and how many networks at a time.
        device: `cpu`, `cuda` or `auto`, which takes the GPU where there is one, and leaves the super network where it
            was trained.
        on_found: called with each NAS's finding.
        on_change: called with the number of networks of each status, when it changes.

    Returns:
        the folder: `nas.json` with what each NAS found, `networks.sqlite` with the trainings.

    Raises:
        NetspaceError: where the run has no such elite, a budget is of another cost than FLOPs, the images do not fit,
            or the folder holds other settings.
    """
    run, on = Run.of(run), device_of(pool, device)
    folder = out or run.folder / TABLE
    data, search = _open(run, settings, dataset, {"device": device, **(opening or {})})
    brief = BriefTraining(data, recipe, pool, device)
    find = _by_model(run, settings, folder, brief) if search is None else _by_supernet(search, settings)
    training, template, store = TrainingData.of(data, recipe), run.template, NetworkStore(folder)
    store.create(recipe=fingerprint(recipe), data=training.fingerprint, template=fingerprint(template))
    targets = _in_flops(budgets or list(run.config.parsed_budgets))
    about = {"dataset": data.settings.dataset, **_about(run, recipe, settings, targets)}
    found = _load(folder, about, settings, len(template.strides))
    for target, side, space, seed in _asked(run, targets, seeds):
        if not any((f["side"], f["target"], f["place"]) == (side, target.target, seed) for f in found):
            found.append(_as_found(find(space, target, side, seed), side, target, seed))
            write_atomically(folder / NAS_FILE, to_json({**about, "found": found}, indent=1))
            on_found(found[-1])
    store.add([_planned(f, template) for f in found], [_population(f, run.folder) for f in found])
    train_population(store, template, training, recipe, pool=pool, device=on, on_change=on_change)
    return folder


def _asked(run: Run, targets: list[Budget], seeds: int) -> Iterator[tuple[Budget, str, NetworkSpace, int]]:
    """Yield each NAS: its target, its side, where it looks, its seed."""
    for target in targets:
        elite = run.elite(target).space
        for side, space in (("nas-elite", elite), ("nas-expanded", run.space.full)):
            for seed in range(seeds):
                yield target, side, space, seed


def _in_flops(budgets: list[Budget]) -> list[Budget]:
    others = [str(budget) for budget in budgets if budget.kind != "flops"]
    if others:
        raise NetspaceError(
            f"Table 1 compares networks at FLOPs, and {', '.join(others)} is another cost; name the FLOPs budgets of "
            "the run with --budgets"
        )
    return budgets


def _open(
    run: Run, settings: NasSettings, dataset: str | None, opening: Mapping[str, Any]
) -> tuple[ImageData, SpaceSearch | None]:
    """Return the run's images, wherever they are now, or those of another data set of the same shape, and its search.

    There is no search where the model of error finds the networks: it asks no super network.
    """
    other = None if dataset is None else load_images(replace(run.config.data, dataset=dataset), kept=places(run.folder))
    own = other is None or other.fingerprint == run.made_on
    if settings.method == "model":
        search, data = None, other or open_data(run, **{k: v for k, v in opening.items() if k != "device"})
    else:
        search = open_search(run, dataset=dataset if own else None, **opening)
        data = search.data if own or other is None else other
    wanted = run.template.data_shape
    if data.shape != wanted:
        raise NetspaceError(
            f"dataset '{dataset}' has (image size, channels, classes) {data.shape}, but the run's networks take "
            f"{wanted}; give data of that shape"
        )
    return data, search


def _about(run: Run, recipe: Recipe, settings: NasSettings, targets: list[Budget]) -> dict[str, Any]:
    """Return what all that is found has in common, for the file of it; constraints where there are any."""
    bounds = dict.fromkeys(target.bounds for target in targets)
    others = {"constraints": " or ".join(bounds)} if any(bounds) else {}
    shape = {"search_space": run.space.name, "image_size": run.template.image_size}
    return {**shape, "recipe": recipe.name, "nas": to_plain(settings), "run": fingerprint(run.config), **others}


def _load(folder: Path, about: dict[str, Any], settings: NasSettings, stages: int) -> list[Found]:
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


def _by_supernet(search: SpaceSearch, settings: NasSettings) -> Find:
    def find(space: NetworkSpace, budget: Budget, side: str, seed: int) -> Chosen:
        weights = {name: value.clone() for name, value in search.supernet.state_dict().items()}
        chosen = search_architectures(search, space, budget, settings, seed=seed)
        search.supernet.load_state_dict(weights)  # a NAS that fine-tunes leaves nothing to the next
        return chosen

    return find


def _by_model(run: Run, settings: NasSettings, folder: Path, training: BriefTraining) -> Find:
    model = RunModel.of(run)

    def find(space: NetworkSpace, budget: Budget, side: str, seed: int) -> Chosen:
        own = folder / "trained" / f"{population_name(side, budget)}-{seed}"
        return rank_networks(model, space, budget, settings, training=training, folder=own, seed=seed)

    return find


def _as_found(chosen: Chosen, side: str, budget: Budget, seed: int) -> Found:
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


def _population(found: Found, run: Path) -> Population:
    side = str(found["side"]).removeprefix("nas-")
    return Population(found["population"], "nas", side, found["target"], cost="flops", run=run.resolve().name)


def _planned(found: Found, template: NetworkTemplate) -> Planned:
    architecture = architecture_of(found)
    return Planned(found["population"], found["place"], found["place"], architecture, cost(architecture, template))
