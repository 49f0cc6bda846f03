"""The whole front of spaces from one set of scores: every space of the grid judged at every budget, without torch."""

from netspace.surrogate.answer import CONTENDERS, BudgetAnswer, Front, pareto_spaces
from netspace.surrogate.calibration import CALIBRATION, plan_calibration
from netspace.surrogate.intake import take_in
from netspace.surrogate.refine import Refined, refine
from netspace.surrogate.run import FinishedRun, open_run
from netspace.surrogate.scores import ScoreFile, Scores
from netspace.surrogate.signals import Evidence, Signal
from netspace.surrogate.stopping import Saturation

__all__ = [
    "CALIBRATION",
    "CONTENDERS",
    "BudgetAnswer",
    "Evidence",
    "FinishedRun",
    "Front",
    "Refined",
    "Saturation",
    "ScoreFile",
    "Scores",
    "Signal",
    "open_run",
    "pareto_spaces",
    "plan_calibration",
    "refine",
    "take_in",
]
