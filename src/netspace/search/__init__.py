"""The search for Elite Spaces."""

from netspace.search.architecture_search import Chosen, check_inside, first_hit, search_architectures
from netspace.search.checkpoints import Checkpoint, taking_up
from netspace.search.constraint import ExpectedCost, penalty_tables
from netspace.search.distribution import SpaceDistribution
from netspace.search.gradients import GRADIENTS, GradientEstimator, GumbelEstimator, ScoreEstimator
from netspace.search.opening import open_data, open_search
from netspace.search.picking import Picked, kept, pick_networks
from netspace.search.run_folder import RunFolder, environment
from netspace.search.scoring import architecture_score, held_out_error
from netspace.search.shared_training import settled_search
from netspace.search.space_search import EpochRecord, SpaceSearch

__all__ = [
    "GRADIENTS",
    "Checkpoint",
    "Chosen",
    "EpochRecord",
    "ExpectedCost",
    "GradientEstimator",
    "GumbelEstimator",
    "Picked",
    "RunFolder",
    "ScoreEstimator",
    "SpaceDistribution",
    "SpaceSearch",
    "architecture_score",
    "check_inside",
    "environment",
    "first_hit",
    "held_out_error",
    "kept",
    "open_data",
    "open_search",
    "penalty_tables",
    "pick_networks",
    "search_architectures",
    "settled_search",
    "taking_up",
]
