"""Bands of spaces too large to list: near to the exact count, drawn uniformly, each draw in band."""

import numpy as np
import pytest
from scipy.stats import chisquare

from netspace import Budget, NetspaceError, NetworkSpace, NetworkTemplate, Range, SearchSpace, SpaceCosts
from netspace.cost import CostModel
from netspace.cost.large import LargeBand, LargeCosts
from netspace.spaces import Listed, StageSpace

FOUR, SIX = NetworkTemplate(strides=(1, 2, 2, 2)), NetworkTemplate(strides=(1, 2, 1, 2, 1, 2))
SLOW = [pytest.param(text, marks=pytest.mark.slow) for text in ("200M", "12G")]


@pytest.fixture(scope="module")
def large() -> NetworkSpace:
    """Six stages of 16 depths and 16 widths each: 3·10^14 architectures, and halves that cannot be listed."""
    return NetworkSpace((StageSpace(Range(1, 16), Range(16, 256, 16)),) * 6)


@pytest.mark.parametrize("text", ["1.6G", *SLOW])
def test_a_band_counted_by_an_estimate_is_within_two_percent_of_the_exact_count(
    expanded: SearchSpace, text: str
) -> None:
    model, interval = CostModel(NetworkTemplate()), Budget.parse(text).interval
    exact = SpaceCosts(model, expanded.full).band(*interval)
    estimate = LargeBand(LargeCosts(model, expanded.full), *interval)
    assert (exact.exact, estimate.exact) == (True, False)
    assert abs(estimate.size / exact.size - 1) < 0.02
    assert estimate.hit_rate == estimate.size / expanded.full.size


@pytest.mark.parametrize("kind", ["flops", "params", "activations"])
def test_the_bounds_of_a_large_space_are_exact(expanded: SearchSpace, kind: str) -> None:
    model = CostModel(expanded.template(32, 3, 10), kind)
    assert LargeCosts(model, expanded.full).bounds == SpaceCosts(model, expanded.full).bounds


def test_draws_are_uniform_over_the_band_of_a_small_space(tiny: SearchSpace, rng: np.random.Generator) -> None:
    model, (low, high) = CostModel(tiny.template(32, 3, 10)), Budget.parse("3M", tolerance=0.2).interval
    members = tiny.full.enumerate()
    costs = model(members)
    inside = [tuple(point) for point in members[(costs >= low) & (costs <= high)].tolist()]
    drawn = LargeBand(LargeCosts(model, tiny.full), low, high).draw(200 * len(inside), rng=rng)
    counts = dict.fromkeys(inside, 0)
    for point in drawn.tolist():
        counts[tuple(point)] += 1
    assert chisquare(list(counts.values())).pvalue > 0.001


def test_draws_are_uniform_where_further_knobs_and_the_image_size_are_searched(rng: np.random.Generator) -> None:
    template = NetworkTemplate(strides=(1, 2), stem_width=8, block="x", image_size=16)
    knobs = (("expansion", Range(1, 2)), ("group_width", Listed((2, 8))))
    stage = StageSpace(Range(1, 2), Range(8, 24, 8), knobs)
    space, model = NetworkSpace((stage, stage), Range(8, 16, 8)), CostModel(template)
    members = space.enumerate()
    costs = model(members)
    low, high = (int(np.quantile(costs, share)) for share in (0.3, 0.6))
    inside = [tuple(point) for point in members[(costs >= low) & (costs <= high)].tolist()]
    band = LargeBand(LargeCosts(model, space), low, high)
    assert abs(band.size / len(inside) - 1) < 0.05
    counts = dict.fromkeys(inside, 0)
    for point in band.draw(100 * len(inside), rng=rng).tolist():
        counts[tuple(point)] += 1
    assert chisquare(list(counts.values())).pvalue > 0.001


def test_draws_of_a_large_space_lie_in_its_band(large: NetworkSpace, rng: np.random.Generator) -> None:
    budget = Budget.parse("400M")
    band = budget.band(large, SIX)
    assert not band.exact
    drawn = band.draw(2000, rng=rng)
    assert np.all(np.abs(CostModel(SIX)(drawn) / budget.target - 1) <= 0.1)
    assert all(architecture in large for architecture in large.layout.architectures(drawn[:50]))
    uniform = large.draw(10**6, rng=rng)
    share = (np.abs(CostModel(SIX)(uniform) / budget.target - 1) <= 0.1).mean()
    assert abs(band.hit_rate - share) < 4 * np.sqrt(share / 10**6) + 0.02 * share


def test_draws_of_a_large_space_do_not_repeat_and_more_go_on_from_fewer(large: NetworkSpace) -> None:
    band = Budget.parse("400M").band(large, SIX)
    few, more = (band.draw(n, rng=np.random.default_rng(5), replace=False) for n in (10, 1500))
    assert len(np.unique(more, axis=0)) == 1500
    assert np.array_equal(more[:10], few)


def test_the_four_stages_of_the_papers_ranges_are_counted_by_an_estimate(expanded: SearchSpace) -> None:
    space = NetworkSpace((*expanded.full.stages, expanded.full.stages[0]))
    costs = SpaceCosts(CostModel(FOUR), space)
    low, high = costs.bounds
    assert not costs.exact
    assert (low, high) == tuple(CostModel(FOUR)(np.array([[s.low for s in space.axes], [s.high for s in space.axes]])))
    assert 0 < costs.band(*Budget.parse("1.6G").interval).hit_rate < 0.2


def test_an_infeasible_budget_of_a_large_space_names_interval_and_nearest(large: NetworkSpace) -> None:
    low, _ = SpaceCosts(CostModel(SIX), large).bounds
    with pytest.raises(NetspaceError, match=f"nearest feasible budget is {low}; what binds is"):
        Budget.parse("100K").band(large, SIX)


def test_a_space_too_large_even_to_estimate_is_refused_with_what_to_do() -> None:
    stage = StageSpace(Range(1, 16), Range(1, 8192))
    with pytest.raises(NetspaceError, match="architectures are too many to count; give the widths a larger step"):
        SpaceCosts(CostModel(NetworkTemplate(strides=(1,) * 5)), NetworkSpace((stage,) * 5))
