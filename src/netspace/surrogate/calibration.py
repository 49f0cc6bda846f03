"""Which networks to train on their own, so that a model of error learns most: spread over costs and shapes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netspace.cost import CostModel, LogUniformDraws
from netspace.spaces import NetworkTemplate, SearchSpace
from netspace.spaces.ranges import IntArray

FloatArray = NDArray[np.float64]
POOL = 4096


def plan_calibration(search_space: SearchSpace, template: NetworkTemplate, n: int, *, seed: int) -> IntArray:
    """Return architectures far from each other, shape (n, axes); more of them begin with the same ones.

    Of 4 096 that are log-uniform in cost, the first is the one nearest to their middle, and each further one that whose
    nearest neighbour among those before is farthest, in log depths, widths, cost and narrowest width of unit spread
    (Kennard and Stone 1969). Fewer than n where the space has no more.
    """
    model = CostModel(template)
    rng = np.random.default_rng([seed, 23])
    pool = LogUniformDraws(model, search_space.full, rng=rng)
    points = np.unique(pool.draw(POOL, rng=rng), axis=0)
    # Not what the model of error sees: that may change, and trainings of before would no longer be the plan's first.
    widths = search_space.grid.places("width")
    narrowest = [points[:, widths].min(1)] if widths else []
    x = np.log(np.column_stack([points, model(points), *narrowest]))
    return points[farthest_first(x, n)]


def farthest_first(x: FloatArray, n: int) -> list[int]:
    """Return n rows, or all where they are fewer, far from each other in columns of unit spread.

    The first is the one nearest to the middle, each further one that whose nearest neighbour among those before is
    farthest (Kennard and Stone 1969).

    Args:
        x: shape (m, p).
        n: how many.
    """
    x = (x - x.mean(0)) / np.maximum(x.std(0), 1e-12)
    chosen = [int((x**2).sum(1).argmin())]
    distance = ((x - x[chosen[0]]) ** 2).sum(1)
    while len(chosen) < min(n, len(x)):
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, ((x - x[chosen[-1]]) ** 2).sum(1))
    return chosen
