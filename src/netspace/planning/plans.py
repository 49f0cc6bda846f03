"""The plan of each command that trains."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from netspace.analysis import Interval
from netspace.arithmetic import settled
from netspace.config import load_recipe
from netspace.cost import Budget
from netspace.data import ImageData
from netspace.evaluate import TrainingData
from netspace.models import resolve_device
from netspace.planning.measuring import training_seconds
from netspace.planning.plan import Plan, PlannedStep
from netspace.search import SpaceSearch, architecture_score, settled_search
from netspace.search.gradients import GRADIENTS
from netspace.settings import Recipe, SearchConfig
from netspace.spaces import Architecture, NetworkTemplate, SearchSpace
from netspace.surrogate import plan_calibration

LOOKS = 8  # moments of a search at which a step is timed
SCORED = 3  # architectures whose score is timed


def plan_training(
    architecture: Architecture,
    template: NetworkTemplate,
    images: ImageData,
    recipe: Recipe,
    *,
    what: str = "trainings",
    device: str = "auto",
) -> Plan:
    """Plan one full training.

    Args:
        architecture: what would be trained.
        template: of it.
        images: of the template's shape.
        recipe: how.
        what: to call it.
        device: `cpu`, `cuda` or `auto`.
    """
    return plan_populations([architecture], template, images, recipe, what=what, device=device)


def plan_populations(
    architectures: Sequence[Architecture],
    template: NetworkTemplate,
    images: ImageData,
    recipe: Recipe,
    *,
    what: str = "trainings",
    jobs: int = 1,
    device: str = "auto",
) -> Plan:
    """Plan the trainings of networks; none is a plan of nothing.

    Args:
        architectures: what would be trained.
        template: of all of them.
        images: of the template's shape.
        recipe: how each is trained.
        what: to call them.
        jobs: trainings at a time.
        device: `cpu`, `cuda` or `auto`.
    """
    on = resolve_device(device)
    step = _trainings(architectures, template, images, recipe, on, what)
    precision = recipe.precision
    if architectures:
        precision = settled(precision, architectures[0], template, torch.device(on))
    return Plan((step,), jobs, on, precision, _memory())


def plan_search(config: SearchConfig, images: ImageData, *, jobs: int = 1, recipe: Recipe | None = None) -> Plan:
    """Plan a search: the super network's steps, its scores, the stand-alone trainings.

    Steps are timed at moments evenly over the search, since the warm-up switches on more than what comes later.

    Args:
        config: as resolved.
        images: of it.
        jobs: trainings at a time.
        recipe: of its stand-alone trainings; None reads the one that the config names.

    Raises:
        NetspaceError: where no network meets a budget, or the images are too few.
    """
    on, template = resolve_device(config.device), config.space.template(*images.shape)
    for budget in config.parsed_budgets:
        budget.band(config.space.full, template)
    config = SearchConfig(**{**vars(config), "data": images.settings, "device": on})
    config = replace(config, precision=settled_search(config, template))
    front, steps, disk = config.search.front, [], 0
    if config.search.estimator != "population":
        search = SpaceSearch(_at_one_step(config), images)
        taken = [_seconds_at(search, round(k * config.search.epochs / LOOKS)) for k in range(LOOKS)]
        each = config.search.steps_per_epoch or len(search.weights_set) // search.batch
        total = config.search.epochs * each
        steps.append(PlannedStep("steps of the super network", total, _spread(taken, total)))
        weights = sum(p.numel() for p in search.supernet.parameters())
        disk = 2 * 4 * 2 * weights  # weights and momentum, of this checkpoint and the one before it
        if config.search.estimator not in GRADIENTS:
            steps.append(
                PlannedStep("scores read off it, at most", front.evaluations, _scores(search, front.evaluations))
            )
    n = front.population if config.search.estimator == "population" else front.calibration
    if n and config.search.estimator not in GRADIENTS:
        points = plan_calibration(config.space, template, n, seed=config.seed, budgets=config.parsed_budgets)
        recipe = recipe or load_recipe(front.recipe)
        steps.append(_trainings(template.architectures(points), template, images, recipe, on))
    return Plan(tuple(steps), jobs, on, config.precision, _memory(), disk)


def stand_ins(
    space: SearchSpace, template: NetworkTemplate, budgets: Sequence[Budget], each: int, *, seed: int = 0
) -> list[Architecture]:
    """Draw networks in band from the whole search space, in place of those that are not chosen yet.

    Args:
        space: searched.
        template: of its networks.
        budgets: that they satisfy.
        each: how many for each budget.
        seed: of the draws.

    Raises:
        NetspaceError: where no network meets a budget.
    """
    rng = np.random.default_rng(seed)
    bands = [budget.band(space.full, template) for budget in budgets]
    return [network for band in bands for network in template.architectures(band.draw(each, rng=rng))]


def _trainings(
    architectures: Sequence[Architecture],
    template: NetworkTemplate,
    images: ImageData,
    recipe: Recipe,
    device: str,
    what: str = "trainings",
) -> PlannedStep:
    what = f"{what} by recipe '{recipe.name}'"
    if not architectures:
        return PlannedStep(what, 0, Interval(0.0, 0.0, 0.0), shared=True)
    data = TrainingData.of(images, recipe, torch.device(device))
    return PlannedStep(what, len(architectures), training_seconds(architectures, template, data, recipe), shared=True)


def _at_one_step(config: SearchConfig) -> SearchConfig:
    return replace(config, search=replace(config.search, steps_per_epoch=1))


def _seconds_at(search: SpaceSearch, epoch: int) -> float:
    """Return the time of one step of an epoch; the very first one of a search is taken twice, and timed once."""
    for _ in range(2 if epoch == 0 else 1):
        search.epoch, begun = epoch, time.perf_counter()
        search.train_epoch()
        seconds = time.perf_counter() - begun
    return seconds


def _scores(search: SpaceSearch, n: int) -> Interval:
    taken, rng = [], np.random.default_rng(0)
    for _ in range(SCORED):
        architecture, begun = search.shared.anywhere(rng), time.perf_counter()
        architecture_score(search.supernet, architecture, images=search.theta_set, normalise=search.normalise)
        taken.append(time.perf_counter() - begun)
    return _spread(taken, n)


def _spread(taken: Sequence[float], n: int) -> Interval:
    """Return the time of n like those that were timed, and two standard errors below and above."""
    mean, error = float(np.mean(taken)), float(np.std(taken, ddof=1) / np.sqrt(len(taken)))
    return Interval(n * mean, n * max(mean - 2 * error, min(taken)), n * (mean + 2 * error))


def _memory() -> int:
    """Return the most memory that this process has taken, bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)
