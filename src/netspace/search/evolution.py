"""NSGA-II over a space's members in band: small error and small cost, and never a member out of band."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netspace.cost import Band, CostModel
from netspace.errors import NetspaceError
from netspace.spaces import NetworkSpace, Points
from netspace.spaces.ranges import IntArray

GENERATIONS = 4
Score = Callable[[Points], NDArray[np.float64]]


def evolve(
    band: Band, space: NetworkSpace, model: CostModel, *, score: Score, evaluations: int, rng: np.random.Generator
) -> None:
    """Breed members of a band by NSGA-II (Deb et al. 2002), scoring each new one.

    A child that falls out of the band gets one stage redrawn among the values that bring it back; if no stage can,
    it is replaced by a uniform draw from the band.

    Args:
        band: whose members may be scored.
        space: whose members they are.
        model: their cost.
        score: errors of networks, shape (n, axes); it keeps what it has scored.
        evaluations: members to score, at most.
        rng: source of randomness.

    Raises:
        NetspaceError: where pymoo is not installed.
    """
    try:
        from pymoo.algorithms.moo.nsga2 import NSGA2
        from pymoo.core.problem import Problem
        from pymoo.core.repair import Repair
        from pymoo.operators.crossover.ux import UX
        from pymoo.operators.mutation.pm import PM
        from pymoo.optimize import minimize
    except ImportError:
        raise NetspaceError("method 'evolution' needs pymoo: pip install 'netspace[evolution]'") from None
    values = [axis.values for axis in space.axes]
    stages = [[space.layout.column(i, knob) for knob in space.layout.each] for i in range(space.layout.stages)]

    class InBand(Problem):  # type: ignore[misc]
        def _evaluate(self, x: NDArray[Any], out: dict[str, Any], *_: Any, **__: Any) -> None:
            points = _whole(x)
            out["F"] = np.column_stack([score(points), model(points)])

    class IntoBand(Repair):  # type: ignore[misc]
        def _do(self, problem: Any, x: NDArray[Any], **_: Any) -> NDArray[Any]:
            return np.array([back_into_band(_nearest(row, values), values, stages, band, rng=rng) for row in x])

    size = max(2, evaluations // GENERATIONS)
    first = band.draw(min(size, band.size), rng=rng, replace=False)
    bounds = {"xl": np.array([v[0] for v in values], float), "xu": np.array([v[-1] for v in values], float)}
    algorithm = NSGA2(
        pop_size=size, sampling=first.astype(float), crossover=UX(), mutation=PM(eta=3), repair=IntoBand()
    )
    problem = InBand(n_var=len(values), n_obj=2, **bounds)
    minimize(problem, algorithm, ("n_eval", evaluations), seed=int(rng.integers(2**31)))


def back_into_band(
    x: IntArray,
    values: list[IntArray],
    stages: list[list[int]],
    band: Band,
    *,
    rng: np.random.Generator,
) -> IntArray:
    """Return a member of the band that differs from x in one stage, or x itself where it is in band.

    Args:
        x: one value per axis, shape (axes,).
        values: what each of them may be.
        stages: the columns of each stage.
        band: where to come back to.
        rng: source of randomness.
    """
    if band.holds(x[None])[0]:
        return x
    for stage in rng.permutation(len(stages)):
        columns = stages[stage]
        choices = np.meshgrid(*(values[c] for c in columns), indexing="ij")
        rows = np.tile(x, (choices[0].size, 1))
        for column, chosen in zip(columns, choices, strict=True):
            rows[:, column] = chosen.ravel()
        inside = np.flatnonzero(band.holds(rows))
        if len(inside):
            return rows[rng.choice(inside)]
    return band.draw(1, rng=rng)[0]


def _nearest(row: NDArray[Any], values: list[IntArray]) -> IntArray:
    return np.array([v[np.abs(v - x).argmin()] for x, v in zip(row, values, strict=True)], np.int64)


def _whole(x: NDArray[Any]) -> Points:
    return np.asarray(x, np.float64).round().astype(np.int64)
