"""What is kept of a run: Elite Spaces and chosen architectures as files, trained networks as rows."""

from netspace.records.chosen import ChosenArchitecture, load_architecture
from netspace.records.elite import (
    FRONT_FILE,
    Candidate,
    EliteSpace,
    Fidelity,
    Provenance,
    Quantiles,
    elite_filename,
    elite_from_plain,
    load_elite,
)
from netspace.records.planned import Planned
from netspace.records.population import Population, by_budget, pairs_at_equal_budget
from netspace.records.recovery import Missing, check_complete, gone_wrong, missing, notes_on_missing, places_done
from netspace.records.store import NetworkStore, population_name
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
    "Population",
    "Provenance",
    "Quantiles",
    "TrainedNetwork",
    "by_budget",
    "check_complete",
    "elite_filename",
    "elite_from_plain",
    "gone_wrong",
    "load_architecture",
    "load_elite",
    "missing",
    "notes_on_missing",
    "pairs_at_equal_budget",
    "places_done",
    "population_name",
]
