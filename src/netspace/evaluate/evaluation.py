"""An evaluation: spaces and baselines at equal budgets, from their files to trained networks in a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from netspace.cost import Budget
from netspace.data import ImageData
from netspace.documents import fingerprint, parse_yaml, read_text, to_plain, to_yaml, write_atomically
from netspace.errors import NetspaceError
from netspace.evaluate.pool import train_population
from netspace.evaluate.population import PopulationPlan, plan_networks
from netspace.evaluate.training_data import TrainingData
from netspace.records import NetworkStore, population_name
from netspace.settings import Recipe
from netspace.spaces import NetworkSpace, NetworkTemplate, SearchSpace


@dataclass(frozen=True)
class Subject:
    """A space to evaluate.

    Args:
        name: of its population in the store.
        space: drawn from uniformly, within the budget.
        budget: what its networks satisfy.
    """

    name: str
    space: NetworkSpace
    budget: Budget


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
    jobs: int = 1,
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
        jobs: processes, of one thread each.
        on_start: called when nothing is at fault, before the first training.
        on_change: called with the number of networks of each status, when it changes.

    Raises:
        NetspaceError: where the data do not fit the template, a population is too small, or the folder holds other
            networks.
    """
    names = [subject.name for subject in subjects]
    if len(set(names)) < len(names):
        raise NetspaceError(f"two spaces would share a population's name among {', '.join(names)}; evaluate them apart")
    plans = [PopulationPlan(s.name, s.budget, space=s.space) for s in subjects]
    budgets = {str(s.budget): s.budget for s in subjects}
    plans += [
        PopulationPlan(population_name(b, name), budgets[name], baseline=b) for name in budgets for b in baselines
    ]
    planned = plan_networks(plans, n, search_space=search_space, template=template, seed=seed)
    wanted = template.data_shape
    if images.shape != wanted:
        raise NetspaceError(
            f"dataset '{images.settings.dataset}' has (image size, channels, classes) {images.shape}, but the space "
            f"was searched for {wanted}; give the data it was searched on, or search on these"
        )
    training = TrainingData.of(images, recipe, torch.device("cpu"))
    store = NetworkStore(out)
    store.create(recipe=fingerprint(recipe), data=training.fingerprint, template=fingerprint(template))
    store.add(planned)
    about: dict[str, Any] = {"dataset": images.settings.dataset, "n": n, "seed": seed, "recipe": to_plain(recipe)}
    about |= {"template": to_plain(template), "populations": _populations(plans, search_space, template, out)}
    write_atomically(out / "evaluation.yaml", to_yaml(about))
    on_start()
    train_population(store, template, training, recipe, jobs=jobs, on_change=on_change)
    return store


def _populations(
    plans: list[PopulationPlan], search_space: SearchSpace, template: NetworkTemplate, out: Path
) -> dict[str, dict[str, int]]:
    """Return the size of what each population was drawn from, beside what the folder knows of earlier ones.

    For one space: `members`, and how many of them satisfy the budget, `in_band`. Nothing for other baselines.
    """
    file = out / "evaluation.yaml"
    known = parse_yaml(read_text(file), str(file)).get("populations") if file.exists() else None
    found: dict[str, dict[str, int]] = known if isinstance(known, dict) else {}
    for plan in plans:
        space = search_space.full if plan.baseline == "expanded" else plan.space
        sizes = {} if space is None else {"members": space.size, "in_band": plan.budget.members(space, template).size}
        found[plan.name] = sizes
    return found
