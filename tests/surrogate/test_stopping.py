"""When scoring stops."""

from typing import Any

import numpy as np
import pytest

from netspace import CostModel
from netspace.runs import Readings
from netspace.spaces import SearchSpace
from netspace.surrogate import Saturation, stopping


def scores(search_space: SearchSpace, n: int) -> tuple[Readings, CostModel]:
    model, rng = CostModel(search_space.template(28, 1, 10)), np.random.default_rng(0)
    points = search_space.full.draw(n, rng=rng)
    return Readings(points, 1 - 0.03 * np.log(model(points)) + 0.01 * np.log(points[:, 1])), model


def test_a_relation_that_is_learnt_already_needs_no_more_scores(tiny: SearchSpace) -> None:
    known, model = scores(tiny, 150)
    assert Saturation(model, tiny).reached(known)


def test_the_first_hundred_scores_are_always_made(tiny: SearchSpace) -> None:
    known, model = scores(tiny, 124)
    assert not Saturation(model, tiny).reached(known)


def test_each_count_is_fitted_once_however_often_asked(tiny: SearchSpace, monkeypatch: pytest.MonkeyPatch) -> None:
    known, model = scores(tiny, 180)
    parts = [Readings(known.points[:n], known.values[:n]) for n in (75, 125, 125, 150, 180)]
    anew = [Saturation(model, tiny).reached(part) for part in parts]
    counts: list[int] = []
    rank = stopping.rank_predictors

    def counting(x: np.ndarray, *args: Any, **options: Any) -> Any:
        counts.append(len(x))
        return rank(x, *args, **options)

    monkeypatch.setattr(stopping, "rank_predictors", counting)
    asked = Saturation(model, tiny)
    assert [asked.reached(part) for part in parts] == anew
    assert counts == [75, 100, 125, 150, 175]
