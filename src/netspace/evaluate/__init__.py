"""Networks trained from scratch: the judge of every space."""

from netspace.evaluate.baselines import BASELINES, draw_baseline
from netspace.evaluate.evaluation import Subject, evaluate_spaces, missing_networks
from netspace.evaluate.pool import train_population
from netspace.evaluate.population import PopulationPlan, plan_drawn, plan_networks
from netspace.evaluate.train import (
    DivergedError,
    Training,
    classification_error,
    learning_rate,
    train_network,
    weights_of,
)
from netspace.evaluate.training_data import TrainingData
from netspace.evaluate.where import at_a_time, device_of

__all__ = [
    "BASELINES",
    "DivergedError",
    "PopulationPlan",
    "Subject",
    "Training",
    "TrainingData",
    "at_a_time",
    "classification_error",
    "device_of",
    "draw_baseline",
    "evaluate_spaces",
    "learning_rate",
    "missing_networks",
    "plan_drawn",
    "plan_networks",
    "train_network",
    "train_population",
    "weights_of",
]
