"""A network that leaves the house: trained fully, described, exported, checked."""

from netspace.handover.card import CARD, Export, Latency, ModelCard, load_card
from netspace.handover.full_training import TrainingConfig, TrainingEpoch, check_data, train_fully
from netspace.handover.latency import measure_latency

__all__ = [
    "CARD",
    "Export",
    "Latency",
    "ModelCard",
    "TrainingConfig",
    "TrainingEpoch",
    "check_data",
    "load_card",
    "measure_latency",
    "train_fully",
]
