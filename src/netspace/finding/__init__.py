"""From images and budgets to Elite Spaces, by any of the estimators."""

from netspace.finding.calibration import train_calibration
from netspace.finding.estimators import ESTIMATORS, Estimator, Work
from netspace.finding.find import data_settings, find_spaces
from netspace.finding.limit import Deadline, format_duration, parse_duration
from netspace.finding.model_nas import BriefTraining, RunModel, pick_by_model, rank_networks

__all__ = [
    "ESTIMATORS",
    "BriefTraining",
    "Deadline",
    "Estimator",
    "RunModel",
    "Work",
    "data_settings",
    "find_spaces",
    "format_duration",
    "parse_duration",
    "pick_by_model",
    "rank_networks",
    "train_calibration",
]
