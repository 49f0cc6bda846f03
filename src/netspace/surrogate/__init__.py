"""The whole front of spaces from one set of scores: every space of the grid judged at every budget, without torch."""

from netspace.surrogate.answer import CONTENDERS, BudgetAnswer, Judge, pareto_spaces
from netspace.surrogate.calibration import plan_calibration
from netspace.surrogate.intake import take_in
from netspace.surrogate.question import Makers, Question, Verdict, gather_evidence, judge_run
from netspace.surrogate.refine import Refined, refine
from netspace.surrogate.signals import Evidence, Signal
from netspace.surrogate.stopping import Saturation

__all__ = [
    "CONTENDERS",
    "BudgetAnswer",
    "Evidence",
    "Judge",
    "Makers",
    "Question",
    "Refined",
    "Saturation",
    "Signal",
    "Verdict",
    "gather_evidence",
    "judge_run",
    "pareto_spaces",
    "plan_calibration",
    "refine",
    "take_in",
]
