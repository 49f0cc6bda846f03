"""The comparison itself: NAS after NAS, then the trainings of the networks that they chose."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

from netspace.cost import Budget
from netspace.documents import fingerprint, to_json, write_atomically
from netspace.evaluate import TrainingData, device_of, train_population
from netspace.finding import BriefTraining, Deadline, RunModel, rank_networks
from netspace.nas_comparison.asked import NasComparison, open_comparison
from netspace.nas_comparison.found import Found, as_found, brief_folder, planned, population_of
from netspace.nas_comparison.plan import glance_at_comparison, seeds_within
from netspace.planning import Foresight
from netspace.records import NetworkStore
from netspace.records.nas_file import NAS_FILE
from netspace.runs import Run
from netspace.search import Chosen, SpaceSearch, search_architectures
from netspace.settings import NasSettings
from netspace.spaces import NetworkSpace

Find = Callable[[NetworkSpace, Budget, str, int], Chosen]


def compare_nas(
    run: Run | Path,
    *,
    deadline: Deadline | None = None,
    on_found: Callable[[Found], None] = lambda found: None,
    on_change: Callable[[dict[str, int]], None] | None = None,
    on_note: Callable[[str], None] | None = None,
    **asked: Any,
) -> Path:
    """Run NAS in each elite and in the whole space, train each seed's best network; go on where it was stopped.

    Each seed has a NAS and a training of its own, so the interval over seeds holds both.

    Args:
        run: folder of a finished search.
        deadline: of what is left: fewer seeds are done where all of them would take longer; None is as long as it
            takes.
        on_found: called with each NAS's finding.
        on_change: called with the number of networks of each status, when it changes.
        on_note: called with how long it is about to take, where that is a while, and how long it took.
        asked: what is compared, and how: `recipe`, `settings` and further arguments of `open_comparison`.

    Returns:
        the folder: `nas.json` with what each NAS found, `networks.sqlite` with the trainings.

    Raises:
        NetspaceError: where the run has no such elite, a budget is of another cost than FLOPs, the images do not fit,
            the folder holds other settings, or the time is too short for one seed.
    """
    comparison = seeds_within(deadline, open_comparison(run, **asked), on_note or (lambda text: None))
    _compare(comparison, Foresight(on_note), on_found, on_change)
    return comparison.folder


def _compare(
    comparison: NasComparison,
    foresight: Foresight,
    on_found: Callable[[Found], None],
    on_change: Callable[[dict[str, int]], None] | None,
) -> None:
    """Do what is not done."""
    run, recipe, folder, template = comparison.run, comparison.recipe, comparison.folder, comparison.run.template
    find, training, store = _find(comparison), TrainingData.of(comparison.data, recipe), NetworkStore(folder)
    store.create(recipe=fingerprint(recipe), data=training.fingerprint, template=fingerprint(template))
    found = comparison.found()
    foresight.begin(partial(glance_at_comparison, comparison))
    for target, side, space, seed in comparison.left(found):
        found.append(as_found(find(space, target, side, seed), side, target, seed))
        write_atomically(folder / NAS_FILE, to_json({**comparison.about, "found": found}, indent=1))
        on_found(found[-1])
    store.add([planned(f, template) for f in found], [population_of(f, run.folder) for f in found])
    pool, on = comparison.pool, device_of(comparison.pool, comparison.device)
    train_population(store, template, training, recipe, pool=pool, device=on, on_change=on_change)
    foresight.end()


def _find(comparison: NasComparison) -> Find:
    if comparison.search is not None:
        return _by_supernet(comparison.search, comparison.settings)
    brief = BriefTraining(comparison.data, comparison.brief_recipe, comparison.pool, comparison.device)
    return _by_model(comparison.run, comparison.settings, comparison.folder, brief)


def _by_supernet(search: SpaceSearch, settings: NasSettings) -> Find:
    def find(space: NetworkSpace, budget: Budget, side: str, seed: int) -> Chosen:
        before = deepcopy(search.checkpoint())
        chosen = search_architectures(search, space, budget, settings, seed=seed)
        search.restore(before)  # a NAS that fine-tunes leaves nothing to the next: neither weights nor their momentum
        return chosen

    return find


def _by_model(run: Run, settings: NasSettings, folder: Path, training: BriefTraining) -> Find:
    model = RunModel.of(run)

    def find(space: NetworkSpace, budget: Budget, side: str, seed: int) -> Chosen:
        own = brief_folder(folder, side, budget, seed)
        return rank_networks(model, space, budget, settings, training=training, folder=own, seed=seed)

    return find
