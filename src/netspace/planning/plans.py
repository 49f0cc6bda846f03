"""The plan of trainings: one in full, or those of populations."""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from netspace.analysis import Interval
from netspace.arithmetic import settled
from netspace.cost import Budget
from netspace.data import ImageData
from netspace.evaluate import TrainingData
from netspace.models import resolve_device
from netspace.planning.measuring import training_seconds
from netspace.planning.plan import Plan, PlannedStep
from netspace.settings import Pool, Precision, Recipe
from netspace.spaces import Architecture, NetworkTemplate, SearchSpace

TRAININGS = "trainings"


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
    return plan_populations([architecture], template, images, recipe, what=what, device=device, alone=True)


def plan_populations(
    architectures: Sequence[Architecture],
    template: NetworkTemplate,
    images: ImageData,
    recipe: Recipe,
    *,
    what: str = "trainings",
    jobs: int = 1,
    device: str = "auto",
    alone: bool = False,
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
        alone: whether this process trains them, with all its threads, instead of workers with one each.
    """
    on = resolve_device(device)
    step = trainings(architectures, template, images, recipe, device=on, what=what, alone=alone)
    return Plan((step,), jobs, on, precision_of(recipe, architectures, template, on), peak_memory())


def precision_of(recipe: Recipe, networks: Sequence[Architecture], template: NetworkTemplate, device: str) -> Precision:
    """Return the arithmetic that networks train in."""
    asked = recipe.precision
    return settled(asked, networks[0], template, torch.device(device)) if networks else asked


def measured_on(pool: Pool, device: str) -> str:
    """Return the device of this machine on which trainings of a pool are timed: a cluster's are timed here."""
    return resolve_device("auto" if pool.cluster else device)


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


def trainings(
    architectures: Sequence[Architecture],
    template: NetworkTemplate,
    images: ImageData,
    recipe: Recipe,
    *,
    device: str,
    what: str = "trainings",
    **how: Any,
) -> PlannedStep:
    """Return the step of a plan that trains networks; none take no time.

    Args:
        architectures: what would be trained.
        template: of all of them.
        images: of the template's shape.
        recipe: how each is trained.
        device: `cpu` or `cuda`.
        what: to call them.
        how: further arguments of `training_seconds`.
    """
    what = f"{what} by recipe '{recipe.name}'"
    if not architectures:
        return PlannedStep(what, 0, Interval(0.0, 0.0, 0.0), shared=True, unit=TRAININGS)
    data = TrainingData.of(images, recipe, torch.device(device))
    seconds = training_seconds(architectures, template, data, recipe, **how)
    return PlannedStep(what, len(architectures), seconds, shared=True, unit=TRAININGS)


def peak_memory() -> int:
    """Return the most memory that this process has taken, bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)
