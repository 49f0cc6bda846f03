"""Gradient-boosted trees of depth 3 as plain numbers: grown by scikit-learn, asked and kept without it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netspace.surrogate.groups import group_average

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TREES, RATE = 100, 0.1
REFITS = 12
DEPTH = 3
INNER, LEAVES = 2**DEPTH - 1, 2**DEPTH


def grow_trees(x: FloatArray, y: FloatArray, seed: int) -> FloatArray:
    """Grow boosted trees on half of the rows each.

    Args:
        x: features, shape (n, p).
        y: errors, shape (n,).
        seed: of the rows drawn.

    Returns:
        one row per tree, shape (trees, 22): the features and the thresholds of its 7 inner nodes, level by level, then
        what its 8 leaves add.
    """
    from sklearn.ensemble import GradientBoostingRegressor

    settings = {"n_estimators": TREES, "max_depth": DEPTH, "learning_rate": RATE, "subsample": 0.5}
    grown = GradientBoostingRegressor(**settings, random_state=seed % 2**31).fit(x, y)
    trees = np.stack([_as_row(one.tree_) for (one,) in grown.estimators_])
    trees[0, 2 * INNER :] += float(np.ravel(grown.init_.constant_)[0])
    return trees


def predict_trees(trees: FloatArray, x: FloatArray) -> FloatArray:
    """Return what grown trees predict at features x (m, p): shape (m,), to the last bit what scikit-learn says."""
    columns = np.ascontiguousarray(x.T.astype(np.float32).astype(np.float64))
    total = np.zeros(len(x))
    for tree in trees:
        features = tree[:INNER].astype(np.int64)
        right = [columns[f] > t for f, t in zip(features, tree[INNER : 2 * INNER], strict=True)]
        second = np.where(right[0], right[2], right[1])
        third = np.where(right[0], np.where(second, right[6], right[5]), np.where(second, right[4], right[3]))
        total += tree[2 * INNER :][4 * right[0] + 2 * second + third]
    return total


def _as_row(tree: Any) -> FloatArray:
    """Lay out a tree with every node of its three levels; below an early leaf all goes left."""
    row = np.zeros(2 * INNER + LEAVES)
    row[INNER : 2 * INNER] = np.inf
    places = [(0, 0)]
    for node, place in places:
        if tree.children_left[node] >= 0:
            row[place], row[INNER + place] = tree.feature[node], tree.threshold[node]
            places += [(tree.children_left[node], 2 * place + 1), (tree.children_right[node], 2 * place + 2)]
            continue
        while place < INNER:
            place = 2 * place + 1
        row[INNER + place] = RATE * tree.value[node, 0, 0]
    return row


@dataclass(frozen=True)
class Trees:
    """Gradient-boosted trees of depth 3; what they do not know is the spread of refits to resampled rows.

    They are grown when they are first asked for.

    Args:
        x: features, shape (n, p).
        y: errors, shape (n,).
        seed: of the rows drawn.
        grown: `every` of an earlier fit to the same rows; None grows them.
    """

    x: FloatArray
    y: FloatArray
    seed: int
    grown: FloatArray | None = None

    @cached_property
    def residual(self) -> float:
        """See predictors.Predictor; from five-fold cross-validation."""
        rows, rng = np.arange(len(self.y)), np.random.default_rng([self.seed, 1])
        squares = []
        for fold in np.array_split(rng.permutation(rows), 5):
            left_out = predict_trees(self._grow(np.setdiff1d(rows, fold), self.seed), self.x[fold])
            squares.append((left_out - self.y[fold]) ** 2)
        return float(np.sqrt(np.mean(np.concatenate(squares))))

    def predict(self, x: FloatArray) -> FloatArray:
        """See predictors.Predictor."""
        return predict_trees(self._model, x)

    def group_means(self, x: FloatArray, group: IntArray, groups: int) -> tuple[FloatArray, FloatArray]:
        """See predictors.Predictor."""
        drawn = np.stack([group_average(predict_trees(one, x), group, groups) for one in self.every[1:]])
        spread = drawn - drawn.mean(0)
        return group_average(self.predict(x), group, groups), spread.T @ spread / (len(drawn) - 1)

    @cached_property
    def every(self) -> FloatArray:
        """The model and its refits as `grow_trees` gives them, shape (1 + refits, trees, 22)."""
        if self.grown is not None:
            return self.grown
        rng, n = np.random.default_rng([self.seed, 2]), len(self.y)
        return np.stack([self._model, *(self._grow(rng.integers(n, size=n), self.seed + k) for k in range(REFITS))])

    @cached_property
    def _model(self) -> FloatArray:
        return self._grow(np.arange(len(self.y)), self.seed) if self.grown is None else self.grown[0]

    def _grow(self, rows: IntArray, seed: int) -> FloatArray:
        return grow_trees(self.x[rows], self.y[rows], seed)


def fit_trees(x: FloatArray, y: FloatArray, *, rng: np.random.Generator, like: Any = None) -> Trees:
    """Fit boosted trees; their settings are fixed, so `like` says nothing."""
    return Trees(x, y, int(rng.integers(2**31)))
