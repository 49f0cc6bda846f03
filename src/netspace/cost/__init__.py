"""What an architecture costs, and which architectures of a space satisfy a budget."""

from netspace.cost.band import Band, SpaceCosts
from netspace.cost.budget import Budget, format_amount, parse_amount
from netspace.cost.model import COST_KINDS, Cost, CostKind, CostModel, cost
from netspace.cost.spread import LogUniformDraws

__all__ = [
    "COST_KINDS",
    "Band",
    "Budget",
    "Cost",
    "CostKind",
    "CostModel",
    "LogUniformDraws",
    "SpaceCosts",
    "cost",
    "format_amount",
    "parse_amount",
]
