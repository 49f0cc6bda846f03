"""What an Elite Space is held against: populations drawn at the same budget without a search."""

from __future__ import annotations

import itertools

import numpy as np

from netspace.cost import Budget, CostModel
from netspace.errors import NetspaceError, did_you_mean
from netspace.spaces import NetworkTemplate, SearchSpace
from netspace.spaces.ranges import IntArray

BASELINES = ("expanded", "random-spaces", "uniform-width", "linear-width")
SPACE_DRAWS = 100_000
LARGEST_FAMILY = 2**24


def draw_baseline(
    name: str,
    n: int,
    *,
    search_space: SearchSpace,
    template: NetworkTemplate,
    budget: Budget,
    rng: np.random.Generator,
) -> tuple[IntArray, IntArray]:
    """Draw n different networks of a baseline within a budget.

    Args:
        name: `expanded`: the whole search space; `random-spaces`: a member of a random space of the grid that has
            one in band; `uniform-width`: one width for all stages; `linear-width`: widths that grow by one constant
            per stage (Radosavovic et al. 2020: RegNet's observation, quantised to the space's widths).
        n: how many.
        search_space: the ranges and the grid.
        template: of the networks.
        budget: what they satisfy.
        rng: source of randomness.

    Returns:
        depths and widths, each of shape (n, stages), int64.

    Raises:
        NetspaceError: where the baseline has fewer than n networks in band.
    """
    if name not in BASELINES:
        raise NetspaceError(f"unknown baseline '{name}', {did_you_mean(name, BASELINES)}")
    if name == "expanded":
        return budget.band(search_space.full, template).draw(n, rng=rng, replace=False)
    if name == "random-spaces":
        return _from_random_spaces(n, search_space, template, budget, rng)
    widths = _uniform_widths(search_space) if name == "uniform-width" else _linear_widths(search_space)
    depths = [stage.depth.full.values.tolist() for stage in search_space.stages]
    return _from_family(name, n, widths, np.array(list(itertools.product(*depths))), template, budget, rng)


def _from_random_spaces(
    n: int, search_space: SearchSpace, template: NetworkTemplate, budget: Budget, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    drawn: dict[tuple[int, ...], None] = {}
    low, high = budget.interval
    model = CostModel(template, budget.kind)
    choices = np.stack([rng.integers(ranges, size=SPACE_DRAWS) for ranges in search_space.shape], axis=1)
    ends = [_corner(search_space, choices, end) for end in ("low", "high")]
    reachable = choices[(model(*ends[0]) <= high) & (model(*ends[1]) >= low)]
    for choice in reachable:
        band = budget.members(search_space.space(choice.tolist()), template)
        if band.size:
            depth, width = band.draw(1, rng=rng)
            drawn[(*depth[0].tolist(), *width[0].tolist())] = None
        if len(drawn) == n:
            members = np.array(list(drawn), np.int64)
            return members[:, : members.shape[1] // 2], members[:, members.shape[1] // 2 :]
    raise NetspaceError(f"random spaces held {len(drawn)} different networks within {budget}, not {n}; ask for fewer")


def _corner(search_space: SearchSpace, choices: IntArray, end: str) -> tuple[IntArray, IntArray]:
    """Return the smallest or the largest architecture of each space."""
    bounds = []
    for i, stage in enumerate(search_space.stages):
        for k, axis in enumerate((stage.depth, stage.width)):
            bounds.append(np.array([getattr(cut, end) for cut in axis.cuts])[choices[:, 2 * i + k]])
    return np.stack(bounds[0::2], axis=1), np.stack(bounds[1::2], axis=1)


def _uniform_widths(search_space: SearchSpace) -> IntArray:
    shared = set.intersection(*(set(stage.width.full.values.tolist()) for stage in search_space.stages))
    return np.array([[w] * len(search_space.stages) for w in sorted(shared)], np.int64)


def _linear_widths(search_space: SearchSpace) -> IntArray:
    """List first width + i·growth for every growth ≥ 0 that stays inside the ranges."""
    axes = [stage.width.full for stage in search_space.stages]
    found = []
    for first in axes[0].values.tolist():
        for last in axes[-1].values.tolist():
            growth, rest = divmod(last - first, max(len(axes) - 1, 1))
            row = [first + i * growth for i in range(len(axes))]
            if growth >= 0 and not rest and all(w in axis for w, axis in zip(row, axes, strict=True)):
                found.append(row)
    return np.array(found, np.int64)


def _from_family(
    name: str,
    n: int,
    widths: IntArray,
    depths: IntArray,
    template: NetworkTemplate,
    budget: Budget,
    rng: np.random.Generator,
) -> tuple[IntArray, IntArray]:
    """Draw from all pairs of a row of widths and a row of depths that satisfy the budget."""
    low, high = budget.interval
    model = CostModel(template, budget.kind)
    # Widths that cannot meet the budget at any depth are left out first: costs rise with depth.
    shallow, deep = (np.broadcast_to(row, widths.shape) for row in (depths.min(0), depths.max(0)))
    widths = widths[(model(shallow, widths) <= high) & (model(deep, widths) >= low)]
    if len(widths) * len(depths) > LARGEST_FAMILY:
        widths = rng.permutation(widths)[: LARGEST_FAMILY // len(depths)]
    place = np.indices((len(widths), len(depths))).reshape(2, -1)
    costs = model(depths[place[1]], widths[place[0]])
    inside = np.flatnonzero((costs >= low) & (costs <= high))
    if len(inside) < n:
        raise NetspaceError(f"baseline {name} has {len(inside)} networks within {budget}, not {n}; ask for fewer")
    chosen = rng.permutation(inside)[:n]
    return depths[place[1][chosen]], widths[place[0][chosen]]
