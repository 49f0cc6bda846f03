"""Where each population stands: how far from the front of all networks, and how many draws a good one takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from netspace.analysis import SamplesNeeded, distance_to_front, hypervolume, samples_needed
from netspace.records import split_population
from netspace.report.material import Material


@dataclass(frozen=True)
class Standing:
    """A population against the front of all networks of the material.

    Args:
        name: of the population.
        n: networks that were trained well.
        mean_distance: error above the best of the front at no more FLOPs, mean, 0..1.
        median_distance: the same, median.
        hypervolume: area that the population dominates, in decades of FLOPs times error; it grows with n.
        reference: FLOPs and error that bound the area: the largest of all populations of the budget.
        samples: draws until a good one; None where the population was not drawn from one space.
    """

    name: str
    n: int
    mean_distance: float
    median_distance: float
    hypervolume: float
    reference: tuple[int, float]
    samples: SamplesNeeded | None

    def to_plain(self) -> dict[str, Any]:
        """Return it as dicts, lists, numbers and strings."""
        plain = asdict(self)
        if self.samples is not None:
            plain["samples"]["near_front"] = self.samples.near_front._asdict()
        return plain


def standings(material: Material) -> list[Standing]:
    """Work out the standing of each population of the evaluations, in the order of their names."""
    populations = dict(sorted(material.populations().items()))
    everything = [row for rows in populations.values() for row in rows]
    front = _columns(everything)
    found = []
    for name, rows in populations.items():
        flops, errors = _columns(rows)
        distances = distance_to_front(flops, errors, *front)
        reference = _reference(material, split_population(name)[1])
        area = hypervolume(np.log10(flops), errors, (float(np.log10(reference[0])), reference[1]))
        mean, median = float(distances.mean()), float(np.median(distances))
        samples = _samples(material, name, distances)
        found.append(Standing(name, len(rows), mean, median, area, reference, samples))
    return found


def _columns(rows: list[dict[str, Any]]) -> tuple[Any, Any]:
    return np.array([row["flops"] for row in rows]), np.array([row["test_error"] for row in rows])


def _reference(material: Material, budget: str) -> tuple[int, float]:
    rows = [r for name, rows in material.populations().items() if split_population(name)[1] == budget for r in rows]
    return max(row["flops"] for row in rows), max(row["test_error"] for row in rows)


def _samples(material: Material, name: str, distances: Any) -> SamplesNeeded | None:
    sizes = material.space_sizes().get(name)
    if not sizes:
        return None
    failed = sum(row["population"] == name and not row["gate"] for row in material.failures)
    return samples_needed(distances, n=len(distances) + failed, within=material.near, **sizes)
