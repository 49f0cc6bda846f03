"""A network handed over: trained fully, described, exported, checked, used."""

from netspace.handover.card import CARD, Export, Latency, ModelCard, load_card
from netspace.handover.exporting import Exported, check_new, export_model
from netspace.handover.formats import (
    EIGHT_BITS,
    EVERYWHERE,
    FORMATS,
    Format,
    extra_of,
    files_of,
    kind_of,
    needs_of,
    writable,
)
from netspace.handover.full_training import TrainingConfig, TrainingEpoch, check_data, train_fully
from netspace.handover.latency import measure_latency
from netspace.handover.packages import require
from netspace.handover.predicting import Prediction, Predictor, find_images, load_predictor
from netspace.handover.trained_model import TrainedModel, load_data, load_model

__all__ = [
    "CARD",
    "EIGHT_BITS",
    "EVERYWHERE",
    "FORMATS",
    "Export",
    "Exported",
    "Format",
    "Latency",
    "ModelCard",
    "Prediction",
    "Predictor",
    "TrainedModel",
    "TrainingConfig",
    "TrainingEpoch",
    "check_data",
    "check_new",
    "export_model",
    "extra_of",
    "files_of",
    "find_images",
    "kind_of",
    "load_card",
    "load_data",
    "load_model",
    "load_predictor",
    "measure_latency",
    "needs_of",
    "require",
    "train_fully",
    "writable",
]
