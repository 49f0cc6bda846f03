"""A winning space with its bounds moved: a better hit rate at no higher predicted error."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from netspace.cost import Budget, CostModel
from netspace.spaces import Listed, NetworkSpace, Range, SearchSpace
from netspace.spaces.axes import spread_places
from netspace.spaces.ranges import IntArray, values_of
from netspace.surrogate.grid import flops_of
from netspace.surrogate.signals import Signal

LISTED = 4096
STEPS = 60
KEPT = 0.5


@dataclass(frozen=True)
class Refined:
    """A space before and after its bounds were moved.

    Args:
        before: a space of the grid.
        after: the space found.
        hit_rate: share of members in band, before and after.
        error: mean predicted error of the members in band, before and after, within 0 to 1.
        networks: number of members in band, before and after; from a sample where a space has more than 4 096.
    """

    before: NetworkSpace
    after: NetworkSpace
    hit_rate: tuple[float, float]
    error: tuple[float, float]
    networks: tuple[int, int]


def refine(
    space: NetworkSpace, *, search_space: SearchSpace, signal: Signal, model: CostModel, budget: Budget
) -> Refined:
    """Move bounds one value at a time, each time the move that raises the hit rate most.

    A move may not raise the predicted error in band above that of the space given, nor leave fewer than half as many
    networks in band: else the best space would be a single network.

    Args:
        space: to start from.
        search_space: whose full ranges bound the search.
        signal: the model of error.
        model: of the budget's kind of cost.
        budget: the band.
    """

    def judge(some: NetworkSpace) -> tuple[float, float, int]:
        points = _points(some)
        costs, inside = model(points), budget.satisfied(points, model.template)
        rate = float(inside.mean())
        flops = flops_of(model, points[inside], costs[inside])
        error = float(signal.predict(points[inside], flops).mean()) if inside.any() else math.inf
        return rate, error, round(rate * some.size)

    rate, error, networks = start = judge(space)
    best = space
    for _ in range(STEPS):
        moves = [(judge(move), move) for move in _moves(best, search_space.full)]
        able = [(found, move) for found, move in moves if found[1] <= error and found[2] >= KEPT * networks]
        if not able:
            break
        found, move = max(able, key=lambda pair: (pair[0][0], -pair[0][1]))
        if found[0] <= rate:
            break
        rate, best = found[0], move
    end = judge(best)
    errors = tuple(min(max(found[1], 0.0), 1.0) for found in (start, end))
    return Refined(space, best, (start[0], end[0]), (errors[0], errors[1]), (start[2], end[2]))


def _points(space: NetworkSpace) -> IntArray:
    """List a space's members, or 4 096 of them at spread places."""
    if space.size <= LISTED:
        return space.enumerate()
    places = spread_places(LISTED, len(space.axes))
    columns = [one.values[(places[:, i] * len(one)).astype(np.int64)] for i, one in enumerate(space.axes)]
    return np.stack(columns, axis=1)


def _moves(space: NetworkSpace, full: NetworkSpace) -> Iterator[NetworkSpace]:
    """Yield the spaces with one bound moved by one value, or one range shifted by one value."""
    for i, (stage, bounds) in enumerate(zip(space.stages, full.stages, strict=True)):
        for knob, whole in bounds.axes.items():
            for moved in _moved(stage.knob(knob), whole):
                yield replace(space, stages=(*space.stages[:i], stage.with_knob(knob, moved), *space.stages[i + 1 :]))
    if space.image_size is not None and full.image_size is not None:
        for moved in _moved(space.image_size, full.image_size):
            yield replace(space, image_size=moved)


def _moved(own: Range | Listed, whole: Range | Listed) -> Iterator[Range | Listed]:
    """Yield what one axis may become."""
    values = whole.values.tolist()
    first, last = values.index(own.low), values.index(own.high)
    for down, up in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)):
        low, high = first + down, last + up
        if 0 <= low <= high < len(values):
            chosen = values[low : high + 1]
            yield Range(chosen[0], chosen[-1], whole.step) if isinstance(whole, Range) else values_of(chosen)
