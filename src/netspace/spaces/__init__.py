"""What can be searched: ranges, architectures, spaces and the grid of candidates."""

from netspace.spaces.architecture import Architecture, NetworkTemplate, Stage
from netspace.spaces.network_space import NetworkSpace, StageSpace
from netspace.spaces.ranges import Range
from netspace.spaces.search_space import GridAxis, SearchSpace, StageGrid

__all__ = [
    "Architecture",
    "GridAxis",
    "NetworkSpace",
    "NetworkTemplate",
    "Range",
    "SearchSpace",
    "Stage",
    "StageGrid",
    "StageSpace",
]
