"""The search for Elite Spaces."""

from netspace.search.architecture_search import Chosen, search_architectures
from netspace.search.constraint import ExpectedCost, penalty_tables
from netspace.search.distribution import SpaceDistribution
from netspace.search.estimators import ESTIMATORS, Estimator, GumbelEstimator, ScoreEstimator
from netspace.search.results import find_spaces, open_search
from netspace.search.run_folder import RunFolder
from netspace.search.scoring import architecture_error
from netspace.search.space_search import EpochRecord, SpaceSearch

__all__ = [
    "ESTIMATORS",
    "Chosen",
    "EpochRecord",
    "Estimator",
    "ExpectedCost",
    "GumbelEstimator",
    "RunFolder",
    "ScoreEstimator",
    "SpaceDistribution",
    "SpaceSearch",
    "architecture_error",
    "find_spaces",
    "open_search",
    "penalty_tables",
    "search_architectures",
]
