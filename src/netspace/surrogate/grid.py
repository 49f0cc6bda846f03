"""A search space as a grid of axes, and its members as what judges look at."""

from __future__ import annotations

import numpy as np

from netspace.cost import CostModel
from netspace.spaces import NetworkSpace, SearchSpace
from netspace.spaces.axes import Axis, AxisGrid
from netspace.spaces.ranges import IntArray
from netspace.surrogate.judging import EnumeratedMembers, Members
from netspace.surrogate.sampled import SampledMembers

ENUMERATED = 2**22


def axis_grid(search_space: SearchSpace) -> AxisGrid:
    """Return the grid of a search space, axes in the order of `SearchSpace.shape`: depth and width of stage 1, …"""
    axes = []
    for i, stage in enumerate(search_space.stages):
        depths = tuple(tuple(cut.values.tolist()) for cut in stage.depth.cuts)
        widths = tuple(tuple(cut.values.tolist()) for cut in stage.width.cuts)
        axes += [Axis(f"depth {i + 1}", depths, "depth"), Axis(f"width {i + 1}", widths, "width")]
    return AxisGrid(tuple(axes))


def as_points(depths: IntArray, widths: IntArray) -> IntArray:
    """Return architectures as points: depth and width of stage 1, of stage 2, …; shape (n, 2·stages)."""
    depths, widths = np.asarray(depths, np.int64), np.asarray(widths, np.int64)
    return np.stack([depths, widths], axis=2).reshape(len(depths), -1)


def price(model: CostModel, points: IntArray) -> IntArray:
    """Return the exact costs of points, shape (n,)."""
    return model(points[:, 0::2], points[:, 1::2])


def price_all(model: CostModel, grid: AxisGrid) -> IntArray:
    """Return the exact costs of every architecture, as `price` of `grid.enumerate()`, shape (members,).

    Each stage's part depends on the width before it, its depth and its width: small tables, added by broadcasting.
    """
    total, before = np.full(1, model.stem, np.int64), np.full(1, model.template.stem_width, np.int64)
    for stage, (depth, width) in enumerate(zip(grid.axes[0::2], grid.axes[1::2], strict=True)):
        first = model.first(stage, before[:, None, None], width.values)
        total = total[..., None, None] + first + (depth.values[:, None] - 1) * model.rest(stage, width.values)
        before = width.values
    return (total + model.head(before)).ravel()


def members(search_space: SearchSpace, model: CostModel, *, hit_rate: float = 0.0) -> Members:
    """Return the members of a search space: each of them up to 4 194 304, beyond that a sample of every space.

    Args:
        search_space: the grid.
        model: of the cost.
        hit_rate: spaces below it need not be judged closely.
    """
    grid = axis_grid(search_space)
    if grid.num_members > ENUMERATED:
        return SampledMembers(grid, lambda points: price(model, points), least_hit_rate=hit_rate)
    return EnumeratedMembers(grid, None, price_all(model, grid))


def network_space(search_space: SearchSpace, number: int) -> NetworkSpace:
    """Return a space of the grid by its number."""
    return search_space.space([int(i) for i in np.unravel_index(number, search_space.shape)])
