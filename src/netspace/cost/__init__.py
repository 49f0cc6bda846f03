"""What architectures cost, exactly, and which of them satisfy a budget."""

from netspace.cost.amounts import format_amount, parse_amount
from netspace.cost.band import Band
from netspace.cost.budget import PAPER_BUDGETS, Budget, band_within, check_distinct, paper_scale
from netspace.cost.constraint import Constraint, together
from netspace.cost.device_profile import DeviceProfile, load_profile, profile_in_use, use_profile
from netspace.cost.layers import COST_KINDS, COST_NAME, COSTS, Cost, LayerCost, cost_named
from netspace.cost.memory import PartCost
from netspace.cost.model import CostModel, all_costs, cost
from netspace.cost.spaces import SpaceCosts
from netspace.cost.spread import LogUniformDraws

__all__ = [
    "COSTS",
    "COST_KINDS",
    "COST_NAME",
    "PAPER_BUDGETS",
    "Band",
    "Budget",
    "Constraint",
    "Cost",
    "CostModel",
    "DeviceProfile",
    "LayerCost",
    "LogUniformDraws",
    "PartCost",
    "SpaceCosts",
    "all_costs",
    "band_within",
    "check_distinct",
    "cost",
    "cost_named",
    "format_amount",
    "load_profile",
    "paper_scale",
    "parse_amount",
    "profile_in_use",
    "together",
    "use_profile",
]
