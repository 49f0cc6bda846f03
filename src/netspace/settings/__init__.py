"""What a user may set: frozen values, each with its default and its limits."""

from netspace.settings.limits import AUTO, BF16, FP32, LARGEST_SEED, PenaltyForm, Precision, Seed
from netspace.settings.pool import ONE_PROCESS, Pool
from netspace.settings.search import (
    FrontSettings,
    NasSettings,
    SearchConfig,
    SearchSettings,
    ThetaSettings,
    WeightsSettings,
)
from netspace.settings.training import Augmentation, DataSettings, Recipe

__all__ = [
    "AUTO",
    "BF16",
    "FP32",
    "LARGEST_SEED",
    "ONE_PROCESS",
    "Augmentation",
    "DataSettings",
    "FrontSettings",
    "NasSettings",
    "PenaltyForm",
    "Pool",
    "Precision",
    "Recipe",
    "SearchConfig",
    "SearchSettings",
    "Seed",
    "ThetaSettings",
    "WeightsSettings",
]
