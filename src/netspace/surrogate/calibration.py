"""Which networks to train on their own, so that a model of error learns most: spread over costs and shapes."""

from __future__ import annotations

import numpy as np

from netspace.cost import CostModel, LogUniformDraws
from netspace.spaces import NetworkTemplate, SearchSpace
from netspace.spaces.ranges import IntArray

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
    x = np.log(np.column_stack([points, model(points), *_narrowest(search_space, points)]))
    x = (x - x.mean(0)) / np.maximum(x.std(0), 1e-12)
    chosen = [int((x**2).sum(1).argmin())]
    distance = ((x - x[chosen[0]]) ** 2).sum(1)
    while len(chosen) < min(n, len(points)):
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, ((x - x[chosen[-1]]) ** 2).sum(1))
    return points[chosen]


def _narrowest(search_space: SearchSpace, points: IntArray) -> list[IntArray]:
    widths = [i for i, axis in enumerate(search_space.grid.axes) if axis.knob == "width"]
    return [points[:, widths].min(1)] if widths else []
