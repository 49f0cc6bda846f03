"""The model of latency: a weight of at least 0 for each amount of work, fitted to relative errors.

Every row, a block or a whole network, is a sum of works, so that one linear model serves both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.stats import kendalltau

from netspace.cost.device_profile import ProfileError
from netspace.cost.work import NAMES, Work

FloatArray = NDArray[np.float64]
HEAVIER = (1.0, 3.0, 10.0)  # how much more a whole network counts than a block
FOLDS = 8


def fit_weights(
    blocks: Sequence[Work], block_times: Sequence[float], networks: Sequence[Work], network_times: Sequence[float]
) -> dict[str, float]:
    """Fit a weight for each kind of work.

    Minimises the sum of squared relative errors, weights at least 0. How much a whole network counts beside a block is
    chosen by cross-validation over the networks.

    Args:
        blocks: works of blocks.
        block_times: nanoseconds.
        networks: works of whole networks; there may be none.
        network_times: nanoseconds.

    Returns:
        nanoseconds of each unit of work, by name; those of weight 0 are left out.
    """
    works = _matrix([*blocks, *networks])
    times = np.array([*block_times, *network_times], np.float64)
    whole = np.arange(len(times)) >= len(blocks)
    heavier = HEAVIER[0]
    if len(networks) >= FOLDS and len(blocks):
        heavier = min(HEAVIER, key=lambda one: float(np.median(left_out_errors(works, times, whole, one))))
    weights = _solve(works, times, np.where(whole, heavier, 1.0))
    return {name: float(f"{w:.6g}") for name, w in zip(NAMES, weights, strict=True) if w > 0}


def left_out_errors(works: FloatArray, times: FloatArray, whole: NDArray[np.bool_], heavier: float) -> FloatArray:
    """Return the relative error on each whole network, predicted from all rows but those of its fold."""
    return np.abs(_left_out(works, times, whole, heavier) / times[whole] - 1)


def cross_validated(networks: Sequence[Work], times: Sequence[float]) -> ProfileError:
    """Return the error on whole networks, each predicted by a model of those of other folds."""
    works, measured = _matrix(networks), np.array(times, np.float64)
    return error_of(_left_out(works, measured, np.ones(len(times), bool), 1.0), measured)


def error_of(predicted: FloatArray, measured: FloatArray) -> ProfileError:
    """Say how far predictions lie from measurements: both of shape (n,), nanoseconds."""
    errors = np.abs(predicted / measured - 1)
    tau = float(kendalltau(predicted, measured).statistic)
    median, p90 = (float(f"{q:.4g}") for q in np.quantile(errors, (0.5, 0.9)))
    return ProfileError(len(errors), median, p90, None if np.isnan(tau) else float(f"{tau:.4g}"))


def predicted(weights: Mapping[str, float], works: Sequence[Work]) -> FloatArray:
    """Return what a model says of works: shape (n,), nanoseconds."""
    found: FloatArray = _matrix(works) @ np.array([weights.get(name, 0.0) for name in NAMES])
    return found


def _left_out(works: FloatArray, times: FloatArray, whole: NDArray[np.bool_], heavier: float) -> FloatArray:
    places = np.flatnonzero(whole)
    found = np.empty(len(places))
    for fold in range(FOLDS):
        out = np.arange(len(places)) % FOLDS == fold
        kept = np.ones(len(times), bool)
        kept[places[out]] = False
        found[out] = works[places[out]] @ _solve(works[kept], times[kept], np.where(whole, heavier, 1.0)[kept])
    return found


def _solve(works: FloatArray, times: FloatArray, importance: FloatArray) -> FloatArray:
    rows = works * (importance / times)[:, None]
    scale = np.maximum(rows.max(0), 1e-300)  # columns of like size, or the solver stops early
    weights, _ = nnls(rows / scale, importance)
    found: FloatArray = weights / scale
    return np.where(rows.any(0), found, 0.0)


def _matrix(works: Sequence[Work]) -> FloatArray:
    return np.array([[float(work.get(name, 0)) for name in NAMES] for work in works])
