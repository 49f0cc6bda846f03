"""Networks in torch: stand-alone, and the super network that shares its weights among all of them."""

from netspace.models.device import resolve_device
from netspace.models.initial import initialise, initialise_nested
from netspace.models.masking import forward_masked
from netspace.models.masks import StageMasks, masks_of_mixture, masks_of_subnetwork
from netspace.models.network import Network
from netspace.models.recalibration import Outcome, error_rate, expected_error, outcome_of, recalibrate
from netspace.models.saved_state import check_form, restore_optimizer
from netspace.models.step_memory import check_fits, step_bytes
from netspace.models.subnetwork import Limits, Mixture, StageChoice, SubNetwork, limits_of, warm_up
from netspace.models.supernetwork import SuperNetwork, resized

__all__ = [
    "Limits",
    "Mixture",
    "Network",
    "Outcome",
    "StageChoice",
    "StageMasks",
    "SubNetwork",
    "SuperNetwork",
    "check_fits",
    "check_form",
    "error_rate",
    "expected_error",
    "forward_masked",
    "initialise",
    "initialise_nested",
    "limits_of",
    "masks_of_mixture",
    "masks_of_subnetwork",
    "outcome_of",
    "recalibrate",
    "resized",
    "resolve_device",
    "restore_optimizer",
    "step_bytes",
    "warm_up",
]
