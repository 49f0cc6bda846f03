"""The expected cost of a space, where a cost is the largest of a network's parts instead of their sum."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from netspace.cost import CostModel
from netspace.cost.chain import Chain
from netspace.search.distribution import SpaceDistribution, outer
from netspace.spaces import SearchSpace
from netspace.spaces.ranges import IntArray

MOST_ENTRIES, FEWEST = 2**22, 32  # of a stage's table; levels


class ExpectedPeak:
    """E over 𝒜 ~ P_Θ of E over α ~ Uniform(𝒜) of cost(α), for a cost that is the largest of its parts.

    E = Σ_k (t_{k+1} − t_k) · P(cost > t_k) over the levels t that a cost may have. Values of different stages and
    knobs are independent, so P(cost ≤ t) is a product along the stages; exact where all levels are taken, which is
    so up to 4 million entries of a stage's table, and by trapezoids between spread levels beyond.

    Args:
        model: the kind of cost, in a template.
        search_space: the grid of spaces.
    """

    def __init__(self, model: CostModel, search_space: SearchSpace) -> None:
        full, grid = search_space.full, search_space.grid
        self._layout = full.layout
        self._shares = [_shares(axis.ranges, own.values) for axis, own in zip(grid.axes, full.axes, strict=True)]
        self._chains = [Chain(model, full, size) for size in full.image_sizes]
        levels = np.unique(np.concatenate([part.ravel() for chain in self._chains for part in chain.tables]))
        most = max(MOST_ENTRIES // max(stage.entry.size for stage in self._chains[0].stages), FEWEST)
        self._exact = len(levels) <= most
        if not self._exact:
            levels = levels[np.linspace(0, len(levels) - 1, most).astype(np.int64)]
        self._levels = torch.from_numpy(levels.astype(np.float64))
        self._fits = [[_fit(part, levels) for part in chain.tables] for chain in self._chains]

    def __call__(self, distribution: SpaceDistribution) -> Tensor:
        """Return the expected cost under Θ, a scalar, differentiable."""
        return self.of(distribution.probabilities())

    def of(self, weights: list[Tensor]) -> Tensor:
        """Return the expected cost under independent weights of the ranges, one tensor per axis."""
        values = [w @ shares for w, shares in zip(weights, self._shares, strict=True)]
        each = len(self._layout.each)
        stages = [values[i * each : (i + 1) * each] for i in range(self._layout.stages)]
        joint = [(own[0], outer(own[1:])) for own in stages]
        below = torch.stack([self._below(i, joint) for i in range(len(self._chains))])
        above = 1 - (values[-1] @ below if self._layout.image_size else below[0])
        between = above[:-1] if self._exact else (above[:-1] + above[1:]) / 2
        return self._levels[0] + self._levels.diff() @ between

    def _below(self, chain: int, weights: list[tuple[Tensor, Tensor]]) -> Tensor:
        """Return P(cost ≤ t) at each level, shape (levels,), of a chain with weights of depths and states."""
        start, *fits, end = self._fits[chain]
        rest = end.double()
        for i, (depth, state) in reversed(list(enumerate(weights))):
            entry, more, out = fits[2 * i], fits[2 * i + 1], self._chains[chain].stages[i].out
            deeper = more.double() @ depth * state * rest[:, torch.from_numpy(out)]
            rest = torch.einsum("tbs,ts->tb", entry.double(), deeper)
        return start * rest[:, 0]


def _shares(ranges: tuple[tuple[int, ...], ...], values: IntArray) -> Tensor:
    """Return what a draw from each range has of each value: shape (ranges, values)."""
    return torch.tensor([[(v in own) / len(own) for v in values.tolist()] for own in ranges], dtype=torch.float64)


def _fit(part: IntArray, levels: IntArray) -> Tensor:
    """Say where a part costs no more than a level: shape (levels, of the part …)."""
    return torch.from_numpy(part <= levels.reshape(-1, *[1] * part.ndim))
