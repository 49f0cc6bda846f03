"""Methods that choose a space of a table at a budget, each behind one signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from exploring import explore
from numpy.typing import NDArray
from torch import Tensor

from netspace.analysis import pareto_front
from netspace.models import Mixture
from netspace.search import SpaceDistribution
from netspace.search.constraint import TablePenalty
from netspace.search.distribution import contract
from netspace.search.gradients import GRADIENTS
from netspace.settings import SearchSettings
from netspace.spaces import Architecture, GridAxis, SearchSpace, StageGrid
from netspace.surrogate.judging import EnumeratedMembers

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Θ: the preset small's settings, with the learning rate raised as its 480 steps for a budget fall to 125.
STEPS, RATE, DRAWS, PENALTY, LOSS_SPREAD = 125, 0.115, 4, 2.0, 0.2
POPULATION = 50
RANDOM_SPACES = 50


@dataclass(frozen=True)
class Problem:
    """A table as a method sees it.

    Args:
        members: the table's networks.
        errors: what a method reads, in the order of `members`; blurred or not.
        bands: of costs, one per budget, low and high.
        evaluations: how many rows may be read.
    """

    members: EnumeratedMembers
    errors: FloatArray
    bands: tuple[tuple[int, int], ...]
    evaluations: int

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """Number of values on each axis."""
        return tuple(len(axis.values) for axis in self.members.grid.axes)

    @cached_property
    def indices(self) -> IntArray:
        """Each network's place on each axis, shape (n, axes)."""
        axes = self.members.grid.axes
        return np.stack([np.searchsorted(a.values, self.members.points[:, i]) for i, a in enumerate(axes)], axis=1)

    @cached_property
    def row_of(self) -> IntArray:
        """The row of every network of the grid; of one that is missing, the row nearest to it on the axes."""
        from scipy.spatial import cKDTree

        every = np.stack(np.unravel_index(np.arange(int(np.prod(self.lengths))), self.lengths), axis=1)
        _, rows = cKDTree(self.indices).query(every)
        return np.asarray(rows, np.int64).reshape(self.lengths)

    @cached_property
    def losses(self) -> Tensor:
        """The table in place of the super network's cross-entropy, one entry per network of the grid.

        The errors' spread is scaled to that of cross-entropies, 0.2 nats.
        """
        scaled = (self.errors - self.errors.mean()) / self.errors.std() * LOSS_SPREAD
        return torch.from_numpy(scaled)[torch.from_numpy(self.row_of)]

    def penalty(self, target: float, space_of_row: IntArray, shape: tuple[int, ...]) -> Tensor:
        """Return |log of the geometric mean cost over the target| of each space: the penalty form `centre`."""
        counts = np.bincount(space_of_row, minlength=int(np.prod(shape)))
        logs = np.bincount(space_of_row, np.log(self.members.costs / target), minlength=len(counts))
        far = np.abs(logs / np.maximum(counts, 1))
        far[counts == 0] = far.max()
        return torch.from_numpy(far.reshape(shape))


Method = Callable[[Problem, np.random.Generator], list[int]]


def front(problem: Problem, rng: np.random.Generator) -> list[int]:
    """The method of `netspace front`: one set of readings for all budgets, a predictor, all spaces judged."""
    known = explore(
        problem.members, problem.bands, lambda rows: problem.errors[rows], evaluations=problem.evaluations, rng=rng
    )
    return [known.choose(band)[0].space for band in problem.bands]


def model_alone(problem: Problem, rng: np.random.Generator) -> list[int]:
    """The same, but what is read of a network counts through the model alone, as if all of a residual were noise."""
    known = explore(
        problem.members,
        problem.bands,
        lambda rows: problem.errors[rows],
        evaluations=problem.evaluations,
        rng=rng,
        own_share=0.0,
    )
    return [known.choose(band)[0].space for band in problem.bands]


def mean_log_width(problem: Problem, rng: np.random.Generator) -> list[int]:
    """Nothing is read: the space whose members in band have the largest mean log width."""
    widths = np.log(problem.members.points[:, problem.members.grid.places("width")]).mean(1)
    found = []
    for band in problem.bands:
        rows = problem.members.rows(band)
        found.append(int(np.nanargmin(problem.members.judge_errors(-widths[rows], rows).error)))
    return found


def score(problem: Problem, rng: np.random.Generator) -> list[int]:
    """Θ moved by the search's own estimator `score`: 125 steps of 4 readings for each budget."""
    return [_mode(problem, "score", band, rng, single=False) for band in problem.bands]


def gumbel(problem: Problem, rng: np.random.Generator) -> list[int]:
    """Θ moved by the search's own estimator `gumbel`: 125 steps, each a mixture of one network per choice of ranges."""
    return [_mode(problem, "gumbel", band, rng, single=False) for band in problem.bands]


def single_network(problem: Problem, rng: np.random.Generator) -> list[int]:
    """A search for one network, as TAS does, by `score` over single values; the space that holds it."""
    return [_mode(problem, "score", band, rng, single=True) for band in problem.bands]


def _mode(problem: Problem, name: str, band: tuple[int, int], rng: np.random.Generator, *, single: bool) -> int:
    """Return the likeliest space after Θ was moved; where ranges are single values, the space around the network."""
    grid = problem.members.grid
    shape = problem.lengths if single else grid.shape
    # The table's axes in pairs stand for the depth and the width of a stage; an odd one out gets a width of 1.
    odd = len(shape) % 2 * (1,)
    axes = [GridAxis(1, n, ranges) for n, ranges in zip((*problem.lengths, *odd), (*shape, *odd), strict=True)]
    stages = tuple(StageGrid(depth, width) for depth, width in zip(axes[0::2], axes[1::2], strict=True))
    one: Literal[1] = 1
    space = SearchSpace("table", stages, strides=tuple(one for _ in stages))
    own = np.ravel_multi_index(tuple(problem.indices.T), shape) if single else problem.members.space.astype(np.int64)
    table = problem.penalty(np.sqrt(band[0] * band[1]), np.asarray(own), shape)
    settings = SearchSettings(draws=DRAWS, penalty=PENALTY, penalty_form="centre")
    estimator = GRADIENTS[name](space, TablePenalty(table.reshape(*shape, *odd)), settings)
    theta = SpaceDistribution((*shape, *odd))
    optimizer = torch.optim.Adam(theta.parameters(), lr=RATE, betas=(0.5, 0.999))

    def evaluate(choice: Architecture | Mixture) -> Tensor:
        return _looked_up(problem.losses, choice)

    for step in range(STEPS):
        loss, _ = estimator.loss(theta, evaluate, progress=step / STEPS, rng=rng)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    mode = np.array(theta.likeliest(1)[0][0][: len(shape)])
    if single:
        mode = np.array([axis.range_of_value[i] for axis, i in zip(grid.axes, mode, strict=True)])
    return int(np.ravel_multi_index(tuple(mode), grid.shape))


def _looked_up(losses: Tensor, choice: Architecture | Mixture) -> Tensor:
    """Return the loss of an architecture, or the mean of a mixture's losses under the product of its weights."""
    if isinstance(choice, Architecture):
        values = [v - 1 for stage in choice.stages for v in (stage.depth, stage.width)]
        return losses[tuple(values[: losses.ndim])]
    places = torch.meshgrid(*[values - 1 for values in choice.values[: losses.ndim]], indexing="ij")
    return contract(losses[places], [weights.double() for weights in choice.weights[: losses.ndim]])


def random_spaces(problem: Problem, rng: np.random.Generator) -> list[int]:
    """For each budget 50 random spaces with members in band, a fiftieth of the readings each; the best mean."""
    return [_best_of_random(problem, band, RANDOM_SPACES, rng) for band in problem.bands]


def one_random_space(problem: Problem, rng: np.random.Generator) -> list[int]:
    """For each budget one random space with members in band; nothing is read."""
    return [_best_of_random(problem, band, 1, rng) for band in problem.bands]


def _best_of_random(problem: Problem, band: tuple[int, int], n: int, rng: np.random.Generator) -> int:
    rows = problem.members.rows(band)
    spaces, errors = problem.members.space[rows], problem.errors[rows]
    drawn = rng.permutation(np.unique(spaces))[:n]
    each = max(problem.evaluations // n, 1)
    means = [errors[rng.permutation(np.flatnonzero(spaces == s))[:each]].mean() for s in drawn]
    return int(drawn[int(np.argmin(means))])


def uniform_widths(problem: Problem, rng: np.random.Generator) -> list[int]:
    """The space around the best network in band, or the nearest to it, whose widths are all at the same place."""
    spread = np.ptp(problem.indices / (np.array(problem.lengths) - 1), axis=1)
    return _around_best(problem, np.flatnonzero(spread <= spread.min() + 1e-9), rng)


def linear_widths(problem: Problem, rng: np.random.Generator) -> list[int]:
    """The space around the best network in band whose widths grow linearly from input to output, rounded to values."""
    length = np.array(problem.lengths) - 1
    ends = np.linspace(0, 1, len(length))
    found = set()
    for first in range(length[0] + 1):
        for last in range(length[-1] + 1):
            low, high = first / length[0], last / length[-1]
            if high >= low:
                found.add(tuple(np.rint((low + (high - low) * ends) * length).astype(int).tolist()))
    wanted = np.ravel_multi_index(tuple(np.array(sorted(found)).T), problem.lengths)
    return _around_best(problem, np.unique(problem.row_of.ravel()[wanted]), rng)


def _around_best(problem: Problem, family: IntArray, rng: np.random.Generator) -> list[int]:
    """Return, per budget, the space around the best of a family in band; without any, around the nearest in cost.

    Networks whose space has no member in band are passed over.
    """
    found = []
    for band in problem.bands:
        rows = problem.members.rows(band)
        able = family[np.isin(problem.members.space[family], problem.members.space[rows])]
        able = able if len(able) else family  # the budget will be missed, and that is said
        inside = rng.permutation(able[(able >= rows.start) & (able < rows.stop)])[: problem.evaluations]
        if len(inside):
            best = inside[int(np.argmin(problem.errors[inside]))]
        else:
            best = able[int(np.argmin(np.abs(np.log(problem.members.costs[able] / np.sqrt(band[0] * band[1])))))]
        found.append(int(problem.members.space[best]))
    return found


def nsga2(problem: Problem, rng: np.random.Generator) -> list[int]:
    """NSGA-II on (error, cost), one run for all budgets; per budget the ranges of the ten that are nearest in cost.

    Of the spaces with members in band it is the one whose ranges hold the most of the ten (the largest product over
    axes of the share, one half added to each count). Ranks by peeling Pareto fronts, crowding distance, uniform
    crossover, one step of mutation (Deb et al. 2002): a few lines over our own Pareto front need no further package.
    """
    size = min(POPULATION, problem.evaluations)
    population = rng.choice(len(problem.errors), size, replace=False)
    for _ in range(problem.evaluations // size - 1):
        both = np.unique(np.concatenate([population, _children(problem, population, rng)]))
        population = both[_survivors(problem.errors[both], np.log(problem.members.costs[both]))[:size]]
    grid, found = problem.members.grid, []
    choices = np.stack(np.unravel_index(problem.members.space[population], grid.shape), axis=1)
    for low, high in problem.bands:
        near = np.argsort(np.abs(np.log(problem.members.costs[population] / np.sqrt(low * high))), kind="stable")[:10]
        logs = [np.log(np.bincount(choices[near, i], minlength=n) + 0.5) for i, n in enumerate(grid.shape)]
        able = np.unique(problem.members.space[problem.members.rows((low, high))])
        fits = np.sum([log[c] for log, c in zip(logs, np.unravel_index(able, grid.shape), strict=True)], axis=0)
        found.append(int(able[int(np.argmax(fits))]))
    return found


def _children(problem: Problem, population: IntArray, rng: np.random.Generator) -> IntArray:
    order = _survivors(problem.errors[population], np.log(problem.members.costs[population]))
    place = np.argsort(order)
    contests = rng.integers(len(population), size=(2, 2, len(population)))
    mothers, fathers = (population[np.where(place[a] <= place[b], a, b)] for a, b in contests)
    a, b = problem.indices[mothers], problem.indices[fathers]
    child = np.where(rng.random(a.shape) < 0.5, a, b)
    steps = rng.choice([-1, 1], size=child.shape) * (rng.random(child.shape) < 1 / child.shape[1])
    child = np.clip(child + steps, 0, np.array(problem.lengths) - 1)
    return problem.row_of[tuple(child.T)]


def _survivors(errors: FloatArray, costs: FloatArray) -> IntArray:
    """Order by front, and inside a front by falling crowding distance."""
    left, order = np.arange(len(errors)), []
    while len(left):
        ahead = pareto_front(costs[left], errors[left])
        own = left[ahead]
        order.append(own[np.argsort(-_crowding(errors[own], costs[own]), kind="stable")])
        left = left[~ahead]
    return np.concatenate(order)


def _crowding(errors: FloatArray, costs: FloatArray) -> FloatArray:
    total = np.zeros(len(errors))
    for values in (errors, costs):
        order = np.argsort(values, kind="stable")
        gaps = np.full(len(values), np.inf)
        gaps[order[1:-1]] = (values[order[2:]] - values[order[:-2]]) / max(float(np.ptp(values)), 1e-12)
        total += gaps
    return total


METHODS: dict[str, Method] = {
    "front": front,
    "front (model alone)": model_alone,
    "mean log width (no reading)": mean_log_width,
    "random spaces, best of 50": random_spaces,
    "one random space": one_random_space,
    "uniform widths": uniform_widths,
    "linear widths": linear_widths,
    "NSGA-II population": nsga2,
    "score": score,
    "gumbel": gumbel,
    "single network (TAS-like)": single_network,
}
BLURRED: Sequence[str] = ("front", "score", "gumbel")
