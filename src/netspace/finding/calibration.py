"""Stand-alone trainings of a run's own, shared by every budget: what a model of error learns from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from netspace.data import ImageData
from netspace.documents import fingerprint, to_yaml, write_atomically
from netspace.evaluate import TrainingData, plan_drawn, train_population
from netspace.finding.limit import TimeLimit, seconds_done, seconds_of_training
from netspace.models import resolve_device
from netspace.records import NetworkStore, Population
from netspace.runs import CALIBRATION
from netspace.settings import Recipe
from netspace.spaces import NetworkTemplate, SearchSpace
from netspace.surrogate import plan_calibration


def train_calibration(
    run: Path,
    n: int,
    *,
    search_space: SearchSpace,
    template: NetworkTemplate,
    images: ImageData,
    recipe: Recipe,
    seed: int = 0,
    jobs: int = 1,
    device: str = "auto",
    time_limit: float | None = None,
    on_trained: Callable[[int, int], None] | None = None,
) -> Path:
    """Train n networks into the store `RUN/calibration`, or those that are missing there, and return its folder.

    Args:
        run: folder of the run.
        n: networks.
        search_space: what they are drawn from.
        template: of all networks.
        images: of the shape that the template says.
        recipe: how each is trained.
        seed: of draws and trainings.
        jobs: processes, of one thread each.
        device: `cpu`, `cuda` or `auto`, which takes the GPU where there is one.
        time_limit: seconds; fewer networks are trained where n of them would take longer. None trains all.
        on_trained: called with the number of networks that were trained and of all, when it changes.

    Raises:
        NetspaceError: where the device is not there, the store there is of another recipe, data or template, or too few
            trainings fit into the time.
    """
    on, training = resolve_device(device), TrainingData.of(images, recipe)
    points, store = plan_calibration(search_space, template, n, seed=seed), NetworkStore(run / CALIBRATION)
    limit = None if time_limit is None else TimeLimit(time_limit, jobs, CALIBRATION)
    if limit is not None:
        done = seconds_done(store) if store.file.exists() else []
        middle = template.architectures(points[:1])[0]  # the plan begins in the middle of all costs and shapes
        there = training.to(torch.device(on))
        each = sum(done) / len(done) if done else seconds_of_training(middle, template, there, recipe)
        points = points[: limit.room(done, each, recipe)]
    store.create(recipe=fingerprint(recipe), data=training.fingerprint, template=fingerprint(template))
    spread = Population(CALIBRATION, "calibration", CALIBRATION, run=run.resolve().name)
    # Two groups: with one seed for all, what is luck of that seed would be taken for the networks' own.
    store.add(plan_drawn(CALIBRATION, points, template, seed, groups=2 if recipe.common else None), [spread])
    write_atomically(store.folder / "recipe.yaml", to_yaml(recipe))
    told, total = 0, len(points)

    def changed(counts: dict[str, int]) -> None:
        nonlocal told
        done = sum(counts.values()) - counts.get("waiting", 0) - counts.get("claimed", 0)
        if on_trained is not None and done != told:
            on_trained(done, min(total, sum(counts.values())))
        told = done

    watching = changed if limit is None else limit.watch(store, changed)
    train_population(store, template, training, recipe, jobs=jobs, device=on, on_change=watching)
    return store.folder
