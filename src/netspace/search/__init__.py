"""The search for Elite Spaces."""

from netspace.search.constraint import ExpectedCost, penalty_tables
from netspace.search.distribution import SpaceDistribution
from netspace.search.estimators import ESTIMATORS, Estimator, GumbelEstimator, ScoreEstimator
from netspace.search.results import find_spaces
from netspace.search.run_folder import RunFolder
from netspace.search.space_search import EpochRecord, SpaceSearch

__all__ = [
    "ESTIMATORS",
    "EpochRecord",
    "Estimator",
    "ExpectedCost",
    "GumbelEstimator",
    "RunFolder",
    "ScoreEstimator",
    "SpaceDistribution",
    "SpaceSearch",
    "find_spaces",
    "penalty_tables",
]
