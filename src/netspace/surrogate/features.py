"""What a model of error sees of a network: logs of its knobs, of its narrowest width and of its cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netspace.spaces.axes import Grid

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def log_features(grid: Grid, points: IntArray, costs: IntArray, *, score: FloatArray | None = None) -> FloatArray:
    """Return what a predictor sees of networks: log of every knob, log narrowest width, log cost, and any score.

    Args:
        grid: says which axes are widths; without any, there is no narrowest one.
        points: shape (n, axes).
        costs: shape (n,).
        score: of a super network, or what a model of it predicts; shape (n,).

    Returns:
        shape (n, axes + 1 to 3).
    """
    logs = np.log(points)
    columns = [logs, np.log(costs)[:, None]]
    widths = [i for i, axis in enumerate(grid.axes) if axis.knob == "width"]
    if widths:
        columns.append(logs[:, widths].min(1)[:, None])
    if score is not None:
        columns.append(score[:, None])
    return np.concatenate(columns, axis=1)
