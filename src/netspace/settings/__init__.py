"""What a user may set: frozen values, each with its default and its limits."""

from netspace.settings.limits import LARGEST_SEED, PenaltyForm, Seed
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
    "LARGEST_SEED",
    "ONE_PROCESS",
    "Augmentation",
    "DataSettings",
    "FrontSettings",
    "NasSettings",
    "PenaltyForm",
    "Pool",
    "Recipe",
    "SearchConfig",
    "SearchSettings",
    "Seed",
    "ThetaSettings",
    "WeightsSettings",
]
