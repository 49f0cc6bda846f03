"""Means over groups of rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def group_average(values: FloatArray, group: IntArray, groups: int) -> FloatArray:
    """Return the mean of rows (m, …) over each group: shape (groups, …)."""
    counts = np.bincount(group, minlength=groups).astype(np.float64)
    order = np.argsort(group, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    sums = np.add.reduceat(values[order], starts, axis=0)
    return sums / counts.reshape(-1, *([1] * (values.ndim - 1)))
