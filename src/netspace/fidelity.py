"""The fidelity gate of a run: its super network's scores against networks trained from scratch."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from netspace.analysis import Agreement, agreements, free_proxies, is_open, leave_one_out, log_features
from netspace.analysis.fidelity import WITHIN
from netspace.documents import fingerprint, to_json, to_plain, to_yaml, write_atomically
from netspace.errors import NetspaceError
from netspace.evaluate import TrainingData, device_of, plan_drawn, train_population
from netspace.evaluate.population import rng_of
from netspace.records import EliteSpace, Fidelity, NetworkStore, Planned, Population, population_name
from netspace.records.fidelity_file import FIDELITY_FILE, SUPERNET
from netspace.records.row import architecture_of
from netspace.records.sameness import RECIPE_FILE
from netspace.runs import FIDELITY, Run
from netspace.search import SpaceSearch, architecture_score, open_search
from netspace.search.score_run import sequence
from netspace.settings import ONE_PROCESS, Pool, Recipe

RIDGE = "ridge on logs"
BOTH = "ridge on logs and super network"
ACROSS = "across"


def check_fidelity(
    run: Run | Path,
    n: int,
    *,
    recipe: Recipe,
    trained: Sequence[Path] = (),
    opening: Mapping[str, Any] | None = None,
    seed: int = 0,
    pool: Pool = ONE_PROCESS,
    device: str = "auto",
    on_change: Callable[[dict[str, int]], None] | None = None,
) -> list[Agreement]:
    """Train networks, compare the super network's scores with them, and write the outcome into the elite files.

    Args:
        run: folder of a finished search.
        n: networks per budget (half from its elite, half from the whole space in band), and as many across all costs;
            0 trains none, where there are `trained`.
        recipe: how each is trained.
        trained: folders of evaluations of the same recipe, data and template, whose networks are taken in too.
        opening: arguments of `netspace.search.open_search`, where the data have moved or changed.
        seed: of draws and trainings.
        pool: who trains, and how many networks at a time.
        device: `cpu`, `cuda` or `auto`, which takes the GPU where there is one, and leaves the super network where it
            was trained.
        on_change: called with the number of networks of each status, when it changes.

    Returns:
        how the super network, the free proxies and a ridge fitted to the other networks agree with stand-alone
        validation errors: overall, per band, and within bands.

    Raises:
        NetspaceError: where the folder holds no finished search, too few networks could be trained, or a folder of
            trained networks has another recipe, data or template.
    """
    run, on = Run.of(run), device_of(pool, device)
    search = open_search(run, **{"device": device, **(opening or {})})
    elites = {str(budget): run.elite(budget) for budget in search.budgets}
    of = {"recipe": fingerprint(recipe), "template": fingerprint(search.template), "data": search.data.fingerprint}
    for folder in trained:
        NetworkStore(folder).check(**of)
    rows = [row for place in trained for row in _rows(NetworkStore(place))]
    if n:
        store = run.store(FIDELITY)
        training = TrainingData.of(search.data, recipe)
        store.create(**of)
        store.add(*_plan(search, elites, n, seed, run.folder))
        write_atomically(store.folder / RECIPE_FILE, to_yaml(recipe))
        train_population(store, search.template, training, recipe, pool=pool, device=on, on_change=on_change)
        rows += _rows(store)
    rows = [row for row in rows if row["status"] == "ok"]
    if len(rows) < 3:
        raise NetspaceError(f"the gate needs three networks or more that were trained well; it has {len(rows)}")
    scores = _scores(search, rows)
    found = agreements(scores, [r["validation_error"] for r in rows], [r["band"] for r in rows], seed=seed)
    _write(run.folder, found, scores, rows)
    _mark(run, elites, found)
    return found


def _mark(run: Run, elites: dict[str, EliteSpace], found: list[Agreement]) -> None:
    """Write into the elite files how far the super network's ranking is to be trusted, where that is known."""
    within = next((a for a in found if a.score == SUPERNET and a.group == WITHIN), None)
    if within is not None:
        tau, low, high = (round(x, 4) for x in within.tau)
        mark = Fidelity(tau, low, high, within.n, is_open(within))
        for elite in elites.values():
            provenance = dataclasses.replace(elite.provenance, fidelity=mark)
            dataclasses.replace(elite, provenance=provenance).save(run.folder)


def _write(run: Path, found: list[Agreement], scores: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Write the agreements, and each network with its scores, to fidelity.json."""
    plain = [{**dataclasses.asdict(a), "tau": list(a.tau), "rho": list(a.rho)} for a in found]
    networks = [
        {"folder": row["folder"], "population": row["population"], "place": row["place"], "band": row["band"]}
        | {"validation_error": row["validation_error"], "scores": {name: float(x[i]) for name, x in scores.items()}}
        for i, row in enumerate(rows)
    ]
    write_atomically(run / FIDELITY_FILE, to_json({"agreements": plain, "networks": networks}, indent=1))


def _plan(
    search: SpaceSearch, elites: dict[str, EliteSpace], n: int, seed: int, run: Path
) -> tuple[list[Planned], list[Population]]:
    """Draw the networks: per budget from the elite and from the whole space in band, and across all costs."""
    planned: list[Planned] = []
    folder = run.resolve().name
    populations = [Population(ACROSS, "gate", ACROSS, run=folder)]
    for budget in search.budgets:
        found = elites[str(budget)]
        inside = budget.members(found.space, search.template)
        elite = min(n // 2, inside.size)
        if elite:
            name, source = population_name("elite", budget), str(run / found.filename)
            planned += plan_drawn(
                name, inside.draw(elite, rng=rng_of(name, seed), replace=False), search.template, seed
            )
            space, estimator = json.dumps(to_plain(found.space)), found.provenance.estimator
            one = Population(name, "elite", "elite", source=source, run=folder, estimator=estimator, space=space)
            populations.append(one.at(budget))
        whole, name = budget.band(search.config.space.full, search.template), population_name("whole", budget)
        planned += plan_drawn(name, whole.draw(n - elite, rng=rng_of(name, seed), replace=False), search.template, seed)
        populations.append(Population(name, "gate", "whole", run=folder).at(budget))
    across = np.array(list(islice(sequence(search.pool, seed=seed), n)))
    return planned + plan_drawn(ACROSS, across, search.template, seed), populations


def _scores(search: SpaceSearch, rows: list[dict[str, Any]]) -> dict[str, Any]:
    depths, widths, flops = ([row[key] for row in rows] for key in ("depth", "width", "flops"))
    errors = np.array([row["validation_error"] for row in rows])
    networks = [search.template.complete(architecture_of(row)) for row in rows]
    shared = [
        architecture_score(search.supernet, network, images=search.theta_set, normalise=search.normalise)
        for network in networks
    ]
    features = log_features(depths, widths, flops)
    both = np.column_stack([features, shared])
    fitted = {RIDGE: leave_one_out(features, errors), BOTH: leave_one_out(both, errors)}
    return {SUPERNET: shared, **free_proxies(depths, widths, flops), **fitted}


def _rows(store: NetworkStore) -> list[dict[str, Any]]:
    """Return a store's networks with its folder, and the budget that each was drawn for: None across all costs."""
    known = store.populations()
    return [{**row, "folder": str(store.folder), "band": known[row["population"]].budget} for row in store.rows()]
