"""An evaluation: spaces and baselines at equal budgets, from their files to trained networks in a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from netspace.blocks import BLOCKS
from netspace.cost import Budget
from netspace.cost.device_profile import keep_profile
from netspace.data import ImageData
from netspace.documents import fingerprint, to_plain, to_yaml, write_atomically
from netspace.evaluate.naming import named
from netspace.evaluate.pool import train_population
from netspace.evaluate.population import PopulationPlan, plan_networks
from netspace.evaluate.training_data import TrainingData
from netspace.evaluate.where import device_of
from netspace.plugins import own_modules
from netspace.records import EliteSpace, NetworkStore, Planned, Population, places_done, population_name
from netspace.records.evaluation_file import EVALUATION_FILE, read_evaluation
from netspace.settings import ONE_PROCESS, Pool, Recipe
from netspace.spaces import NetworkSpace, NetworkTemplate, SearchSpace

SEARCHED_FOR = "the space was searched for", "give the data it was searched on, or search on these"


@dataclass(frozen=True)
class Subject:
    """A space to evaluate.

    Args:
        name: what its population is called where no other one is called so, such as `elite-10M`.
        space: drawn from uniformly, within the budget.
        budget: what its networks satisfy.
        source: file or preset that the space was read from; empty where it was made in Python.
        estimator: what found it, where it is an elite.
    """

    name: str
    space: NetworkSpace
    budget: Budget
    source: str = ""
    estimator: str = ""

    @classmethod
    def of(cls, elite: EliteSpace, source: str, budget: Budget | None = None) -> Subject:
        """Return an Elite Space that was read from a file, at its own budget or another one."""
        asked = budget or elite.budget
        return cls(population_name("elite", asked), elite.space, asked, source, elite.provenance.estimator)

    @property
    def population(self) -> Population:
        """What its population is: an elite by its name, `elite-…`, or by what found it; else a space."""
        named = Population.from_name(self.name)
        kind: Literal["elite", "space"] = "elite" if self.estimator or named.kind == "elite" else "space"
        run = Path(self.source).resolve().parent.name if self.source.endswith((".yaml", ".yml")) else ""
        text = json.dumps(to_plain(self.space))
        return Population(
            self.name, kind, named.subject, source=self.source, run=run, estimator=self.estimator, space=text
        ).at(self.budget)


def evaluate_spaces(
    subjects: list[Subject],
    *,
    baselines: tuple[str, ...],
    search_space: SearchSpace,
    template: NetworkTemplate,
    images: ImageData,
    recipe: Recipe,
    n: int,
    out: Path,
    seed: int = 0,
    pool: Pool = ONE_PROCESS,
    device: str = "auto",
    command: Sequence[str] = (),
    on_start: Callable[[], None] = lambda: None,
    on_change: Callable[[dict[str, int]], None] | None = None,
) -> NetworkStore:
    """Train n networks of each space and, at each of their budgets, of each baseline; go on where it was stopped.

    Args:
        subjects: the spaces.
        baselines: held against them at every budget.
        search_space: what baselines are drawn from.
        template: of all networks; the data must fit it.
        images: of the shape that the template says.
        recipe: how each network is trained.
        n: networks per population.
        out: run folder, where the store is.
        seed: of draws and trainings.
        pool: who trains, and how many networks at a time.
        device: `cpu`, `cuda` or `auto`, which takes the GPU where there is one.
        command: arguments of `netspace` that ask for this, without n; kept, so that a report can say how to go on.
        on_start: called when nothing is at fault, before the first training.
        on_change: called with the number of networks of each status, when it changes.

    Raises:
        NetspaceError: where the device is not there, the data do not fit the template, a population is too small,
            the folder holds other networks, or other processes cannot import the block.
    """
    own_modules(BLOCKS, template.block)  # before anything is written
    on = device_of(pool, device)
    store = NetworkStore(out)
    plans = population_plans(subjects, baselines, search_space, store)
    planned = plan_networks(plans, n, search_space=search_space, template=template, seed=seed)
    images.check_shape(template.data_shape, *SEARCHED_FOR)
    training = TrainingData.of(images, recipe)
    store.create(recipe=fingerprint(recipe), data=training.fingerprint, template=fingerprint(template))
    keep_profile(out)
    store.add(planned, [plan.population for plan in plans if plan.population])
    about: dict[str, Any] = {"dataset": images.settings.dataset, "n": n, "seed": seed, "recipe": to_plain(recipe)}
    about |= {"template": to_plain(template), "populations": _populations(plans, search_space, template, out)}
    about |= {"command": list(command)} if command else {}
    write_atomically(out / EVALUATION_FILE, to_yaml(about))
    on_start()
    train_population(store, template, training, recipe, pool=pool, device=on, on_change=on_change)
    return store


def missing_networks(
    subjects: list[Subject],
    *,
    baselines: tuple[str, ...],
    search_space: SearchSpace,
    template: NetworkTemplate,
    images: ImageData,
    n: int,
    out: Path,
    seed: int = 0,
) -> list[Planned]:
    """Return the networks that `evaluate_spaces` would train with the same arguments; nothing is written."""
    store = NetworkStore(out)
    plans = population_plans(subjects, baselines, search_space, store)
    planned = plan_networks(plans, n, search_space=search_space, template=template, seed=seed)
    images.check_shape(template.data_shape, *SEARCHED_FOR)
    done = places_done(store)
    return [network for network in planned if (network.population, network.place) not in done]


def population_plans(
    subjects: list[Subject], baselines: tuple[str, ...], search_space: SearchSpace, store: NetworkStore
) -> list[PopulationPlan]:
    """Return what is to be drawn, under the names that a folder has for it already, or under new ones."""
    budgets = list(dict.fromkeys(subject.budget for subject in subjects))
    whole = json.dumps(to_plain(search_space.full))
    wanted = [subject.population for subject in subjects]
    for budget in budgets:
        for name in baselines:
            wanted.append(Population(population_name(name, budget), "baseline", name, space=whole).at(budget))
    known = store.populations().values() if store.begun else ()
    found = named(wanted, known)
    spaces: list[tuple[Budget, NetworkSpace | None]] = [(subject.budget, subject.space) for subject in subjects]
    spaces += [(budget, None) for budget in budgets for _ in baselines]
    return [
        PopulationPlan(one.name, budget, space, None if space else one.subject, one)
        for one, (budget, space) in zip(found, spaces, strict=True)
    ]


def _populations(
    plans: list[PopulationPlan], search_space: SearchSpace, template: NetworkTemplate, out: Path
) -> dict[str, dict[str, int]]:
    """Return the size of what each population was drawn from, beside what the folder knows of earlier ones.

    For one space: `members`, and how many of them satisfy the budget, `in_band`. Nothing for other baselines.
    """
    file = out / EVALUATION_FILE
    found: dict[str, dict[str, int]] = read_evaluation(file).get("populations", {}) if file.exists() else {}
    for plan in plans:
        space = search_space.full if plan.baseline == "expanded" else plan.space
        sizes = {} if space is None else {"members": space.size, "in_band": plan.budget.members(space, template).size}
        found[plan.name] = sizes
    return found
