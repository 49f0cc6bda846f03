"""When scoring stops."""

import numpy as np

from netspace import CostModel
from netspace.front import Scores, saturated
from netspace.front.grid import as_points, price
from netspace.spaces import SearchSpace


def scores(search_space: SearchSpace, n: int) -> tuple[Scores, CostModel]:
    model, rng = CostModel(search_space.template(28, 1, 10)), np.random.default_rng(0)
    points = as_points(*search_space.full.draw(n, rng=rng))
    return Scores(points, 1 - 0.03 * np.log(price(model, points)) + 0.01 * np.log(points[:, 1])), model


def test_a_relation_that_is_learnt_already_needs_no_more_scores(tiny: SearchSpace) -> None:
    known, model = scores(tiny, 150)
    assert saturated(known, model, tiny)


def test_the_first_hundred_scores_are_always_made(tiny: SearchSpace) -> None:
    known, model = scores(tiny, 124)
    assert not saturated(known, model, tiny)
