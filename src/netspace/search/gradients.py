"""Estimators of the objective's gradient in Θ, behind one interface.

Objective: E over 𝒜 ~ P_Θ of [E over α ~ Uniform(𝒜) of cross-entropy(α) + λ·penalty(𝒜)]. The penalty, in the paper the
mean of |cost(α)/target − 1| over 𝒜, is a table over the grid (constraint.py), and exact here; the first part needs
draws.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from netspace.models import Mixture
from netspace.schedules import linear
from netspace.search.constraint import Penalty
from netspace.search.distribution import SpaceDistribution
from netspace.settings import SearchSettings
from netspace.spaces import Architecture, SearchSpace
from netspace.spaces.ranges import IntArray

Evaluate = Callable[[Architecture | Mixture], Tensor]


class GradientEstimator(Protocol):
    """Turns evaluations of held-out cross-entropy into a loss whose gradient moves Θ."""

    def loss(
        self, distribution: SpaceDistribution, evaluate: Evaluate, *, progress: float, rng: np.random.Generator
    ) -> tuple[Tensor, float]:
        """Return a scalar to differentiate in Θ, and the mean cross-entropy it was made of.

        Args:
            distribution: Θ.
            evaluate: held-out cross-entropy of an architecture or of a mixture, a scalar.
            progress: share of the search that is done, 0..1.
            rng: source of randomness.
        """
        ...


class ScoreEstimator:
    """Score-function gradient of hard draws, with a leave-one-out baseline (Kool et al. 2019); unbiased.

    ∇ = mean_k (L_k − mean_{j≠k} L_j) ∇ log P_Θ(𝒜_k), plus the exact gradient of the penalty.
    """

    def __init__(self, search_space: SearchSpace, penalty: Penalty, settings: SearchSettings) -> None:
        self._search_space, self._penalty, self._settings = search_space, penalty, settings

    def loss(
        self, distribution: SpaceDistribution, evaluate: Evaluate, *, progress: float, rng: np.random.Generator
    ) -> tuple[Tensor, float]:
        """See GradientEstimator; evaluations need no gradients."""
        draws = self._settings.draws
        choices = distribution.sample(draws, rng=rng)
        with torch.no_grad():
            values = [float(evaluate(draw_member(self._search_space, choice, rng=rng))) for choice in choices]
        losses = torch.tensor(values, dtype=torch.float64)
        advantages = (losses - losses.mean()) * draws / (draws - 1)
        surrogate = (advantages * distribution.log_prob(choices)).mean()
        return surrogate + self._settings.penalty * self._penalty.expected(distribution, choices), float(losses.mean())


class GumbelEstimator:
    """The paper's relaxation: one draw from each range, mixed with Gumbel-Softmax weights; biased, low variance.

    The temperature falls linearly over the whole search.
    """

    def __init__(self, search_space: SearchSpace, penalty: Penalty, settings: SearchSettings) -> None:
        self._search_space, self._penalty, self._settings = search_space, penalty, settings

    def loss(
        self, distribution: SpaceDistribution, evaluate: Evaluate, *, progress: float, rng: np.random.Generator
    ) -> tuple[Tensor, float]:
        """See GradientEstimator; evaluations of mixtures carry gradients to their weights."""
        temperature = linear(progress, *self._settings.temperature)
        weights = distribution.relaxed(temperature, rng=rng)
        mixture = Mixture(
            layout=self._search_space.full.layout,
            values=_draw_each(self._search_space, rng),
            weights=tuple(w.float() for w in weights),
        )
        value = evaluate(mixture)
        penalty = self._penalty.relaxed(weights)
        return value.double().cpu() + self._settings.penalty * penalty, float(value.detach())


def draw_member(search_space: SearchSpace, choice: IntArray, *, rng: np.random.Generator) -> Architecture:
    """Draw an architecture uniformly from the grid space with the given range indices."""
    space = search_space.space([int(i) for i in choice])
    return space.layout.architecture(space.draw(1, rng=rng)[0])


def _draw_each(search_space: SearchSpace, rng: np.random.Generator) -> tuple[Tensor, ...]:
    """Draw one value of every range, per axis; widths first, then depths, then further knobs, as runs always did."""
    axes = search_space.grid.axes
    first = {"width": 0, "depth": 1}
    order = sorted(range(len(axes)), key=lambda i: (first.get(axes[i].knob, 2), i))
    drawn = {i: torch.tensor([int(rng.choice(np.array(one))) for one in axes[i].ranges]) for i in order}
    return tuple(drawn[i] for i in range(len(axes)))


GRADIENTS: dict[str, Callable[[SearchSpace, Penalty, SearchSettings], GradientEstimator]] = {
    "score": ScoreEstimator,
    "gumbel": GumbelEstimator,
}
