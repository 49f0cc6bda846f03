"""What a command would take, measured in a few seconds before it begins."""

from netspace.planning.foresight import Foresight, Say
from netspace.planning.glance import (
    glance_at_nas,
    glance_at_search,
    glance_at_store,
    glance_at_training,
    glance_at_trainings,
    unless_soon,
)
from netspace.planning.measuring import seconds_of_training, training_seconds
from netspace.planning.nas import nas_steps
from netspace.planning.plan import Plan, PlannedStep
from netspace.planning.plans import measured_on, peak_memory, plan_populations, plan_training, precision_of, stand_ins
from netspace.planning.remaining import begun_with, epochs_done, networks_left
from netspace.planning.searching import plan_search

__all__ = [
    "Foresight",
    "Plan",
    "PlannedStep",
    "Say",
    "begun_with",
    "epochs_done",
    "glance_at_nas",
    "glance_at_search",
    "glance_at_store",
    "glance_at_training",
    "glance_at_trainings",
    "measured_on",
    "nas_steps",
    "networks_left",
    "peak_memory",
    "plan_populations",
    "plan_search",
    "plan_training",
    "precision_of",
    "seconds_of_training",
    "stand_ins",
    "training_seconds",
    "unless_soon",
]
