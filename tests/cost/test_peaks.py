"""Costs that are the largest of their parts: counted and drawn exactly, in spaces of any size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from netspace import Budget, NetspaceError, NetworkSpace, NetworkTemplate, Range, SearchSpace, SpaceCosts
from netspace.cost import CostModel
from netspace.spaces import StageSpace
from netspace.spaces.ranges import Listed
from tests.cost.stages import stage_spaces


@settings(max_examples=60, deadline=None)
@given(st.lists(stage_spaces, min_size=1, max_size=4), st.floats(0, 1), st.floats(0, 1), st.data())
def test_counts_bounds_and_nearest_of_peak_memory_equal_enumeration(
    stages: list[StageSpace], a: float, b: float, data: st.DataObject
) -> None:
    strides = tuple(data.draw(st.sampled_from([1, 2])) for _ in stages)
    sizes = data.draw(st.sampled_from([None, Listed((6, 9))]))
    template = NetworkTemplate(strides=strides, image_size=9, stem_width=4)
    model, space = CostModel(template, "peak_memory-int8"), NetworkSpace(tuple(stages), sizes)
    members = model(space.enumerate())
    costs = SpaceCosts(model, space)
    assert costs.bounds == (members.min(), members.max())
    low, high = sorted(int(members.min() * (1 - x) + members.max() * x) for x in (a, b))
    band = costs.band(low, high)
    assert band.exact
    assert band.size == ((members >= low) & (members <= high)).sum()
    assert abs(costs.nearest(low) - low) == np.abs(members - low).min()
    assert costs.nearest(low) in members


def mbconv(stages: int) -> NetworkSpace:
    knobs = {"kernel": Listed((3, 5)), "expansion": Listed((3, 4, 6))}
    return NetworkSpace((StageSpace(Range(1, 3), Range(8, 24, 8), tuple(knobs.items())),) * stages)


def test_draws_are_uniform_over_a_band_of_peak_memory(rng: np.random.Generator) -> None:
    template, space = NetworkTemplate(strides=(1, 2), block="mbconv", image_size=12), mbconv(2)
    model, members = CostModel(template, "peak_memory"), space.enumerate()
    costs = model(members)
    low, high = (int(x) for x in np.quantile(costs, (0.3, 0.5)))
    inside = np.flatnonzero((costs >= low) & (costs <= high))
    drawn = SpaceCosts(model, space).band(low, high).draw(100 * len(inside), rng=rng)
    place = {tuple(point): i for i, point in enumerate(members.tolist())}
    counts = np.zeros(len(members))
    for point in drawn.tolist():
        counts[place[tuple(point)]] += 1
    assert counts.sum() == counts[inside].sum()
    assert chisquare(counts[inside]).pvalue > 0.001


def test_a_space_too_large_to_list_is_counted_exactly_by_peak_memory(rng: np.random.Generator) -> None:
    template, space = NetworkTemplate(strides=(1, 2, 2, 1, 2, 1), block="mbconv"), mbconv(6)
    costs = SpaceCosts(CostModel(template, "peak_memory"), space)
    low, high = costs.bounds
    middle = (low + high) // 2
    below, above = costs.band(low, middle), costs.band(middle + 1, high)
    assert below.exact
    assert below.size + above.size == space.size == 54**6
    sample = costs.model(space.draw(20_000, rng=rng))
    assert (sample <= middle).mean() == pytest.approx(below.hit_rate, abs=0.02)
    drawn = costs.model(above.draw(500, rng=rng))
    assert drawn.min() > middle
    assert drawn.max() <= high


def test_all_members_of_a_band_of_peak_memory_are_drawn_without_replacement(tiny: SearchSpace) -> None:
    band = Budget.parse("peak_memory=100K", 0.2).band(tiny.full, tiny.template(32, 3, 10))
    few, every = (band.draw(n, rng=np.random.default_rng(5), replace=False) for n in (10, band.size))
    assert len(np.unique(every, axis=0)) == band.size
    assert np.array_equal(every[:10], few)


@pytest.mark.parametrize(
    ("width", "binds"), [(4, "the lowest width of stage 1 \\(4\\)"), (1, "the stem \\(width 64\\) at image size 32")]
)
def test_an_infeasible_budget_of_memory_names_the_nearest_one_and_what_binds(width: int, binds: str) -> None:
    space = NetworkSpace((StageSpace(Range(1, 2), Range(width, 16)),))
    template = NetworkTemplate(strides=(2 if width == 1 else 1,), stem_width=64 if width == 1 else 1)
    nearest = SpaceCosts(CostModel(template, "peak_memory"), space).bounds[0]
    with pytest.raises(NetspaceError, match=f"the nearest feasible budget is peak_memory={nearest}; .*{binds}"):
        Budget.parse("peak_memory=1000").band(space, template)
