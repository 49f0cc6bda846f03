"""Where each population stands: how far from the front of all networks, and how many draws a good one takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from netspace.analysis import SamplesNeeded, distance_to_front, hypervolume, samples_needed
from netspace.records import by_budget
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
    references = _references(material)
    found = []
    for name, rows in populations.items():
        flops, errors = _columns(rows)
        distances = distance_to_front(flops, errors, *front)
        reference = references[name]
        area = hypervolume(np.log10(flops), errors, (float(np.log10(reference[0])), reference[1]))
        mean, median = float(distances.mean()), float(np.median(distances))
        samples = _samples(material, name, distances)
        found.append(Standing(name, len(rows), mean, median, area, reference, samples))
    return found


def _columns(rows: list[dict[str, Any]]) -> tuple[Any, Any]:
    return np.array([row["flops"] for row in rows]), np.array([row["test_error"] for row in rows])


def _references(material: Material) -> dict[str, tuple[int, float]]:
    """Return the largest FLOPs and error among all populations of each one's budget."""
    populations = material.populations()
    found: dict[str, tuple[int, float]] = {}
    groups = by_budget(material.population(name) for name in populations)
    grouped = [[one.name for one in group] for group in groups]
    grouped += [[name] for name in populations if not any(name in names for names in grouped)]
    for names in grouped:
        flops, errors = _columns([row for name in names for row in populations[name]])
        found |= dict.fromkeys(names, (int(flops.max()), float(errors.max())))
    return found


def _samples(material: Material, name: str, distances: Any) -> SamplesNeeded | None:
    sizes = material.space_sizes().get(name)
    if not sizes:
        return None
    failed = sum(row["population"] == name and not row["gate"] for row in material.failures)
    of_space = {key: sizes[key] for key in ("members", "in_band")}
    return samples_needed(distances, n=len(distances) + failed, within=material.near, **of_space)
