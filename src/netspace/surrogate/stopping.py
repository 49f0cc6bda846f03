"""When more scores teach a predictor nothing more."""

from __future__ import annotations

import numpy as np

from netspace.cost import CostModel
from netspace.runs import Readings
from netspace.spaces import SearchSpace
from netspace.surrogate.features import model_features
from netspace.surrogate.validation import rank_predictors

CHECK = 25
FIRST = 75
RISE = 0.01
PATIENCE = 2


class Saturation:
    """Whether a predictor's cross-validated τ within bands has stopped rising, asked again and again as scores come.

    The model is tried on the first 75, 100, 125, … scores, once each; they are saturated where neither of the last two
    counts brought 0.01 more than the best before them.

    Args:
        model: of the cost.
        search_space: what scores are drawn from.
    """

    def __init__(self, model: CostModel, search_space: SearchSpace) -> None:
        self._model, self._grid = model, search_space.grid
        self._taus: list[float] = []

    def reached(self, scores: Readings) -> bool:
        """Say whether more scores would teach nothing; always False below 125.

        Args:
            scores: in the order in which they were made, those of the call before first.
        """
        if len(scores.values) < FIRST + PATIENCE * CHECK:
            return False
        costs = self._model(scores.points)
        x = model_features(self._grid, scores.points, costs)
        for n in range(FIRST + len(self._taus) * CHECK, len(scores.values) + 1, CHECK):
            rng = np.random.default_rng(0)
            ranked = rank_predictors(x[:n], scores.values[:n], costs[:n].astype(np.float64), rng=rng)
            self._taus.append(ranked[0].decisive)
        return max(self._taus[-PATIENCE:]) < max(self._taus[:-PATIENCE]) + RISE
