"""Networks trained from scratch: the judge of every space."""

from netspace.evaluate.baselines import BASELINES, draw_baseline
from netspace.evaluate.evaluation import Subject, evaluate_spaces
from netspace.evaluate.population import PopulationPlan, plan_drawn, plan_networks, train_population
from netspace.evaluate.train import TrainingData, learning_rate, train_network

__all__ = [
    "BASELINES",
    "PopulationPlan",
    "Subject",
    "TrainingData",
    "draw_baseline",
    "evaluate_spaces",
    "learning_rate",
    "plan_drawn",
    "plan_networks",
    "train_network",
    "train_population",
]
