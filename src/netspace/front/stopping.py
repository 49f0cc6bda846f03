"""When more scores teach a predictor nothing more."""

from __future__ import annotations

import numpy as np

from netspace.analysis.axes import log_features
from netspace.analysis.validation import rank_predictors
from netspace.cost import CostModel
from netspace.front.grid import axis_grid, price
from netspace.front.scores import Scores
from netspace.spaces import SearchSpace

CHECK = 25
FIRST = 75
RISE = 0.01
PATIENCE = 2


def saturated(scores: Scores, model: CostModel, search_space: SearchSpace) -> bool:
    """Say whether a predictor's cross-validated τ within bands has stopped rising.

    Ridges are compared on the first 75, 100, 125, … scores; they are saturated where neither of the last two counts
    brought 0.01 more than the best before them.

    Args:
        scores: in the order in which they were made.
        model: of the cost.
        search_space: what they were drawn from.
    """
    if len(scores.values) < FIRST + PATIENCE * CHECK:
        return False
    grid, costs = axis_grid(search_space), price(model, scores.points)
    x = log_features(grid, scores.points, costs)
    taus = []
    for n in range(FIRST, len(scores.values) + 1, CHECK):
        rng = np.random.default_rng(0)
        names = ("linear", "quadratic")
        ranked = rank_predictors(x[:n], scores.values[:n], costs[:n].astype(np.float64), rng=rng, names=names)
        taus.append(ranked[0].decisive)
    return max(taus[-PATIENCE:]) < max(taus[:-PATIENCE]) + RISE
