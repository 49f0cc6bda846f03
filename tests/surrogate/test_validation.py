"""Comparing models within bands of cost."""

from dataclasses import dataclass

import numpy as np
import pytest

from netspace.errors import NetspaceError
from netspace.surrogate.predictors import FITS
from netspace.surrogate.validation import (
    fit_best,
    left_out_predictions,
    levelled,
    rank_predicted,
    rank_predictors,
)


def test_only_pairs_of_like_cost_count(rng: np.random.Generator) -> None:
    costs = np.array([100.0, 110.0, 1000.0, 1200.0])
    truth = np.array([4.0, 3.0, 2.0, 1.0])
    # Right between the bands, wrong inside both.
    ranked = rank_predicted("", np.array([3.0, 4.0, 1.0, 2.0]), truth, costs, rng=rng)
    assert (ranked.within.value, ranked.pairs) == (-1.0, 2)
    assert ranked.overall == pytest.approx(1 / 3)
    assert rank_predicted("", truth, truth, costs, rng=rng).within.value == 1.0
    alone = rank_predicted("", truth, truth, np.array([1.0, 10.0, 100.0, 1000.0]), rng=rng)
    assert np.isnan(alone.within.value)


def networks(n: int, rng: np.random.Generator, effect: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Errors that fall with cost and, inside a band, follow a quadratic of a shape feature times `effect`."""
    shape, log_cost = rng.normal(size=n), rng.uniform(0, 2, size=n)
    return np.column_stack([shape, log_cost]), -3 * log_cost + effect * (shape - 0.5) ** 2, np.exp(log_cost)


@dataclass(frozen=True)
class Constant:
    """A model that has learnt nothing."""

    level: float
    residual: float = 1.0

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.full(len(x), self.level)


def test_of_several_models_the_one_that_ranks_best_is_taken_and_beats_flops(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y, costs = networks(60, rng, 2.0)
    monkeypatch.setitem(FITS, "constant", lambda x, y, rng, like=None: Constant(float(y.mean())))
    predictor, ranked = fit_best(
        x, y + 0.1 * rng.normal(size=60), costs, rng=rng, names=("constant", "gaussian process")
    )
    assert [r.name for r in ranked] == ["gaussian process", "constant"]
    assert ranked[0].within.value > 0.8
    assert ranked[0].beats_flops
    assert predictor.predict(x).shape == (60,)


def test_a_predictor_without_anything_to_learn_but_size_does_not_beat_flops(rng: np.random.Generator) -> None:
    x, y, costs = networks(80, rng, 0.0)
    ranked = rank_predictors(x, y + 0.3 * rng.normal(size=80), costs, rng=rng)
    assert ranked[0].overall > 0.8
    assert not ranked[0].beats_flops


def test_no_network_is_predicted_from_itself(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    y[3] = 50.0
    assert abs(left_out_predictions("gaussian process", x, y, rng=rng)[3]) < 25


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((5, 1)), np.arange(5.0), "5 networks are too few to fit a predictor to; give 6 or more"),
        (np.zeros((9, 1)), np.array([np.nan] * 9), "not finite"),
    ],
)
def test_rows_that_cannot_be_fitted_are_refused(x: np.ndarray, y: np.ndarray, message: str) -> None:
    with pytest.raises(NetspaceError, match=message):
        rank_predictors(x, y, np.ones(len(y)), rng=np.random.default_rng(0))


def test_equal_errors_are_no_fault_and_rank_nothing(rng: np.random.Generator) -> None:
    x, costs = rng.normal(size=(20, 2)), rng.uniform(1, 1.2, 20)
    predictor, (ranked,) = fit_best(x, np.full(20, 0.1), costs, rng=rng)
    assert np.ptp(predictor.predict(x)) < 1e-12
    assert (ranked.overall, ranked.within.value, ranked.beats_flops) == (0, 0, False)
    assert all(r.within.value == 0 for r in rank_predictors(x, np.zeros(20), costs, rng=rng))


@pytest.mark.parametrize(
    ("errors", "flat"),
    [
        ([0.0] * 9, True),
        ([0.0] * 93 + [0.005] * 7, True),
        ([0.0] * 92 + [0.005] * 8, False),
        ([0.0] * 5 + [0.005] * 5, False),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], False),
        ([], False),
    ],
)
def test_errors_are_levelled_only_where_nearly_all_are_one_value(errors: list[float], flat: bool) -> None:
    y = np.array(errors)
    found = levelled(y)
    assert np.array_equal(found, np.full(len(y), y.mean()) if flat else y)
