"""Stand-alone trainings of a run's own, shared by every budget: what a model of error learns from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from netspace.cost import Budget
from netspace.data import ImageData
from netspace.evaluate import TrainingData, at_a_time, device_of
from netspace.finding.drawn import train_drawn
from netspace.finding.limit import TimeLimit, format_duration, mean_seconds
from netspace.planning import begun_with, seconds_of_training
from netspace.records import NetworkStore, Population, recovery
from netspace.runs import CALIBRATION
from netspace.settings import ONE_PROCESS, Pool, Recipe
from netspace.spaces import NetworkTemplate, Points, SearchSpace
from netspace.surrogate import plan_calibration


def train_calibration(
    run: Path,
    n: int,
    *,
    search_space: SearchSpace,
    template: NetworkTemplate,
    images: ImageData,
    recipe: Recipe,
    budgets: Sequence[Budget] = (),
    seed: int = 0,
    pool: Pool = ONE_PROCESS,
    device: str = "auto",
    time_limit: float | None = None,
    on_trained: Callable[[int, int], None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> Path:
    """Train n networks into the store `RUN/calibration`, or those that are missing there, and return its folder.

    Args:
        run: folder of the run.
        n: networks.
        search_space: what they are drawn from.
        template: of all networks.
        images: of the shape that the template says.
        recipe: how each is trained.
        budgets: that the trainings shall serve: networks of about their costs come first. None are all costs.
        seed: of draws and trainings.
        pool: who trains, and how many networks at a time.
        device: `cpu`, `cuda` or `auto`, which takes the GPU where there is one.
        time_limit: seconds; fewer networks are trained where n of them would take longer. None trains all.
        on_trained: called with the number of networks that were trained and of all, when it changes.
        on_note: called with how many there is time for, where these are fewer than n.

    Raises:
        NetspaceError: where the device is not there, the store of another recipe, data or template, or time too short.
    """
    on, training = device_of(pool, device), TrainingData.of(images, recipe)
    store = NetworkStore(run / CALIBRATION)
    points = plan_calibration(search_space, template, n, seed=seed, budgets=budgets, begun=begun_with(store, template))
    limit = None if time_limit is None else TimeLimit(time_limit, at_a_time(pool), CALIBRATION)
    if limit is not None:
        done = recovery.done(store)
        each = mean_seconds(done) or _measured(points, template, training.to(torch.device(on)), recipe)
        points = points[: limit.room(done, each, recipe)]
        if on_note is not None and len(points) < n:
            on_note(f"within {limit}: {len(points)} trainings instead of {n}, of about {format_duration(each)} each")
    told, total = 0, len(points)

    def changed(counts: dict[str, int]) -> None:
        nonlocal told
        trained = sum(counts.values()) - counts.get("waiting", 0) - counts.get("claimed", 0)
        if on_trained is not None and trained != told:
            on_trained(trained, min(total, sum(counts.values())))
        told = trained

    population = Population(CALIBRATION, "calibration", CALIBRATION, run=run.resolve().name)
    watching = changed if limit is None else limit.watch(store, changed)
    how: dict[str, Any] = {"template": template, "data": training, "recipe": recipe, "pool": pool, "device": on}
    train_drawn(store, points, population, seed=seed, on_change=watching, **how)
    return store.folder


def _measured(points: Points, template: NetworkTemplate, data: TrainingData, recipe: Recipe) -> float:
    """Return the seconds of a training, of the first: a plan begins in the middle of all costs and shapes."""
    return seconds_of_training(template.architectures(points[:1])[0], template, data, recipe).value
