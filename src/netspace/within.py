"""What fits into a time limit: the epochs of one training, the networks of an evaluation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from netspace.evaluate import Subject, at_a_time, missing_networks
from netspace.evaluate.evaluation import population_plans
from netspace.finding import Deadline, format_duration
from netspace.finding.limit import mean_seconds
from netspace.planning import measured_on, networks_left, plan_populations, plan_training
from netspace.records import NetworkStore, recovery
from netspace.settings import ONE_PROCESS, Pool, Recipe

SHORTEST = 10  # epochs of a full training
FEWEST = 2  # networks of a population
KEPT = 0.9  # of the time that is left, for what is planned; the rest is for what comes after it

Changed = Callable[[dict[str, int]], None]


def recipe_within(deadline: Deadline, recipe: Recipe, **training: Any) -> Recipe:
    """Return a recipe with as many of its epochs as one training has time for.

    Args:
        deadline: of the training and what comes after it.
        recipe: how the network is trained.
        training: further arguments of `netspace.planning.plan_training`.

    Raises:
        NetspaceError: where they are fewer than ten, or than its warm-up needs; says what would do.
    """
    each = plan_training(recipe=recipe, **training).seconds.value / recipe.epochs
    epochs = int(KEPT * deadline.left / each)
    least = min(max(SHORTEST, math.floor(recipe.warmup_epochs) + 1), recipe.epochs)
    if epochs < least:
        told = format_duration(each)
        why = f"an epoch by recipe '{recipe.name}' takes about {told} here, and a schedule needs {least}"
        raise deadline.too_short(least * each / KEPT, why, "a recipe of fewer images")
    return recipe if epochs >= recipe.epochs else replace(recipe, epochs=epochs)


class LimitedEvaluation:
    """An evaluation that ends in time: with fewer networks of each population, as many of each as can be.

    What waits in its store for other populations is trained too, and counted.

    Args:
        deadline: of the last training.
        subjects: the spaces.
        asked: further arguments of `netspace.evaluate.missing_networks`, with n as the most.
        recipe: how each network is trained.
        pool: who trains, and how many networks at a time.
        device: `cpu`, `cuda` or `auto`.

    Attributes:
        n: networks of each population that there is time for, by what a training is measured to take.
        withdrawn: networks that waited when time was up.

    Raises:
        NetspaceError: where there is none for two of each; says what would do.
    """

    def __init__(
        self,
        deadline: Deadline,
        subjects: list[Subject],
        asked: dict[str, Any],
        *,
        recipe: Recipe,
        pool: Pool = ONE_PROCESS,
        device: str = "auto",
    ) -> None:
        self._deadline, self._store, self.n = deadline, NetworkStore(asked["out"]), int(asked["n"])
        plans = population_plans(subjects, asked["baselines"], asked["search_space"], self._store)
        self._names = [plan.name for plan in plans]
        self._each, self.withdrawn = 0.0, 0
        self._done = {row["id"] for row in recovery.done(self._store)}
        left = [row for row in recovery.left(self._store) if row["status"] != "claimed"]
        others = sum(row["population"] not in self._names for row in left)
        missing = missing_networks(subjects, **asked)
        if not missing and not others:
            return
        how: dict[str, Any] = {"recipe": recipe, "device": measured_on(pool, device)}
        networks = [one.architecture for one in missing] or networks_left(self._store, asked["template"])
        planned = plan_populations(networks, asked["template"], asked["images"], **how)
        self._each = planned.seconds.value / len(networks)
        places = [network.place for network in missing]

        def needed(n: int) -> float:
            return math.ceil((others + sum(place < n for place in places)) / at_a_time(pool)) * self._each

        if needed(FEWEST) > max(deadline.left, 0):
            count, each = others + sum(place < FEWEST for place in places), format_duration(self._each)
            why = f"a training by recipe '{recipe.name}' takes about {each} here, and two networks of each population"
            why += f" and {others} others that wait here" if others else ""
            why += f" are {count} of them"
            raise deadline.too_short(needed(FEWEST), why, "a shorter recipe")
        self.n = max(n for n in range(FEWEST, self.n + 1) if n == FEWEST or needed(n) <= deadline.left)

    def watch(self, then: Changed) -> Changed:
        """Return what is to be called when counts change: it withdraws what waits when no further one would be done.

        A process begins the next network the moment it ends one, so it is looked ahead by two trainings.

        Args:
            then: called with the counts after that.
        """

        def changed(counts: dict[str, int]) -> None:
            if counts.get("waiting") and self._is_late():
                for name in self._store.populations():
                    self._store.withdraw(name)
                before, counts = counts, self._store.counts()
                self.withdrawn += sum(before.values()) - sum(counts.values())
            then(counts)

        return changed

    def _is_late(self) -> bool:
        """Whether no further network would be done in time, and enough of each population are begun."""
        rows = self._store.rows()
        each = (
            mean_seconds([row for row in rows if recovery.is_done(row) and row["id"] not in self._done]) or self._each
        )
        begun = Counter(row["population"] for row in rows if row["status"] != "waiting")
        return 2 * each > self._deadline.left and all(begun[name] >= FEWEST for name in self._names)
