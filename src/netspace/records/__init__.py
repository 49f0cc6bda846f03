"""What is kept of a run: Elite Spaces and chosen architectures as files, trained networks as rows."""

from netspace.records.chosen import ChosenArchitecture, load_architecture
from netspace.records.elite import (
    FRONT_FILE,
    Candidate,
    EliteSpace,
    Fidelity,
    Provenance,
    Quantiles,
    elite_from_plain,
    load_elite,
)
from netspace.records.recovery import Missing, check_complete, missing
from netspace.records.store import NetworkStore, Planned, population_name, split_population
from netspace.records.trained import TrainedNetwork

__all__ = [
    "FRONT_FILE",
    "Candidate",
    "ChosenArchitecture",
    "EliteSpace",
    "Fidelity",
    "Missing",
    "NetworkStore",
    "Planned",
    "Provenance",
    "Quantiles",
    "TrainedNetwork",
    "check_complete",
    "elite_from_plain",
    "load_architecture",
    "load_elite",
    "missing",
    "population_name",
    "split_population",
]
