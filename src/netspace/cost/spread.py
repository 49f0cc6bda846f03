"""Draws of architectures spread evenly over the orders of magnitude of a cost, so that small ones are drawn too."""

from __future__ import annotations

import numpy as np

from netspace.cost.model import CostModel
from netspace.spaces import NetworkSpace
from netspace.spaces.ranges import IntArray, Range

POOL = 2**18
BINS = 64


class LogUniformDraws:
    """Architectures of a space with log cost spread evenly over the space's costs.

    A pool is drawn with every depth and width log-uniform, and sorted into bins of equal ratio of cost; a draw takes
    a bin at random, then one of its members by importance, 1 / (the pool's density), that is nearly uniformly
    among the space's architectures of that cost. Bins that no member of the pool falls in are never drawn.

    Args:
        model: the kind of cost.
        space: the architectures.
        rng: source of the pool's randomness.
    """

    def __init__(self, model: CostModel, space: NetworkSpace, *, rng: np.random.Generator) -> None:
        depths = [_log_uniform(stage.depth, rng) for stage in space.stages]
        widths = [_log_uniform(stage.width, rng) for stage in space.stages]
        self._depths, self._widths = np.stack(depths, axis=1), np.stack(widths, axis=1)
        costs = model(self._depths, self._widths)
        edges = np.geomspace(costs.min(), costs.max(), BINS + 1)
        bins = np.searchsorted(edges, costs, side="right").clip(1, BINS) - 1
        weight = np.prod(self._depths, axis=1, dtype=np.float64) * np.prod(self._widths, axis=1, dtype=np.float64)
        self._order = np.argsort(bins, kind="stable")
        self._used, starts = np.unique(bins[self._order], return_index=True)
        self._rank = np.concatenate([[0.0], np.cumsum(weight[self._order])])
        self._starts, self._ends = starts, np.append(starts[1:], len(bins))

    def draw(self, n: int, *, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
        """Draw n architectures: depths and widths, each of shape (n, stages), int64."""
        chosen = rng.integers(len(self._used), size=n)
        low, high = self._rank[self._starts[chosen]], self._rank[self._ends[chosen]]
        place = np.searchsorted(self._rank, low + rng.random(n) * (high - low), side="right") - 1
        members = self._order[place.clip(self._starts[chosen], self._ends[chosen] - 1)]
        return self._depths[members], self._widths[members]


def _log_uniform(values: Range, rng: np.random.Generator) -> IntArray:
    weights = 1.0 / values.values
    return rng.choice(values.values, POOL, p=weights / weights.sum())
