"""What an Elite Space is held against: populations drawn at the same budget without a search."""

from __future__ import annotations

import itertools
import math

import numpy as np

from netspace.cost import Budget, CostModel
from netspace.errors import NetspaceError, did_you_mean
from netspace.spaces import NetworkTemplate, Points, SearchSpace
from netspace.spaces.ranges import IntArray

BASELINES = ("expanded", "random-spaces", "uniform-width", "linear-width")
SPACE_DRAWS = 100_000
LARGEST_FAMILY, LISTED_DEPTHS = 2**24, 2**20


def draw_baseline(
    name: str,
    n: int,
    *,
    search_space: SearchSpace,
    template: NetworkTemplate,
    budget: Budget,
    rng: np.random.Generator,
) -> Points:
    """Draw n different networks of a baseline within a budget.

    Further knobs of uniform-width and linear-width are drawn uniformly.

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
        shape (n, axes), int64; columns as the space's layout says.

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
    return _from_family(name, n, widths, _depths(search_space, rng), search_space, template, budget, rng)


def _from_random_spaces(
    n: int, search_space: SearchSpace, template: NetworkTemplate, budget: Budget, rng: np.random.Generator
) -> Points:
    drawn: dict[tuple[int, ...], None] = {}
    low, high = budget.interval
    model = CostModel(template, budget.kind)
    choices = np.stack([rng.integers(ranges, size=SPACE_DRAWS) for ranges in search_space.shape], axis=1)
    least, most = _bounds(search_space, choices, model)
    for choice in choices[(least <= high) & (most >= low)]:
        band = budget.members(search_space.space(choice.tolist()), template)
        if band.size:
            drawn[tuple(band.draw(1, rng=rng)[0].tolist())] = None
        if len(drawn) == n:
            return np.array(list(drawn), np.int64)
    raise NetspaceError(
        f"random spaces held {len(drawn)} different networks within {budget.told}, not {n}; ask for fewer"
    )


def _bounds(search_space: SearchSpace, choices: IntArray, model: CostModel) -> tuple[IntArray, IntArray]:
    """Return the costs of the smallest and of the largest architecture of each space.

    A block's cost need not rise with a further knob (a bottleneck's falls), so both ends of these are tried.
    """
    axes = search_space.grid.axes
    ends = [np.array([[cut[0], cut[-1]] for cut in axis.ranges])[choices[:, i]] for i, axis in enumerate(axes)]
    others = sorted({axis.knob for axis in axes} - {"depth", "width"})
    found = []
    for side in (0, 1):
        tried = []
        for at in itertools.product((0, 1), repeat=len(others)):
            of = dict(zip(others, at, strict=True))
            columns = [end[:, of.get(axis.knob, side)] for axis, end in zip(axes, ends, strict=True)]
            tried.append(model(np.stack(columns, axis=1)))
        found.append(np.min(tried, axis=0) if side == 0 else np.max(tried, axis=0))
    return found[0], found[1]


def _depths(search_space: SearchSpace, rng: np.random.Generator) -> IntArray:
    """List all choices of depths, or draw many of them where they are more than a million."""
    depths = [stage.depth.full.values for stage in search_space.stages]
    if math.prod(len(values) for values in depths) <= LISTED_DEPTHS:
        return np.array(list(itertools.product(*(values.tolist() for values in depths))))
    return np.stack([rng.choice(values, LISTED_DEPTHS) for values in depths], axis=1)


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
    search_space: SearchSpace,
    template: NetworkTemplate,
    budget: Budget,
    rng: np.random.Generator,
) -> Points:
    """Draw from all pairs of a row of widths and a row of depths that satisfy the budget."""
    low, high = budget.interval
    model, layout = CostModel(template, budget.kind), search_space.full.layout
    if not layout.knobs and not layout.image_size:
        # Widths that cannot meet the budget at any depth are left out first: costs rise with depth.
        shallow, deep = (np.broadcast_to(row, widths.shape) for row in (depths.min(0), depths.max(0)))
        ends = [model(layout.join({"depth": row, "width": widths})) for row in (shallow, deep)]
        widths = widths[(ends[0] <= high) & (ends[1] >= low)]
    most = LARGEST_FAMILY if layout.columns == 2 * layout.stages else LARGEST_FAMILY // 8
    if len(widths) * len(depths) > most:
        widths = rng.permutation(widths)[: max(most // len(depths), 1)]
    place = np.indices((len(widths), len(depths))).reshape(2, -1)
    knobs = {"depth": depths[place[1]], "width": widths[place[0]]}
    for knob in layout.knobs:
        each = [rng.choice(stage.knob(knob).values, place.shape[1]) for stage in search_space.full.stages]
        knobs[knob] = np.stack(each, axis=1)
    sizes = search_space.full.image_size
    points = layout.join(knobs, None if sizes is None else rng.choice(sizes.values, place.shape[1]))
    inside = np.flatnonzero(budget.satisfied(points, template))
    if len(inside) < n:
        raise NetspaceError(f"baseline {name} has {len(inside)} networks within {budget.told}, not {n}; ask for fewer")
    return points[rng.permutation(inside)[:n]]
