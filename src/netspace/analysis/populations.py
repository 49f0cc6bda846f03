"""Populations side by side: what each one's errors are, and which beats which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from netspace.analysis.edf import Interval, mean_share, quantile_interval
from netspace.analysis.rank import Comparison, compare, holm


@dataclass(frozen=True)
class PopulationSummary:
    """A population's errors.

    Args:
        name: of the population.
        n: networks in it.
        mean: error with its Student t interval, which ends at 0 and 1.
        median: error with its distribution-free interval.
        best: smallest error.
    """

    name: str
    n: int
    mean: Interval
    median: Interval
    best: float


def summarise(populations: Mapping[str, ArrayLike]) -> list[PopulationSummary]:
    """Summarise each population that has a network, in the order given."""
    found = []
    for name, errors in populations.items():
        values = np.asarray(errors, np.float64)
        if len(values):
            best = float(values.min())
            found.append(PopulationSummary(name, len(values), mean_share(values), quantile_interval(values, 0.5), best))
    return found


def compare_all(
    populations: Mapping[str, ArrayLike], pairs: list[tuple[str, str]]
) -> list[tuple[str, str, Comparison, float]]:
    """Compare pairs of populations of at least two networks each.

    Returns:
        (a, b, comparison, Mann–Whitney p-value corrected by Holm over all pairs given).
    """
    ready = [(a, b) for a, b in pairs if min(len(np.asarray(populations[name])) for name in (a, b)) >= 2]
    results = [compare(populations[a], populations[b]) for a, b in ready]
    corrected = holm([result.mann_whitney_p for result in results])
    return [(a, b, result, float(p)) for (a, b), result, p in zip(ready, results, corrected, strict=True)]
