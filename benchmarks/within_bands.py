"""Kendall's τ among networks that could satisfy one budget, of scores that nothing was fitted to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netspace.surrogate.validation import BAND_RATIO, near_pairs, pair_signs

FloatArray = NDArray[np.float64]


def kendall_within(score: FloatArray, truth: FloatArray, costs: FloatArray, ratio: float = BAND_RATIO) -> float:
    """Return Kendall's τ_a over the pairs with costs within a ratio: (right − wrong) / pairs; NaN without pairs."""
    near = near_pairs(costs, ratio)
    return float(pair_signs(score, truth, near).sum() / near.sum()) if near.any() else float("nan")
