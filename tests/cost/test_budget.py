"""Budgets: parsing, the band, and what is said of an infeasible one."""

from collections.abc import Mapping
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netspace import Budget, NetspaceError, NetworkTemplate, SearchSpace
from netspace.blocks import BLOCKS, IN, OUT, Amount, BlockPlan, BlockSettings, Conv, Knob
from netspace.cost import COSTS, format_amount, parse_amount
from netspace.cost.layers import Flops
from netspace.spaces import GridAxis, KnobAxis, StageGrid


@pytest.mark.parametrize(
    ("text", "amount"),
    [("200M", 200_000_000), ("1.6G", 1_600_000_000), ("2e8", 200_000_000), ("32g", 32 * 10**9), ("500k", 500_000)],
)
def test_budgets_parse(text: str, amount: int) -> None:
    assert parse_amount(text) == amount


@pytest.mark.parametrize("text", ["", "M", "-5M", "10X", "1..2G", "0", "nan", "1e99G", "10 M F"])
def test_what_is_no_amount_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(NetspaceError, match="budget '.*'"):
        parse_amount(text)


@given(st.integers(1, 10**15))
def test_a_budgets_name_reads_back_as_the_same_budget(target: int) -> None:
    assert parse_amount(str(Budget(target))) == target
    assert abs(parse_amount(format_amount(target)) / target - 1) < 1e-3


def test_the_interval_is_inclusive_at_both_ends() -> None:
    assert Budget(200_000_000).interval == (180_000_000, 220_000_000)
    assert Budget(30, tolerance=0.1).interval == (27, 33)


@pytest.mark.parametrize(
    ("text", "nearest", "binds"),
    [
        ("100K", "621514", r"stem \(width 16\) at image size 32"),
        ("200G", "99220902912", r"highest width of stage 1 \(512\)"),
    ],
)
def test_an_infeasible_budget_names_interval_nearest_and_knob(
    expanded: SearchSpace, text: str, nearest: str, binds: str
) -> None:
    with pytest.raises(NetspaceError, match=f"{text}.*621.5K to 99.22G.*nearest feasible budget is {nearest}.*{binds}"):
        Budget.parse(text).band(expanded.full, NetworkTemplate())


def test_the_knob_that_binds_from_below_is_a_range_where_one_can_be_lowered(tiny: SearchSpace) -> None:
    with pytest.raises(NetspaceError, match=r"lowest width of stage 1 \(4\)"):
        Budget.parse("100K").band(tiny.full, tiny.template(32, 3, 10))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("params=", "budget 'params=' is no amount"),
        ("params=-1", "budget 'params=-1' is no amount"),
        ("params=1e30", "budget 'params=1e30' is outside"),
        ("param=1M", "unknown cost 'param', did you mean 'params'"),
        ("=5M", "unknown cost ''"),
        ("params=1M=2", "unknown cost 'params=1M', did you mean 'params'"),
    ],
)
def test_a_budget_of_another_cost_that_is_none_is_refused_with_the_whole_text(text: str, message: str) -> None:
    with pytest.raises(NetspaceError, match=message):
        Budget.parse(text)


class Narrowed:
    """1×1 to a part of 960 channels, and back: the larger `ratio` is, the less it costs."""

    knobs: ClassVar[dict[str, Knob]] = {"ratio": Knob(2, high=8)}

    def plan(self, inputs: Amount, stage: Mapping[str, Amount], *, stride: int, settings: BlockSettings) -> BlockPlan:
        """See Block."""
        channels = {IN: inputs, "inner": 960 // stage["ratio"], OUT: stage["width"]}
        return BlockPlan(channels, (Conv("a", IN, "inner", 1, stride), Conv("b", "inner", OUT)), stride)


@pytest.mark.parametrize(
    ("budget", "end"), [("params=10", "highest ratio of stage 1 (4)"), ("params=1G", "lowest ratio")]
)
def test_the_end_of_a_knob_that_binds_is_the_one_at_which_networks_cost_the_least_or_most(
    monkeypatch: pytest.MonkeyPatch, budget: str, end: str
) -> None:
    monkeypatch.setitem(BLOCKS, "narrowed", Narrowed())
    stage = StageGrid(GridAxis(1, 1, 1), GridAxis(8, 8, 1), {"ratio": KnobAxis([2, 4])})  # type: ignore[arg-type]
    space = SearchSpace("s", (stage,), strides=(1,), block="narrowed", stem_width=16)
    with pytest.raises(NetspaceError) as caught:
        Budget.parse(budget).band(space.full, space.template(8, 1, 10))
    assert f"what binds is the {end}" in str(caught.value)
    assert "the nearest feasible budget is params=" in str(caught.value)


def test_a_gap_between_members_is_said(tiny: SearchSpace) -> None:
    template = tiny.template(32, 3, 10)
    with pytest.raises(NetspaceError, match="no member lies in the band"):
        Budget.parse("11M", tolerance=0.001).band(tiny.full, template)


def test_a_cost_entered_under_a_name_that_no_file_can_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COSTS, "joules/image", Flops())
    with pytest.raises(NetspaceError, match="'joules/image' is entered under a name that no budget can have"):
        Budget.parse("joules/image=5M")
