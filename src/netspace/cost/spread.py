"""Draws of architectures spread evenly over the orders of magnitude of a cost, so that small ones are drawn too."""

from __future__ import annotations

import numpy as np

from netspace.cost.model import CostModel
from netspace.spaces import NetworkSpace
from netspace.spaces.layout import Points
from netspace.spaces.ranges import IntArray, Listed, Range

POOL = 2**18
BINS = 64


class LogUniformDraws:
    """Architectures of a space with log cost spread evenly over the space's costs.

    A pool is drawn with every knob log-uniform, and sorted into bins of equal ratio of cost; a draw takes
    a bin at random, then one of its members by importance, 1 / (the pool's density), that is nearly uniformly
    among the space's architectures of that cost. Bins that no member of the pool falls in are never drawn.

    Args:
        model: the kind of cost.
        space: the architectures.
        rng: source of the pool's randomness.
    """

    def __init__(self, model: CostModel, space: NetworkSpace, *, rng: np.random.Generator) -> None:
        layout = space.layout
        knobs = {
            name: np.stack([_log_uniform(stage.knob(name), rng) for stage in space.stages], axis=1)
            for name in layout.each
        }
        sizes = None if space.image_size is None else _log_uniform(space.image_size, rng)
        self._points = layout.join(knobs, sizes)
        costs = model(self._points)
        edges = np.geomspace(costs.min(), costs.max(), BINS + 1)
        bins = np.searchsorted(edges, costs, side="right").clip(1, BINS) - 1
        weight = np.ones(len(costs))  # multiplied knob by knob, in one order: sums of these decide the draws
        for values in knobs.values():
            weight *= np.prod(values, axis=1, dtype=np.float64)
        if sizes is not None:
            weight *= sizes
        self._order = np.argsort(bins, kind="stable")
        self._used, starts = np.unique(bins[self._order], return_index=True)
        self._rank = np.concatenate([[0.0], np.cumsum(weight[self._order])])
        self._starts, self._ends = starts, np.append(starts[1:], len(bins))

    def draw(self, n: int, *, rng: np.random.Generator) -> Points:
        """Draw n architectures: shape (n, axes), int64; columns as the space's layout says."""
        chosen = rng.integers(len(self._used), size=n)
        low, high = self._rank[self._starts[chosen]], self._rank[self._ends[chosen]]
        place = np.searchsorted(self._rank, low + rng.random(n) * (high - low), side="right") - 1
        members = self._order[place.clip(self._starts[chosen], self._ends[chosen] - 1)]
        return self._points[members]


def _log_uniform(values: Range | Listed, rng: np.random.Generator) -> IntArray:
    weights = 1.0 / values.values
    return rng.choice(values.values, POOL, p=weights / weights.sum())
