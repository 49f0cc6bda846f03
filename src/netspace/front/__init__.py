"""The whole front of spaces from one set of scores: every space of the grid judged at every budget, without torch."""

from netspace.front.answer import CONTENDERS, BudgetAnswer, Front, pareto_spaces
from netspace.front.calibration import CALIBRATION, plan_calibration
from netspace.front.intake import take_in
from netspace.front.refine import Refined, refine
from netspace.front.run import FinishedRun, open_run
from netspace.front.scores import ScoreFile, Scores
from netspace.front.signals import Evidence, Signal
from netspace.front.stopping import Saturation

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
