"""What can be searched: ranges, architectures, spaces and the grid of candidates."""

from netspace.spaces.architecture import Architecture, Stage
from netspace.spaces.axes import Axis, Grid
from netspace.spaces.layout import Layout, Points
from netspace.spaces.network_space import NetworkSpace, StageSpace
from netspace.spaces.ranges import Listed, Range
from netspace.spaces.search_space import GridAxis, KnobAxis, SearchSpace, StageGrid
from netspace.spaces.template import NetworkTemplate, Stem

__all__ = [
    "Architecture",
    "Axis",
    "Grid",
    "GridAxis",
    "KnobAxis",
    "Layout",
    "Listed",
    "NetworkSpace",
    "NetworkTemplate",
    "Points",
    "Range",
    "SearchSpace",
    "Stage",
    "StageGrid",
    "StageSpace",
    "Stem",
]
