"""The Pareto front of error against cost, and how far networks are from it.

Both are minimised. A point dominates another where it is at most as large in both and smaller in one; equal points
do not dominate each other, so ties on the front all belong to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def pareto_front(costs: ArrayLike, errors: ArrayLike) -> NDArray[np.bool_]:
    """Say which points no other point dominates: shape (n,)."""
    cost, error = _points(costs, errors)
    order = np.lexsort((error, cost))
    best_before = np.inf
    kept = np.zeros(len(cost), bool)
    start = 0
    while start < len(order):
        stop = start + int(np.searchsorted(cost[order[start:]], cost[order[start]], side="right"))
        group = order[start:stop]
        least = error[group].min()
        if least < best_before:
            kept[group[error[group] == least]] = True
            best_before = least
        start = stop
    return kept


def hypervolume(costs: ArrayLike, errors: ArrayLike, reference: tuple[float, float]) -> float:
    """Return the area that the points dominate below a reference (cost, error); larger is better.

    Args:
        costs: shape (n,); use log costs for equal weight of each order of magnitude.
        errors: shape (n,).
        reference: points that are not below it in both count nothing.
    """
    cost, error = _points(costs, errors)
    inside = (cost < reference[0]) & (error < reference[1])
    cost, error = cost[inside], error[inside]
    if not len(cost):
        return 0.0
    front = pareto_front(cost, error)
    cost, place = np.unique(cost[front], return_index=True)
    error = error[front][place]
    widths = np.diff(np.append(cost, reference[0]))
    return float((widths * (reference[1] - error)).sum())


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
