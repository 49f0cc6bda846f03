"""What is left of work that a folder holds the beginning of, so that a plan counts no more than that."""

from __future__ import annotations

from netspace.records import NetworkStore, places_done, recovery
from netspace.records.row import architecture_of
from netspace.runs import CALIBRATION, Run
from netspace.search.checkpoints import checkpoints
from netspace.settings import SearchConfig
from netspace.spaces import Architecture, NetworkTemplate, Points
from netspace.surrogate import plan_calibration


def epochs_done(run: Run) -> int:
    """Return the epochs from which a search or a full training goes on: those of its newest checkpoint, or 0."""
    found = checkpoints(run.folder)
    return int(found[-1].name.rpartition("-")[2]) if found else 0


def networks_left(store: NetworkStore, template: NetworkTemplate) -> list[Architecture]:
    """Return the networks of a store that are not trained yet; none where it is not there."""
    return [template.complete(architecture_of(row)) for row in recovery.left(store)]


def scores_left(config: SearchConfig, run: Run | None) -> int:
    """Return how many architectures are still to be scored on a super network, at most."""
    asked = config.search.front.evaluations
    if run is None or not run.folder.exists():
        return asked
    if run.score_file.finished(asked):
        return 0
    return max(asked - len(run.score_file.read().values), 0)


def calibration_left(config: SearchConfig, template: NetworkTemplate, n: int, run: Run | None) -> list[Architecture]:
    """Return those of a run's n stand-alone trainings that are not done.

    Args:
        config: of the search.
        template: of the networks.
        n: asked for.
        run: that may have begun with them.
    """
    store = None if run is None else run.store(CALIBRATION)
    begun = None if store is None else begun_with(store, template)
    points = plan_calibration(config.space, template, n, seed=config.seed, budgets=config.parsed_budgets, begun=begun)
    done = set() if store is None else places_done(store)
    return [one for place, one in enumerate(template.architectures(points)) if (CALIBRATION, place) not in done]


def begun_with(store: NetworkStore, template: NetworkTemplate) -> Points | None:
    """Return the networks that a calibration has begun with, whatever budgets or version they were planned for."""
    if not store.begun:
        return None
    rows = [row for row in store.rows() if row["population"] == CALIBRATION]
    whole = [row for place, row in enumerate(rows) if row["place"] == place]
    return template.points([template.complete(architecture_of(row)) for row in whole]) if whole else None
