"""Networks that were drawn, trained into a store of their own, each once."""

from __future__ import annotations

from collections.abc import Callable

from netspace.documents import fingerprint, to_yaml, write_atomically
from netspace.evaluate import TrainingData, plan_drawn, train_population
from netspace.records import NetworkStore, Population
from netspace.records.sameness import RECIPE_FILE
from netspace.settings import Pool, Recipe
from netspace.spaces import NetworkTemplate, Points


def train_drawn(
    store: NetworkStore,
    points: Points,
    population: Population,
    *,
    template: NetworkTemplate,
    data: TrainingData,
    recipe: Recipe,
    seed: int,
    pool: Pool,
    device: str,
    on_change: Callable[[dict[str, int]], None] | None,
) -> None:
    """Enter networks, shape (n, axes), as a population, and train those of the store that are not trained yet.

    Raises:
        NetspaceError: where the store is of another recipe, data or template.
    """
    store.create(recipe=fingerprint(recipe), data=data.fingerprint, template=fingerprint(template))
    # Two groups: with one seed for all, what is luck of that seed would be taken for the networks' own.
    groups = 2 if recipe.common else None
    store.add(plan_drawn(population.name, points, template, seed, groups=groups), [population])
    write_atomically(store.folder / RECIPE_FILE, to_yaml(recipe))
    train_population(store, template, data, recipe, pool=pool, device=device, on_change=on_change)
