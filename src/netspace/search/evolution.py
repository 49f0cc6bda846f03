"""NSGA-II over a space's members in band: small error and small cost, and never a member out of band."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netspace.cost import Band, CostModel
from netspace.errors import NetspaceError
from netspace.spaces import NetworkSpace
from netspace.spaces.ranges import IntArray
from netspace.surrogate.grid import as_points, price

GENERATIONS = 4
Score = Callable[[IntArray, IntArray], NDArray[np.float64]]


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
        score: errors of depths and widths, each of shape (n, stages); it keeps what it has scored.
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
    axes = [axis for stage in space.stages for axis in (stage.depth, stage.width)]
    values = [axis.values for axis in axes]

    class InBand(Problem):  # type: ignore[misc]
        def _evaluate(self, x: NDArray[Any], out: dict[str, Any], *_: Any, **__: Any) -> None:
            depths, widths = _split(x)
            out["F"] = np.column_stack([score(depths, widths), model(depths, widths)])

    class IntoBand(Repair):  # type: ignore[misc]
        def _do(self, problem: Any, x: NDArray[Any], **_: Any) -> NDArray[Any]:
            return np.array([back_into_band(_nearest(row, values), values, band, model, rng=rng) for row in x])

    size = max(2, evaluations // GENERATIONS)
    first = as_points(*band.draw(min(size, band.size), rng=rng, replace=False))
    bounds = {"xl": np.array([v[0] for v in values], float), "xu": np.array([v[-1] for v in values], float)}
    algorithm = NSGA2(
        pop_size=size, sampling=first.astype(float), crossover=UX(), mutation=PM(eta=3), repair=IntoBand()
    )
    problem = InBand(n_var=len(axes), n_obj=2, **bounds)
    minimize(problem, algorithm, ("n_eval", evaluations), seed=int(rng.integers(2**31)))


def back_into_band(
    x: IntArray, values: list[IntArray], band: Band, model: CostModel, *, rng: np.random.Generator
) -> IntArray:
    """Return a member of the band that differs from x in one stage, or x itself where it is in band.

    Args:
        x: depth and width of each stage in turn, shape (2·stages,).
        values: what each of them may be.
        band: where to come back to.
        model: the cost.
        rng: source of randomness.
    """
    if band.low <= price(model, x[None])[0] <= band.high:
        return x
    for stage in rng.permutation(len(values) // 2):
        depths, widths = values[2 * stage : 2 * stage + 2]
        rows = np.tile(x, (len(depths) * len(widths), 1))
        rows[:, 2 * stage] = np.repeat(depths, len(widths))
        rows[:, 2 * stage + 1] = np.tile(widths, len(depths))
        costs = price(model, rows)
        inside = np.flatnonzero((costs >= band.low) & (costs <= band.high))
        if len(inside):
            return rows[rng.choice(inside)]
    return as_points(*band.draw(1, rng=rng))[0]


def _nearest(row: NDArray[Any], values: list[IntArray]) -> IntArray:
    return np.array([v[np.abs(v - x).argmin()] for x, v in zip(row, values, strict=True)], np.int64)


def _split(x: NDArray[Any]) -> tuple[IntArray, IntArray]:
    whole = np.asarray(x, np.float64).round().astype(np.int64)
    return whole[:, 0::2], whole[:, 1::2]
