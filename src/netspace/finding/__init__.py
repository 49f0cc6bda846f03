"""From images and budgets to Elite Spaces, by any of the estimators."""

from netspace.finding.calibration import train_calibration
from netspace.finding.estimators import ESTIMATORS, Estimator, Work
from netspace.finding.find import find_spaces

__all__ = [
    "ESTIMATORS",
    "Estimator",
    "Work",
    "find_spaces",
    "train_calibration",
]
