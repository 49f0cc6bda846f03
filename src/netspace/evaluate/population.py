"""Populations: networks drawn from spaces, priced and seeded, before any of them is trained."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from netspace.cost import COST_KINDS, Band, Budget, Cost, CostModel
from netspace.errors import NetspaceError
from netspace.evaluate.baselines import draw_baseline
from netspace.records import Planned, Population
from netspace.spaces import NetworkSpace, NetworkTemplate, Points, SearchSpace

SEEDS = 2**63  # what the store holds as a whole number


@dataclass(frozen=True)
class PopulationPlan:
    """What one population is drawn from.

    Args:
        name: in the store, such as `elite-10M` or `expanded-10M`.
        budget: what its networks satisfy.
        space: drawn from uniformly; None for a baseline.
        baseline: name of a baseline; None for a space.
        population: what is kept of it in the store; None keeps the name alone.
    """

    name: str
    budget: Budget
    space: NetworkSpace | None = None
    baseline: str | None = None
    population: Population | None = None


def plan_networks(
    plans: list[PopulationPlan], n: int, *, search_space: SearchSpace, template: NetworkTemplate, seed: int
) -> list[Planned]:
    """Draw n different networks for each population.

    A network's training seed depends on its place alone, so populations are trained with equal seeds; its draw
    depends on the population's name and the seed.

    Raises:
        NetspaceError: where a population has fewer than n networks in band.
    """
    planned = []
    for plan in plans:
        rng = rng_of(plan.name, seed)
        if plan.space is not None:
            drawn = _band(plan, plan.space, template).draw(n, rng=rng, replace=False)
        else:
            assert plan.baseline is not None
            drawn = draw_baseline(
                plan.baseline, n, search_space=search_space, template=template, budget=plan.budget, rng=rng
            )
        planned += plan_drawn(plan.name, drawn, template, seed)
    return planned


def rng_of(name: str, seed: int) -> np.random.Generator:
    """Return a population's own generator, so that a larger n adds networks to those that are there."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _band(plan: PopulationPlan, space: NetworkSpace, template: NetworkTemplate) -> Band:
    """Return the networks of a population's space in band; an error says whose they are."""
    try:
        return plan.budget.band(space, template)
    except NetspaceError as error:
        raise NetspaceError(f"{plan.name}: {error}") from None


def plan_drawn(
    name: str, drawn: Points, template: NetworkTemplate, seed: int, *, groups: int | None = None
) -> list[Planned]:
    """Return drawn networks as those of a population, priced and seeded.

    Args:
        name: of the population.
        drawn: shape (n, axes).
        template: of the networks.
        seed: of the population.
        groups: number of seeds that networks take in turn, where trainings of equal seed share their luck; None gives
            each network a seed of its own.
    """
    costs = np.stack([CostModel(template, kind)(drawn) for kind in COST_KINDS], axis=1)
    networks, n = template.architectures(drawn), len(drawn)
    return [
        Planned(name, place, (seed * 1_000_003 + place % (groups or n)) % SEEDS, network, Cost(*(int(c) for c in row)))
        for place, (network, row) in enumerate(zip(networks, costs, strict=True))
    ]
