"""What a command would take, measured in a few seconds before it begins."""

from netspace.planning.measuring import seconds_of_training, training_seconds
from netspace.planning.plan import Plan, PlannedStep
from netspace.planning.plans import plan_populations, plan_search, plan_training, stand_ins

__all__ = [
    "Plan",
    "PlannedStep",
    "plan_populations",
    "plan_search",
    "plan_training",
    "seconds_of_training",
    "stand_ins",
    "training_seconds",
]
