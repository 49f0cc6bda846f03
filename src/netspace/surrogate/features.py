"""What a model of error sees of a network: logs of every knob, of its cost, and a few summaries of its shape.

The summaries are what a dozen readings can tell apart: how deep it is in all, how wide its stages are on average, and
how narrow the narrow ones. Each is a feature beside the knobs themselves; where readings are few the model leans on
them, since they pull together what single knobs say.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netspace.spaces.axes import Grid

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def model_features(grid: Grid, points: IntArray, costs: IntArray, *, score: FloatArray | None = None) -> FloatArray:
    """Return what a predictor sees of networks.

    Args:
        grid: says which knob an axis is.
        points: shape (n, axes).
        costs: shape (n,).
        score: of a super network, or what a model of it predicts; shape (n,).

    Returns:
        shape (n, p): log of every knob, log cost, then of each knob with several axes a summary over the stages (depth:
        log of the sum; width: mean log, and log of the harmonic mean; others: mean log), and any score.
    """
    logs = np.log(points)
    columns = [logs, np.log(costs)[:, None], *_summaries(grid, points, logs)]
    if score is not None:
        columns.append(score[:, None])
    return np.concatenate(columns, axis=1)


def mean_log_width(grid: Grid, points: IntArray) -> FloatArray | None:
    """Return the mean log width over the stages, shape (n,): what ranks networks of one cost without any reading.

    None where no axis is a width.
    """
    widths = grid.places("width")
    return np.asarray(np.log(points[:, widths]).mean(1)) if widths else None


def _summaries(grid: Grid, points: IntArray, logs: FloatArray) -> list[FloatArray]:
    found = []
    for knob in dict.fromkeys(axis.knob for axis in grid.axes):
        own = grid.places(knob)
        if len(own) == 1:
            continue
        if knob == "depth":
            found.append(np.log(points[:, own].sum(1, keepdims=True)))
            continue
        found.append(logs[:, own].mean(1, keepdims=True))
        if knob == "width":
            found.append(-np.log((1 / points[:, own]).mean(1, keepdims=True)))
    return found
