"""Budgets: parsing, the band, and what is said of an infeasible one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netspace import Budget, NetspaceError, NetworkTemplate, SearchSpace
from netspace.cost import format_amount, parse_amount


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


def test_a_gap_between_members_is_said(tiny: SearchSpace) -> None:
    template = tiny.template(32, 3, 10)
    with pytest.raises(NetspaceError, match="no member lies in the band"):
        Budget.parse("11M", tolerance=0.001).band(tiny.full, template)
