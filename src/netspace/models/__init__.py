"""Networks in torch: stand-alone, and the super network that shares its weights among all of them."""

from netspace.models.masking import StageMasks, forward_masked, masks_of_mixture, masks_of_subnetwork
from netspace.models.network import Network, initialise
from netspace.models.recalibration import error_rate, recalibrate
from netspace.models.subnetwork import Mixture, SubNetwork, warm_up
from netspace.models.supernetwork import SuperNetwork

__all__ = [
    "Mixture",
    "Network",
    "StageMasks",
    "SubNetwork",
    "SuperNetwork",
    "error_rate",
    "forward_masked",
    "initialise",
    "masks_of_mixture",
    "masks_of_subnetwork",
    "recalibrate",
    "warm_up",
]
