"""The Pareto front of error against cost, and how far networks are from it.

Both are minimised. A point dominates another where it is at most as large in both and smaller in one; equal points
do not dominate each other, so ties on the front all belong to it. Dominance and hypervolume are moocore's.
"""

from __future__ import annotations

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def pareto_front(costs: ArrayLike, errors: ArrayLike) -> NDArray[np.bool_]:
    """Say which points no other point dominates: shape (n,)."""
    return np.asarray(moocore.is_nondominated(np.column_stack(_points(costs, errors)), keep_weakly=True), bool)


def hypervolume(costs: ArrayLike, errors: ArrayLike, reference: tuple[float, float]) -> float:
    """Return the area that the points dominate below a reference (cost, error); larger is better.

    Args:
        costs: shape (n,); use log costs for equal weight of each order of magnitude.
        errors: shape (n,).
        reference: points that are not below it in both count nothing.
    """
    return float(moocore.hypervolume(np.column_stack(_points(costs, errors)), ref=reference))


def distance_to_front(
    costs: ArrayLike, errors: ArrayLike, front_costs: ArrayLike, front_errors: ArrayLike
) -> FloatArray:
    """Return each network's error above the best of the front at no more than its cost: shape (n,).

    Negative where it beats the front; infinite where the front has nothing as cheap.
    """
    cost, error = _points(costs, errors)
    other, best = _points(front_costs, front_errors)
    order = np.argsort(other, kind="stable")
    running = np.concatenate([[-np.inf], np.minimum.accumulate(best[order])])
    return error - running[np.searchsorted(other[order], cost, side="right")]


def _points(costs: ArrayLike, errors: ArrayLike) -> tuple[FloatArray, FloatArray]:
    cost, error = np.asarray(costs, np.float64), np.asarray(errors, np.float64)
    if cost.ndim != 1 or cost.shape != error.shape:
        raise ValueError(f"give one cost per error, not {cost.shape} costs for {error.shape} errors")
    if not (np.isfinite(cost).all() and np.isfinite(error).all()):
        raise ValueError("costs and errors must be finite; leave out networks that failed")
    return cost, error
