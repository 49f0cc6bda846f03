"""Estimators of Θ's gradient on problems that can be enumerated."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from netspace import Architecture, SearchSpace
from netspace.models import Mixture
from netspace.search import GRADIENTS, ScoreEstimator, SpaceDistribution
from netspace.search.constraint import TablePenalty
from netspace.settings import SearchSettings
from netspace.spaces import GridAxis, StageGrid

PLANTED = (1, 0, 1, 1)


@pytest.fixture(scope="module")
def problem() -> SearchSpace:
    """Two stages, 6 × 6 spaces of two architectures to a width range."""
    stage = StageGrid(GridAxis(low=1, high=2, ranges=2), GridAxis(low=1, high=6, ranges=3))
    return SearchSpace("problem", (stage, stage), strides=(1, 2))


def planted_loss(choice: Architecture | Mixture) -> Tensor:
    """Squared distance of each depth and width from the planted space's mean; of a mixture, the mixture of it."""
    best = ((2.0, 1.5), (2.0, 3.5))  # depth 2, widths 1..2; depth 2, widths 3..4
    total = torch.zeros(())
    for i, (depth, width) in enumerate(best):
        if isinstance(choice, Architecture):
            stage = choice.stages[i]
            total = total + (stage.depth - depth) ** 2 + 0.3 * (stage.width - width) ** 2
        else:
            (depths, depth_weights), (widths, width_weights) = choice.stage(i)["depth"], choice.stage(i)["width"]
            total = total + depth_weights @ (depths - depth) ** 2
            total = total + 0.3 * width_weights @ (widths - width) ** 2
    return total


def best_space(problem: SearchSpace, penalty: Tensor) -> tuple[int, ...]:
    """Find the space of least mean loss plus penalty by enumeration."""
    return min(np.ndindex(*problem.shape), key=lambda c: mean_loss(problem, c) + float(penalty[c]))


def mean_loss(problem: SearchSpace, choice: tuple[int, ...]) -> float:
    space = problem.space(choice)
    return float(np.mean([float(planted_loss(one)) for one in space.layout.architectures(space.enumerate())]))


@pytest.mark.parametrize("name", sorted(GRADIENTS))
@pytest.mark.parametrize("budget", ["none", "third axis"])
def test_an_estimator_descends_to_the_best_space(problem: SearchSpace, name: str, budget: str) -> None:
    penalty = torch.zeros(problem.shape, dtype=torch.float64)
    if budget == "third axis":  # a penalty that outweighs the loss there
        penalty[:, :, 1] = 4.0
    wanted = best_space(problem, penalty)
    assert (wanted == PLANTED) == (budget == "none")
    settings = SearchSettings(draws=4, temperature=(2.0, 0.05))
    estimator = GRADIENTS[name](problem, TablePenalty(penalty), settings)
    theta, rng, steps = SpaceDistribution(problem.shape), np.random.default_rng(0), 400
    optimizer = torch.optim.Adam(theta.parameters(), lr=0.05)
    for step in range(steps):
        loss, _ = estimator.loss(theta, planted_loss, progress=step / steps, rng=rng)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    (mode, probability), *_ = theta.likeliest(1)
    assert mode == wanted
    assert probability > 0.5


def enumerated_gradient(problem: SearchSpace, theta: SpaceDistribution, penalty: Tensor) -> list[Tensor]:
    losses = torch.tensor([mean_loss(problem, c) for c in np.ndindex(*problem.shape)], dtype=torch.float64)
    table = losses.reshape(problem.shape) + penalty
    return list(torch.autograd.grad(theta.expectation(table), list(theta.logits)))


@pytest.mark.parametrize("draws", [2, 5])
def test_the_score_estimator_is_unbiased_within_4_standard_errors(
    problem: SearchSpace, rng: np.random.Generator, draws: int
) -> None:
    theta = SpaceDistribution(problem.shape)
    with torch.no_grad():
        for logits in theta.logits:
            logits.copy_(torch.from_numpy(0.7 * rng.normal(size=len(logits))))
    penalty = torch.from_numpy(rng.random(problem.shape))
    estimator = ScoreEstimator(problem, TablePenalty(penalty), SearchSettings(draws=draws))
    exact = torch.cat(enumerated_gradient(problem, theta, penalty))
    samples = []
    for _ in range(1500):
        loss, _ = estimator.loss(theta, planted_loss, progress=0, rng=rng)
        samples.append(torch.cat(torch.autograd.grad(loss, list(theta.logits))))
    stacked = torch.stack(samples)
    error = stacked.std(0) / len(samples) ** 0.5
    assert bool(((stacked.mean(0) - exact).abs() <= 4 * error).all())


def test_the_penalty_has_no_noise_where_the_loss_is_even(problem: SearchSpace, rng: np.random.Generator) -> None:
    even: Callable[[Architecture | Mixture], Tensor] = lambda choice: torch.ones(())  # noqa: E731
    theta, penalty = SpaceDistribution(problem.shape), torch.from_numpy(rng.random(problem.shape))
    estimator = ScoreEstimator(problem, TablePenalty(penalty), SearchSettings(penalty=3.0))
    loss, value = estimator.loss(theta, even, progress=0, rng=rng)
    exact = torch.autograd.grad(3.0 * theta.expectation(penalty), list(theta.logits))
    given = torch.autograd.grad(loss, list(theta.logits))
    assert value == 1.0
    assert all(torch.allclose(a, b) for a, b in zip(given, exact, strict=True))
