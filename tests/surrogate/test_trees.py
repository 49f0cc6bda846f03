"""Boosted trees as plain numbers say what scikit-learn says."""

import numpy as np
import pytest

from netspace.surrogate.trees import grow_trees, predict_trees


@pytest.mark.parametrize("rows", [3, 10, 200])
def test_trees_predict_to_the_last_bit_what_the_library_predicts(rows: int, rng: np.random.Generator) -> None:
    from sklearn.ensemble import GradientBoostingRegressor

    x = np.concatenate([rng.normal(size=(rows, 3)), np.log(rng.integers(1, 5, size=(rows, 2)))], axis=1)
    y = 0.5 + 0.1 * x[:, 0] + 0.02 * rng.normal(size=rows)
    library = GradientBoostingRegressor(n_estimators=100, max_depth=3, learning_rate=0.1, subsample=0.5, random_state=7)
    library.fit(x, y)
    trees = grow_trees(x, y, 7)
    assert trees.shape == (100, 22)
    thresholds = np.repeat(np.concatenate([t.tree_.threshold for (t,) in library.estimators_])[:, None], 5, axis=1)
    asked = np.concatenate([x, rng.normal(size=(500, 5)), thresholds, np.nextafter(thresholds, np.inf)])
    np.testing.assert_array_equal(predict_trees(trees, asked), library.predict(asked))


def test_no_rows_have_no_predictions(rng: np.random.Generator) -> None:
    trees = grow_trees(rng.normal(size=(20, 2)), rng.normal(size=20), 0)
    assert predict_trees(trees, np.empty((0, 2))).shape == (0,)
