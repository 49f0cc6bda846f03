"""What is kept of a run: Elite Spaces as files, trained networks as rows."""

from netspace.records.elite import (
    Candidate,
    EliteSpace,
    Fidelity,
    Provenance,
    Quantiles,
    elite_from_plain,
    load_elite,
)
from netspace.records.store import NetworkStore, Planned, population_name, split_population
from netspace.records.trained import TrainedNetwork

__all__ = [
    "Candidate",
    "EliteSpace",
    "Fidelity",
    "NetworkStore",
    "Planned",
    "Provenance",
    "Quantiles",
    "TrainedNetwork",
    "elite_from_plain",
    "load_elite",
    "population_name",
    "split_population",
]
