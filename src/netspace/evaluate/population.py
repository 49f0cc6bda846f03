"""Populations: networks drawn from spaces, entered in the store, and trained by as many processes as are given."""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import torch
import torch.multiprocessing as mp

from netspace.cost import COST_KINDS, Budget, Cost, CostModel, cost
from netspace.documents import fingerprint
from netspace.evaluate.baselines import draw_baseline
from netspace.evaluate.train import train_network
from netspace.evaluate.training_data import TrainingData
from netspace.records import NetworkStore, Planned, Population, TrainedNetwork
from netspace.settings import Recipe
from netspace.spaces import Architecture, NetworkSpace, NetworkTemplate, SearchSpace
from netspace.spaces.ranges import IntArray

POLL_SECONDS = 1.0


@dataclass(frozen=True)
class PopulationPlan:
    """What one population is drawn from.

    Args:
        name: in the store, such as `elite-10M` or `expanded-10M`.
        budget: what its networks satisfy.
        space: drawn from uniformly; None for a baseline.
        baseline: name of a baseline; None for a space.
        population: what is kept of it in the store; None keeps the name alone.
    """

    name: str
    budget: Budget
    space: NetworkSpace | None = None
    baseline: str | None = None
    population: Population | None = None


def plan_networks(
    plans: list[PopulationPlan], n: int, *, search_space: SearchSpace, template: NetworkTemplate, seed: int
) -> list[Planned]:
    """Draw n different networks for each population.

    A network's training seed depends on its place alone, so populations are trained with equal seeds; its draw
    depends on the population's name and the seed.

    Raises:
        NetspaceError: where a population has fewer than n networks in band.
    """
    planned = []
    for plan in plans:
        rng = np.random.default_rng([seed, zlib.crc32(plan.name.encode())])
        if plan.space is not None:
            drawn = plan.budget.band(plan.space, template).draw(n, rng=rng, replace=False)
        else:
            assert plan.baseline is not None
            drawn = draw_baseline(
                plan.baseline, n, search_space=search_space, template=template, budget=plan.budget, rng=rng
            )
        planned += plan_drawn(plan.name, drawn, template, seed)
    return planned


def plan_drawn(name: str, drawn: tuple[IntArray, IntArray], template: NetworkTemplate, seed: int) -> list[Planned]:
    """Return drawn depths and widths, each of shape (n, stages), as the networks of a population, priced and seeded."""
    costs = np.stack([CostModel(template, kind)(*drawn) for kind in COST_KINDS], axis=1)
    return [
        Planned(name, place, seed * 1_000_003 + place, Architecture.of(d, w), Cost(*(int(c) for c in row)))
        for place, (d, w, row) in enumerate(zip(*drawn, costs, strict=True))
    ]


def train_population(
    store: NetworkStore,
    template: NetworkTemplate,
    data: TrainingData,
    recipe: Recipe,
    *,
    jobs: int = 1,
    on_change: Callable[[dict[str, int]], None] | None = None,
) -> None:
    """Train every network of a store that is not trained yet.

    Each process computes with one thread and every network has its own seed, so the results do not depend on `jobs`.

    Args:
        store: networks that wait.
        template: of all of them.
        data: the images; shared by the processes.
        recipe: how each is trained.
        jobs: processes.
        on_change: called with the number of networks of each status, when it changes.
    """
    arguments = (store.folder, template, data, recipe)
    for part in (data.train, data.validation, data.test):
        part.images.share_memory_()
        part.labels.share_memory_()
    context = mp.get_context("spawn")
    workers = [context.Process(target=_work, args=(*arguments, os.getpid()), daemon=True) for _ in range(jobs)]
    for worker in workers:
        worker.start()
    try:
        for counts in _changes(store, workers):
            if on_change is not None:
                on_change(counts)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def _changes(store: NetworkStore, workers: Sequence[BaseProcess]) -> Iterator[dict[str, int]]:
    """Yield the counts of each status whenever they change, until every process is done."""
    last: dict[str, int] = {}
    while True:
        running = any(worker.is_alive() for worker in workers)
        counts = store.counts()
        if counts != last:
            yield counts
        last = counts
        if not running:
            return
        time.sleep(POLL_SECONDS)


def _claims(store: NetworkStore, while_waiting: Callable[[], None]) -> Iterator[tuple[int, Architecture, int]]:
    """Yield networks to train until none waits and none is held by a process that might still die."""
    while True:
        claimed = store.claim()
        if claimed is not None:
            yield claimed
        elif store.counts().get("claimed"):
            while_waiting()
            time.sleep(POLL_SECONDS)
        else:
            return


def _work(folder: Path, template: NetworkTemplate, data: TrainingData, recipe: Recipe, parent: int) -> None:
    """Claim and train networks until every one is done: what each process does."""
    torch.set_num_threads(1)
    store, of_recipe = NetworkStore(folder), fingerprint(recipe)

    def end_with_parent(*_: object) -> None:
        if os.getppid() != parent:
            os._exit(1)

    for network, architecture, seed in _claims(store, end_with_parent):
        try:
            trained = train_network(
                architecture, template, data, recipe, seed=seed, fingerprint=of_recipe, on_epoch=end_with_parent
            )
        except (RuntimeError, MemoryError) as error:
            reason = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
            costs = cost(architecture, template)
            trained = TrainedNetwork(architecture, costs, seed, of_recipe, data.fingerprint, "failed", reason=reason)
        store.finish(network, trained)
