"""What fits into a time limit: the epochs of one training, the networks of an evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from netspace.errors import NetspaceError
from netspace.evaluate import Subject, at_a_time, missing_networks
from netspace.evaluate.evaluation import population_plans
from netspace.finding import TimeLimit, format_duration
from netspace.finding.limit import seconds_done
from netspace.planning import plan_populations, plan_training
from netspace.records import NetworkStore
from netspace.settings import ONE_PROCESS, Pool, Recipe

SHORTEST = 10  # epochs of a full training
FEWEST = 2  # networks of a population
KEPT = 0.9  # of a time limit, for trainings; the rest is for what comes after them

Changed = Callable[[dict[str, int]], None]


class Limited(NamedTuple):
    """An evaluation within a time: networks of each population, and who is told when the store's counts change."""

    n: int
    on_change: Changed


def recipe_within(seconds: float, recipe: Recipe, **training: Any) -> Recipe:
    """Return a recipe with as many of its epochs as one training has time for.

    Args:
        seconds: for the training and what comes after it.
        recipe: how the network is trained.
        training: further arguments of `netspace.planning.plan_training`.

    Raises:
        NetspaceError: where they are fewer than ten, or than its warm-up needs; says what would do.
    """
    each = plan_training(recipe=recipe, **training).seconds.value / recipe.epochs
    epochs = int(KEPT * seconds / each)
    least = min(max(SHORTEST, math.floor(recipe.warmup_epochs) + 1), recipe.epochs)
    if epochs < least:
        raise NetspaceError(
            f"a time limit of {format_duration(seconds)} is too short: an epoch by recipe '{recipe.name}' takes about "
            f"{format_duration(each)} here, and a schedule needs {least}; give {format_duration(least * each / KEPT)} "
            f"or more, or a recipe of fewer images"
        )
    return recipe if epochs >= recipe.epochs else replace(recipe, epochs=epochs)


def evaluation_within(
    seconds: float | None,
    subjects: list[Subject],
    asked: dict[str, Any],
    on_change: Changed,
    *,
    recipe: Recipe,
    pool: Pool = ONE_PROCESS,
    device: str = "auto",
) -> Limited:
    """Return how many networks of each population there is time for, n at most, and what withdraws those too many.

    Trainings of these populations in earlier calls count.

    Args:
        seconds: for all trainings; None is as long as they take.
        subjects: the spaces.
        asked: further arguments of `netspace.evaluate.missing_networks`.
        on_change: called with the number of networks of each status, when it changes.
        recipe: how each network is trained.
        pool: who trains, and how many networks at a time.
        device: `cpu`, `cuda` or `auto`.

    Raises:
        NetspaceError: where it is too short for two of each; says what would do.
    """
    if seconds is None:
        return Limited(asked["n"], on_change)
    store, jobs = NetworkStore(asked["out"]), at_a_time(pool)
    plans = population_plans(subjects, asked["baselines"], asked["search_space"], store)
    names, missing = [plan.name for plan in plans], missing_networks(subjects, **asked)
    if not missing:
        return Limited(asked["n"], on_change)
    planned = plan_populations(missing, asked["template"], asked["images"], recipe, device=device)
    each, done = planned.seconds.value / len(missing), seconds_done(store, names)
    least = FEWEST * len(names)
    why = f"two networks of each population are {least} of them"
    limit = TimeLimit(seconds, jobs, names, least=least, why=why)
    fit = limit.room(done, each, recipe) // len(names)
    return Limited(min(asked["n"], max(fit, FEWEST)), limit.watch(store, on_change, before=sum(done)))
