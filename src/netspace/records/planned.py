"""A network that is to be trained, and the row that it begins as."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from netspace.cost import Cost
from netspace.records.row import knobs_of
from netspace.spaces import Architecture


@dataclass(frozen=True)
class Planned:
    """A network that is to be trained.

    Args:
        population: name of the population that it belongs to.
        place: its number in the population, from 0.
        seed: of its training.
        architecture: depth and width per stage.
        cost: FLOPs, params and activations.
    """

    population: str
    place: int
    seed: int
    architecture: Architecture
    cost: Cost


def row_of(network: Planned) -> dict[str, Any]:
    """Return the columns of a network that waits."""
    return {
        "population": network.population,
        "place": network.place,
        "seed": network.seed,
        "depth": json.dumps(network.architecture.depths),
        "width": json.dumps(network.architecture.widths),
        "knobs": json.dumps(knobs_of(network.architecture)),
        **network.cost._asdict(),
    }
