"""What ranks networks without training them, or from a few trainings: the free rivals of any score.

Each proxy is an estimate of error up to a monotone map: smaller means better.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
FREE = ("flops", "mean log width", "narrowest width", "total depth")


def free_proxies(depths: ArrayLike, widths: ArrayLike, flops: ArrayLike) -> dict[str, FloatArray]:
    """Return the proxies that cost nothing, each of shape (n,), smaller being better.

    Args:
        depths: blocks per stage, shape (n, stages).
        widths: channels per stage, shape (n, stages).
        flops: multiply-adds, shape (n,).
    """
    depth, width = np.asarray(depths, np.float64), np.asarray(widths, np.float64)
    values = (np.asarray(flops, np.float64), np.log(width).mean(1), width.min(1), depth.sum(1))
    return {name: -value for name, value in zip(FREE, values, strict=True)}


def log_features(depths: ArrayLike, widths: ArrayLike, flops: ArrayLike) -> FloatArray:
    """Return log depths, log widths, log narrowest width and log FLOPs: shape (n, 2·stages + 2)."""
    depth, width = np.asarray(depths, np.float64), np.asarray(widths, np.float64)
    columns = (depth, width, width.min(1, keepdims=True), np.asarray(flops, np.float64)[:, None])
    return np.log(np.concatenate(columns, axis=1))


def ridge(features: FloatArray, errors: FloatArray, at: FloatArray, *, penalty: float = 1.0) -> FloatArray:
    """Fit errors by ridge regression on standardised features, and predict at others.

    Args:
        features: shape (n, k).
        errors: shape (n,).
        at: shape (m, k).
        penalty: of the squared coefficients of the standardised features.

    Returns:
        predicted errors, shape (m,).
    """
    mean, deviation = features.mean(0), features.std(0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    x, new = (features - mean) / deviation, (at - mean) / deviation
    solved = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ (errors - errors.mean()))
    return new @ solved + errors.mean()


def leave_one_out(features: FloatArray, errors: FloatArray, *, penalty: float = 1.0) -> FloatArray:
    """Predict each error by a ridge fitted to all others: shape (n,), n ≥ 3."""
    n = len(errors)
    if n < 3:
        raise ValueError(f"a fit that leaves one out needs three networks or more, not {n}")
    kept = ~np.eye(n, dtype=bool)
    predicted = [
        ridge(features[rows], errors[rows], features[i : i + 1], penalty=penalty) for i, rows in enumerate(kept)
    ]
    return np.concatenate(predicted)
