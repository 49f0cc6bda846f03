"""A search space as a grid of axes."""

import numpy as np

from netspace import Budget, CostModel, SpaceCosts, cost
from netspace.cost import COST_KINDS
from netspace.spaces import SearchSpace
from netspace.surrogate.grid import members, network_space
from netspace.surrogate.judging import EnumeratedMembers
from netspace.surrogate.sampled import SampledMembers


def test_spaces_have_the_numbers_and_members_of_the_search_space(tiny: SearchSpace) -> None:
    grid = tiny.grid
    assert (grid.shape, grid.num_spaces, grid.num_members) == (tiny.shape, 64, tiny.full.size)
    points, own = grid.enumerate(), grid.locate(grid.enumerate())
    for number in (0, 7, 63):
        listed = network_space(tiny, number).enumerate()
        assert sorted(points[own == number].tolist()) == sorted(listed.tolist())


def test_points_cost_what_the_cost_model_says(tiny: SearchSpace) -> None:
    model = CostModel(tiny.template(28, 1, 10))
    points = tiny.full.enumerate()[::37]
    each = [cost(one, model.template).flops for one in model.template.architectures(points)]
    np.testing.assert_array_equal(model(points), each)


def test_all_architectures_priced_together_cost_what_each_costs(tiny: SearchSpace, mixed: SearchSpace) -> None:
    for space in (tiny, mixed):
        for kind in COST_KINDS:
            model, grid = CostModel(space.template(28, 1, 10), kind), space.grid
            np.testing.assert_array_equal(
                model.product([axis.values for axis in grid.axes]).ravel(), model(grid.enumerate())
            )


def test_hit_rates_of_all_spaces_are_those_of_the_exact_count(tiny: SearchSpace) -> None:
    model, band = CostModel(tiny.template(28, 1, 10)), Budget.parse("2M").interval
    (judged,) = members(tiny, model).judge(lambda points, costs: np.zeros(len(costs)), [band])
    counted = [SpaceCosts(model, network_space(tiny, i)).band(*band).hit_rate for i in range(64)]
    np.testing.assert_allclose(judged.hit_rate, counted)


def test_small_spaces_are_listed_and_large_ones_sampled(tiny: SearchSpace, expanded: SearchSpace) -> None:
    assert isinstance(members(tiny, CostModel(tiny.template(28, 1, 10))), EnumeratedMembers)
    assert isinstance(members(expanded, CostModel(expanded.template(32, 3, 10))), SampledMembers)
