"""Constraints beside a budget: read, held against enumeration, estimated where they must be, refused where they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, chisquare

from netspace import Budget, NetspaceError, SearchSpace, load_search_space
from netspace.cost import Constraint, CostModel, band_within, joint, parse_amount, together
from netspace.cost.band import share_interval
from netspace.cost.joint import JointBand
from netspace.spaces import NetworkTemplate


def bounds(*texts: str) -> tuple[Constraint, ...]:
    return tuple(map(Constraint.parse, texts))


@pytest.mark.parametrize(
    ("text", "kind", "amount", "side"),
    [
        ("params<=1.2M", "params", 1_200_000, "at most"),
        ("flash-int8 >= 100K", "flash-int8", 100_000, "at least"),
        ("peak_memory<=256K", "peak_memory", 256_000, "at most"),
        ("peak_memory<=256KiB", "peak_memory", 262_144, "at most"),
        ("flash<=1.5Mi", "flash", 1_572_864, "at most"),
    ],
)
def test_constraints_are_read_and_written_back(text: str, kind: str, amount: int, side: str) -> None:
    one = Constraint.parse(text)
    assert (one.kind, one.bound, one.side) == (kind, amount, side)
    assert Constraint.parse(str(one)) == one


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("params=1M", "write a cost, <= or >=, and an amount, as params<=1.2M"),
        ("parms<=1M", "unknown cost 'parms', did you mean 'params'"),
        ("params<=1MiB", "MiB is for bytes, and params are none"),
        ("flash<=1MB", "K is 1000, KiB is 1024 bytes"),
        ("flash<=0", "outside of 1"),
        ("flash<=-5", "is no amount"),
    ],
)
def test_what_is_no_constraint_is_refused_with_what_would_be(text: str, told: str) -> None:
    with pytest.raises(NetspaceError, match=told.replace("(", "\\(")):
        Constraint.parse(text)


def test_a_million_params_stay_a_million_and_a_budget_in_bytes_may_be_binary() -> None:
    assert parse_amount("1M") == 10**6
    assert Budget.parse("peak_memory=256KiB").target == 2**18
    assert str(Budget.parse("peak_memory=256KiB")) == "peak_memory=256KiB"
    with pytest.raises(NetspaceError, match="KiB is for bytes"):
        Budget.parse("256KiB")


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["flops<=10M"], "budget 20M ±10% and flops<=10M contradict each other"),
        (["params<=1M", "params>=2M"], "params<=1M and params>=2M contradict each other"),
        (["params<=1M", "params<=2M"], "bound one cost on one side"),
    ],
)
def test_contradictions_are_refused_when_they_are_said(texts: list[str], told: str) -> None:
    with pytest.raises(NetspaceError, match=told):
        Budget.parse("20M", constraints=bounds(*texts))


def test_given_constraints_take_the_place_of_those_of_the_same_cost_and_side() -> None:
    known, given = bounds("params<=1M", "flash<=1M"), bounds("params<=2M", "params>=1K")
    assert together(known, given) == bounds("params<=2M", "flash<=1M", "params>=1K")
    assert Budget.parse("20M", constraints=known).bounded(given).constraints == together(known, given)


def by_enumeration(space: SearchSpace, template: NetworkTemplate, budget: Budget) -> np.ndarray:
    points = space.full.enumerate()
    low, high = budget.interval
    costs = CostModel(template, budget.kind)(points)
    kept = (costs >= low) & (costs <= high)
    for one in budget.constraints:
        costs = CostModel(template, one.kind)(points)
        kept &= costs <= one.bound if one.side == "at most" else costs >= one.bound
    return points[kept]


@pytest.mark.parametrize(
    ("amount", "texts"),
    [
        ("2M", ["params<=10K", "peak_memory<=128KiB"]),
        ("peak_memory=100K", ["flops>=1M", "flash<=40K", "activations<=60K"]),
        ("2M", ["flops<=2.1M"]),
        ("params=8K", ["params>=7.9K", "peak_memory-int8<=32KiB"]),
    ],
)
def test_members_under_constraints_are_those_that_enumeration_finds(
    tiny: SearchSpace, amount: str, texts: list[str]
) -> None:
    template, budget = tiny.template(32, 3, 10), Budget.parse(amount, 0.3, bounds(*texts))
    wanted, band = by_enumeration(tiny, template, budget), budget.band(tiny.full, template)
    assert 5 < len(wanted) == band.size
    assert band.exact
    assert band.hit_rate_interval == (band.hit_rate, band.hit_rate)
    drawn = band.draw(band.size, rng=np.random.default_rng(0), replace=False)
    assert {tuple(p) for p in drawn.tolist()} == {tuple(p) for p in wanted.tolist()}
    assert np.array_equal(band.draw(5, rng=np.random.default_rng(0), replace=False), drawn[:5])
    every = tiny.full.enumerate()
    assert band.holds(every).sum() == budget.satisfied(every, template).sum() == band.size


def test_draws_under_constraints_are_uniform(tiny: SearchSpace, rng: np.random.Generator) -> None:
    template, budget = tiny.template(32, 3, 10), Budget.parse("2M", 0.3, bounds("params<=10K", "peak_memory<=128KiB"))
    wanted = {tuple(p): i for i, p in enumerate(by_enumeration(tiny, template, budget).tolist())}
    drawn = budget.band(tiny.full, template).draw(200 * len(wanted), rng=rng)
    counts = np.bincount([wanted[tuple(p)] for p in drawn.tolist()], minlength=len(wanted))
    assert chisquare(counts).pvalue > 0.001


def test_what_cannot_be_listed_is_estimated_with_an_interval_that_holds_the_truth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = load_search_space("small")
    template, budget = small.template(32, 3, 10), Budget.parse("20M", 0.1, bounds("params<=60K"))
    exact = budget.band(small.full, template)
    monkeypatch.setattr(joint, "LISTED", 1000)
    band = budget.band(small.full, template)
    assert exact.exact
    assert not band.exact
    low, high = band.hit_rate_interval
    assert low <= exact.hit_rate <= high
    assert high < 1.2 * low
    few, more = (band.draw(n, rng=np.random.default_rng(3), replace=False) for n in (5, 20))
    assert budget.satisfied(more, template).all()
    assert np.array_equal(few, more[:5])


def test_a_share_of_draws_has_wilsons_interval() -> None:
    for hits, n in ((0, 50), (3, 50), (50, 50)):
        wanted = binomtest(hits, n).proportion_ci(0.95, "wilson")
        assert share_interval(hits, n) == pytest.approx((wanted.low, wanted.high), abs=1e-6)


def test_an_infeasible_set_names_what_binds_and_the_nearest_value_of_each(tiny: SearchSpace) -> None:
    template = tiny.template(32, 3, 10)
    budget = Budget.parse("2M", 0.1, bounds("params<=3K", "flash<=1M"))
    with pytest.raises(NetspaceError, match="no member of .* satisfies all of") as caught:
        budget.band(tiny.full, template)
    members = tiny.full.enumerate()
    flops, params = (CostModel(template, kind)(members) for kind in ("flops", "params"))
    inside = (flops >= budget.interval[0]) & (flops <= budget.interval[1])
    nearest = flops[params <= 3000]
    nearest = nearest[np.abs(nearest - 2_000_000).argmin()]
    text = str(caught.value)
    assert "What binds is budget 2M ±10% or params<=3K;" in text
    assert f"budget 2M ±10% to {nearest:,} flops; params<=3K to {params[inside].min():,} params" in text


def test_a_constraint_that_no_member_meets_is_named_alone(tiny: SearchSpace) -> None:
    budget = Budget.parse("2M", constraints=bounds("peak_memory<=1K", "params<=100K"))
    with pytest.raises(NetspaceError, match=r"peak_memory<=1K \(1,000 bytes\) by itself: the nearest is 65,536 bytes$"):
        budget.band(tiny.full, tiny.template(32, 3, 10))


def test_constraints_alone_make_a_band_too(tiny: SearchSpace) -> None:
    template = tiny.template(32, 3, 10)
    band = band_within(bounds("params<=5K"), tiny.full, template)
    assert band.size == (CostModel(template, "params")(tiny.full.enumerate()) <= 5000).sum()
    assert not isinstance(band, JointBand)
    with pytest.raises(NetspaceError, match="the nearest is 1,426 params"):
        band_within(bounds("params<=1K"), tiny.full, template)


def test_what_no_draw_met_is_not_said_to_be_impossible(monkeypatch: pytest.MonkeyPatch) -> None:
    small = load_search_space("small")
    monkeypatch.setattr(joint, "LISTED", 1000)
    budget = Budget.parse("20M", 0.1, bounds("params<=10K"))
    with pytest.raises(NetspaceError, match="none of 262,144 members drawn from .* among those that were looked at: "):
        budget.band(small.full, small.template(32, 3, 10))
