"""Which networks to train on their own, so that a model of error learns most: spread over costs and shapes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from netspace.cost import Budget, CostModel, LogUniformDraws
from netspace.spaces import NetworkTemplate, SearchSpace
from netspace.spaces.ranges import IntArray

FloatArray = NDArray[np.float64]
POOL = 4096
NEAR = 2.0


def plan_calibration(
    search_space: SearchSpace,
    template: NetworkTemplate,
    n: int,
    *,
    seed: int,
    budgets: Sequence[Budget] = (),
    begun: IntArray | None = None,
) -> IntArray:
    """Return architectures far from each other, shape (n, axes); more of them begin with the same ones.

    Of 4 096 that are log-uniform in cost, the first is the one nearest to their middle, and each further one that whose
    nearest neighbour among those before is farthest, in log depths, widths, cost and narrowest width of unit spread
    (Kennard and Stone 1969). Fewer than n where the space has no more.

    Args:
        search_space: what they are drawn from.
        template: of all of them.
        n: how many.
        seed: of the pool.
        budgets: networks that cost half to twice one of these come first: a training takes as long as its network is
            large, and how others rank says little of these. None are everywhere.
        begun: those that a plan has begun with, shape (m, axes); the others are far from these too.
    """
    model = CostModel(template)
    rng = np.random.default_rng([seed, 23])
    pool = LogUniformDraws(model, search_space.full, rng=rng)
    points = np.unique(pool.draw(POOL, rng=rng), axis=0)
    shares = [CostModel(template, budget.kind)(points) / budget.target for budget in budgets]
    near = np.any([(s >= 1 / NEAR) & (s <= NEAR) for s in shares], axis=0) if shares else np.ones(len(points), bool)
    # Not what the model of error sees: that may change, and trainings of before would no longer be the plan's first.
    widths = search_space.grid.places("width")

    def x(points: IntArray) -> FloatArray:
        narrowest = [points[:, widths].min(1)] if widths else []
        return np.log(np.column_stack([points, model(points), *narrowest]))

    plan = points[:0] if begun is None else begun
    for more in (points[near], points[~near]):
        if len(plan) < n and len(more):
            known = (more[:, None] == plan[None]).all(2).any(1)
            together = np.concatenate([plan, more[~known]])
            plan = together[farthest_first(x(together), n, begun=len(plan))]
    return plan[:n]


def farthest_first(x: FloatArray, n: int, *, begun: int = 0) -> list[int]:
    """Return n rows, or all where they are fewer, far from each other in columns of unit spread.

    The first is the one nearest to the middle, each further one that whose nearest neighbour among those before is
    farthest (Kennard and Stone 1969).

    Args:
        x: shape (m, p).
        n: how many.
        begun: so many rows are taken before all others, as they come.
    """
    x = (x - x.mean(0)) / np.maximum(x.std(0), 1e-12)
    chosen = [*range(begun)] or [int((x**2).sum(1).argmin())]
    distance = np.min([((x - x[i]) ** 2).sum(1) for i in chosen], axis=0)
    while len(chosen) < min(n, len(x)):
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, ((x - x[chosen[-1]]) ** 2).sum(1))
    return chosen
