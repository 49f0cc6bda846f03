"""netspace searches for network spaces: depth and width ranges whose networks are Pareto-efficient on your data.

Names that need torch are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from netspace.config import load_search_space, preset_names, resolve
from netspace.cost import Budget, Constraint, Cost, CostModel, SpaceCosts, cost
from netspace.errors import NetspaceError
from netspace.records import EliteSpace, load_elite
from netspace.runs import Run
from netspace.settings import DataSettings, Pool, SearchConfig
from netspace.spaces import Architecture, NetworkSpace, NetworkTemplate, Range, SearchSpace, Stage

if TYPE_CHECKING:
    from netspace.data import ImageData, load_images
    from netspace.finding import find_spaces
    from netspace.models import Network, SuperNetwork
    from netspace.search import SpaceDistribution

_LATER = {
    "ImageData": "netspace.data",
    "Network": "netspace.models",
    "SpaceDistribution": "netspace.search",
    "SuperNetwork": "netspace.models",
    "find_spaces": "netspace.finding",
    "load_images": "netspace.data",
}

__all__ = [
    "Architecture",
    "Budget",
    "Constraint",
    "Cost",
    "CostModel",
    "DataSettings",
    "EliteSpace",
    "ImageData",
    "NetspaceError",
    "Network",
    "NetworkSpace",
    "NetworkTemplate",
    "Pool",
    "Range",
    "Run",
    "SearchConfig",
    "SearchSpace",
    "SpaceCosts",
    "SpaceDistribution",
    "Stage",
    "SuperNetwork",
    "cost",
    "find_spaces",
    "load_elite",
    "load_images",
    "load_search_space",
    "preset_names",
    "resolve",
]


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module 'netspace' has no attribute '{name}'")
