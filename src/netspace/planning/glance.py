"""Plans of what a command is about to do, for which hardly any time is taken: none where it is soon through."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from netspace.allocator import give_back_memory
from netspace.analysis import Interval
from netspace.config import load_recipe
from netspace.cost import Budget, cost
from netspace.data import ImageData
from netspace.evaluate import TrainingData, at_a_time
from netspace.models import resolve_device
from netspace.planning.measuring import BEYOND, ROUNDS, TIMED, nearest_to_mean, seconds_of_training, training_seconds
from netspace.planning.nas import FEW, nas_steps, scores_of
from netspace.planning.plan import Plan, PlannedStep
from netspace.planning.plans import TRAININGS, measured_on, peak_memory, precision_of
from netspace.planning.remaining import calibration_left, networks_left
from netspace.planning.searching import LOOKS, PLANNED, SCORED, SuperNetworkSteps, calibrations, resolved
from netspace.records import NetworkStore
from netspace.runs import Run
from netspace.search import SpaceSearch
from netspace.settings import ONE_PROCESS, NasSettings, Pool, Recipe, SearchConfig
from netspace.spaces import Architecture, NetworkSpace, NetworkTemplate

SHARE = 0.05  # of the time of the work, at most, that may be taken to measure it
SOON = 20.0  # seconds; of work that takes no longer nothing is said
LONGEST = 5.0  # seconds of measuring, about
MOST_WEIGHTS = 20_000_000  # of a super network that is built a second time for a line's sake
LOOK = 2  # steps of a first look, of which one is timed


def glance_at_training(
    architecture: Architecture,
    template: NetworkTemplate,
    images: ImageData,
    recipe: Recipe,
    *,
    device: str,
    done: int = 0,
) -> Plan | None:
    """Plan what is left of a full training by this process; None where it is soon through.

    Args:
        architecture: what is trained.
        template: of it.
        images: of the template's shape.
        recipe: how.
        device: `cpu` or `cuda`.
        done: epochs.
    """
    left = 1 - done / recipe.epochs
    step = glance_at_trainings([architecture], template, images, recipe, device=device, left=left, alone=True)
    precision = precision_of(recipe, [architecture], template, device)
    return None if step is None else Plan((step,), 1, device, precision, peak_memory())


def glance_at_store(
    store: NetworkStore,
    template: NetworkTemplate,
    images: ImageData,
    recipe: Recipe,
    pool: Pool = ONE_PROCESS,
    device: str = "auto",
) -> Plan | None:
    """Plan the trainings of the networks of a store that wait; None where they are soon through.

    Args:
        store: of the networks.
        template: of all of them.
        images: of the template's shape.
        recipe: how each is trained.
        pool: who trains.
        device: `cpu`, `cuda` or `auto`; of a cluster's trainings the time is taken here.
    """
    jobs, on = at_a_time(pool), measured_on(pool, device)
    networks = networks_left(store, template)
    step = glance_at_trainings(networks, template, images, recipe, device=on, jobs=jobs)
    precision = precision_of(recipe, networks, template, on)
    return None if step is None else Plan((step,), jobs, on, precision, peak_memory())


def glance_at_search(config: SearchConfig, images: ImageData, run: Run, pool: Pool = ONE_PROCESS) -> Plan | None:
    """Plan what is left of a search; None where it is soon through, or another's estimator makes it.

    Args:
        config: as resolved.
        images: of it.
        run: its folder.
        pool: who trains stand-alone networks.
    """
    estimator, on = config.search.estimator, resolve_device(config.device)
    if estimator not in PLANNED:
        return None
    config, template = resolved(config, images, on), config.space.template(*images.shape)
    steps: list[PlannedStep] = []
    work = SuperNetworkSteps(config, images, run)
    if work.count and weights_of_all(config.space.full, template) > MOST_WEIGHTS:
        return None
    looks = min(LOOKS, affordable(work.count, 1) - 1)
    if not affordable(work.scores, SCORED + 1):
        work.scores = 0  # so few take no time that is worth a word
    if looks >= 1 or (not work.count and work.scores):
        steps += work.steps(looks, LONGEST)
    elif work.count:
        return None
    jobs, recipe, n = at_a_time(pool), load_recipe(config.search.front.recipe), calibrations(config)
    if n and affordable(n * steps_of(recipe, images), LOOK):
        networks = calibration_left(config, template, n, run)
        on = resolve_device("auto") if pool.cluster else on
        found = glance_at_trainings(networks, template, images, recipe, device=on, jobs=jobs)
        steps += [] if found is None else [found]
    give_back_memory()
    plan = Plan(tuple(steps), jobs, config.device, config.precision, peak_memory(), work.disk)
    return unless_soon(plan)


def weights_of_all(space: NetworkSpace, template: NetworkTemplate) -> int:
    """Return the weights of a space's largest network, which are about those of its super network."""
    return cost(space.largest, template).params


def glance_at_nas(
    settings: NasSettings, asked: Sequence[tuple[NetworkSpace, Budget]], search: SpaceSearch
) -> list[PlannedStep]:
    """Return the steps of a plan that some NAS take on a super network, where they are enough to be timed.

    Args:
        settings: of each.
        asked: where each looks, and at which budget.
        search: a finished one, which is left as it is.
    """
    scores = affordable(scores_of(settings, asked, search), SCORED + 1)
    steps = settings.method != "differentiable" or affordable(len(asked) * settings.steps, 2 * FEW)
    return nas_steps(settings, asked, search) if scores and steps else []


def unless_soon(plan: Plan) -> Plan | None:
    """Return a plan that is worth a word; None where it is soon done."""
    return plan if plan.steps and plan.seconds.value >= SOON else None


def glance_at_trainings(
    networks: Sequence[Architecture],
    template: NetworkTemplate,
    images: ImageData,
    recipe: Recipe,
    *,
    device: str,
    jobs: int = 1,
    left: float = 1.0,
    alone: bool = False,
) -> PlannedStep | None:
    """Return the step of a plan that trains networks; None where it is soon done.

    One step of the network of about the mean cost is timed. If that lets the whole take a while, a few of the networks
    are measured as long as this takes one twentieth of it.

    Args:
        networks: what is trained.
        template: of all of them.
        images: of the template's shape.
        recipe: how each is trained.
        device: `cpu` or `cuda`.
        jobs: trainings at a time.
        left: share of each training that is not done.
        alone: whether this process trains, with all its threads.
    """
    n, steps = len(networks), steps_of(recipe, images)
    if recipe.compile or not affordable(int(n * left * steps), LOOK):
        return None
    costs = np.array([cost(one, template).flops for one in networks], np.float64)
    data = excerpt(images, recipe, device)
    how: dict[str, Any] = {"images": recipe.split(len(images.train))[0], "alone": alone}
    middle = networks[nearest_to_mean(costs)]
    look = seconds_of_training(middle, template, data, recipe, timed=1, rounds=1, **how)
    together = n * left * look.value / min(jobs, n)
    if together < SOON:
        return None
    most = int(min(SHARE * together, LONGEST) / (look.value / steps * TIMED * (ROUNDS + 1)))
    if most:
        whole = training_seconds(networks, template, data, recipe, most=most, **how)
    else:
        whole = Interval(*(n * look.value * (1 + unsure) for unsure in (0, -BEYOND, BEYOND)))
    give_back_memory()
    seconds = Interval(*(left * part for part in whole))
    soon = seconds.value / min(jobs, n) < SOON
    return None if soon else PlannedStep(TRAININGS, n, seconds, shared=True, unit=TRAININGS)


def affordable(count: int, least: int) -> int:
    """Return how many of so many equal parts may be done to time them; 0 where these are fewer than are of use."""
    most = int(count * SHARE)
    return most if most >= least else 0


def steps_of(recipe: Recipe, images: ImageData) -> int:
    """Return the steps of one training by a recipe."""
    return recipe.epochs * (recipe.split(len(images.train))[0] // recipe.batch_size)


def excerpt(images: ImageData, recipe: Recipe, device: str) -> TrainingData:
    """Return few images of a recipe's training, as many as are measured with, so that they take no memory twice."""
    n = math.ceil(TIMED * recipe.batch_size / (1 - recipe.validation_share)) + 1
    few = min(n, recipe.train_images or n)
    return TrainingData.of(images, replace(recipe, train_images=few), torch.device(device))
