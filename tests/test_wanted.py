"""What is asked of a network: which preset holds it, what constraints alone leave, and what binds where none does."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from netspace import Budget, NetspaceError, load_search_space, wanted
from netspace.cost import Constraint, CostModel, DeviceProfile, profile_in_use, use_profile
from netspace.cost.work import NAMES
from netspace.spaces import NetworkTemplate, SearchSpace
from netspace.wanted import BELOW, Wanted, choose_space, fit_in
from tests.cost.test_latency import profile_of

SHAPE = (16, 3, 5)


def bounds(*texts: str) -> tuple[Constraint, ...]:
    return tuple(map(Constraint.parse, texts))


def measured(space: SearchSpace, template: NetworkTemplate) -> DeviceProfile:
    """A profile of a space by which latency is 1 ns for each thousand multiply-adds."""
    return replace(
        profile_of(space.name, weights=dict.fromkeys((name for name in NAMES if name.endswith(".flops")), 0.001)),
        template=template,
    )


@pytest.fixture(autouse=True)
def no_profile() -> Iterator[None]:
    yield
    use_profile(None)


@pytest.mark.parametrize(("budget", "space"), [("2M", "small"), ("5M", "small"), ("30M", "small"), ("2G", "expanded")])
def test_the_smallest_preset_with_room_for_the_budget_is_taken_but_no_toy(budget: str, space: str) -> None:
    assert choose_space(Wanted(Budget.parse(budget)), (32, 3, 10)).space.name == space


def test_a_toy_is_taken_where_the_others_are_too_coarse_and_that_is_said() -> None:
    fit = choose_space(Wanted(Budget.parse("900K")), (32, 3, 10))
    assert fit.space.name == "tiny"
    assert fit.reason.startswith("the preset that is fine enough, though it has few spaces, around 900K")


def test_a_budget_that_no_preset_holds_is_refused_with_what_they_hold() -> None:
    with pytest.raises(NetspaceError, match=r"budget 10K is outside.*small 1\.343M to 767\.2M"):
        choose_space(Wanted(Budget.parse("10K")), (32, 3, 10))


def test_constraints_alone_leave_the_flops_that_nine_in_ten_networks_within_them_stay_below() -> None:
    space, asked = load_search_space("tiny"), Wanted(None, bounds("flash<=60K", "params>=5K"))
    template = space.template(*SHAPE)
    budget = fit_in(space, asked, template).budget
    every = space.full.enumerate()
    kept = every[asked.constraints[0].excess(CostModel(template, "flash")(every)) == 0]
    kept = kept[CostModel(template, "params")(kept) >= 5000]
    flops = CostModel(template)(kept)
    assert budget.target <= np.quantile(flops, BELOW, method="inverted_cdf") < 1.1 * budget.target
    assert len(str(budget)) <= len("2.2M")
    assert budget.constraints == asked.constraints


def test_a_bound_of_flops_alone_is_aimed_at_from_below() -> None:
    fit = choose_space(Wanted(None, bounds("flops<=5M")), SHAPE)
    assert fit.space.name == "small"
    assert 4_500_000 <= fit.budget.target <= 5_000_000


@pytest.mark.parametrize(
    ("texts", "space"),
    [
        (("flash<=1M", "peak_memory<=256K"), "small"),
        (("peak_memory<=64KiB",), "tiny"),  # at 32 pixels the others take more
    ],
)
def test_the_preset_is_one_in_which_all_constraints_can_be_met_and_bind(texts: tuple[str, ...], space: str) -> None:
    assert choose_space(Wanted(None, bounds(*texts)), (32, 3, 10)).space.name == space


def test_a_preset_has_room_beyond_constraints_where_they_rule_out_half_of_its_networks_or_more() -> None:
    small = load_search_space("small")
    template = small.template(*SHAPE)
    assert fit_in(small, Wanted(None, bounds("flash<=1M")), template).has_room
    fit = fit_in(small, Wanted(None, bounds("flash<=40M")), template)
    assert not fit.has_room
    assert fit.reason.startswith("no preset that holds it has more room; --space may name a larger one (")


def test_a_budget_is_met_with_its_constraints_also_where_the_smallest_preset_cannot() -> None:
    fit = choose_space(Wanted(Budget.parse("2M"), bounds("peak_memory<=64KiB")), (32, 3, 10))
    assert fit.space.name == "tiny"
    assert fit.budget.told == "2M, peak_memory<=64KiB"


def test_where_no_preset_meets_them_it_is_said_what_binds_in_each_and_the_nearest_value() -> None:
    asked = Wanted(None, bounds("peak_memory<=20K", "flash<=1M"))
    with pytest.raises(NetspaceError, match=r"no preset.*small: .*peak_memory<=20K.*nearest is 98,304.*tiny: "):
        choose_space(asked, (32, 3, 10))


@pytest.mark.parametrize("texts", [(), ("params>=5K",)])
def test_something_has_to_say_how_large_the_network_may_be(texts: tuple[str, ...]) -> None:
    with pytest.raises(NetspaceError, match="give --budget, as 5M, or what it may take at most, as --max-flash 1M"):
        Wanted(None, bounds(*texts))


def test_a_contradiction_of_budget_and_constraint_is_told_before_any_space_is_looked_at() -> None:
    with pytest.raises(NetspaceError, match="contradict each other"):
        Wanted(Budget.parse("5M"), bounds("flops<=1M"))


def test_latency_is_measured_in_the_space_that_all_else_asks_for_and_in_no_other_one() -> None:
    asked: list[str] = []

    def know(space: SearchSpace, template: NetworkTemplate) -> None:
        asked.append(space.name)
        use_profile(measured(space, template))

    fit = choose_space(Wanted(None, bounds("flash<=1M", "latency<=8us")), SHAPE, know)
    assert (fit.space.name, asked) == ("small", ["small"])
    assert fit.budget.target <= 8_100_000  # at a thousand multiply-adds a nanosecond


def test_where_latency_cannot_be_met_in_one_space_the_next_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wanted, "preset_names", lambda: ["small", "tiny"])
    asked: list[str] = []

    def know(space: SearchSpace, template: NetworkTemplate) -> None:
        asked.append(space.name)
        use_profile(measured(space, template))

    assert choose_space(Wanted(None, bounds("flash<=1M", "latency<=250ns")), SHAPE, know).space.name == "tiny"
    assert asked == ["small", "tiny"]
    use_profile(None)
    with pytest.raises(NetspaceError, match=r"small: .*latency<=10ns.*tiny: .*nearest"):
        choose_space(Wanted(None, bounds("flash<=1M", "latency<=10ns")), SHAPE, know)


def test_with_a_profile_the_preset_is_the_one_that_was_profiled() -> None:
    tiny = load_search_space("tiny")
    use_profile(measured(tiny, tiny.template(*SHAPE)))
    assert choose_space(Wanted(None, bounds("latency<=1us")), SHAPE).space.name == "tiny"
    with pytest.raises(NetspaceError, match="image_size 16 there, 32 here"):
        choose_space(Wanted(None, bounds("latency<=1us")), (32, 3, 5))


def test_a_profile_of_other_networks_than_the_presets_needs_a_space() -> None:
    mobile = load_search_space("mobile-small")
    use_profile(measured(mobile, mobile.template(*SHAPE)))
    assert profile_in_use() is not None
    with pytest.raises(
        NetspaceError, match="of space 'mobile-small', none of the presets to choose from; give --space"
    ):
        choose_space(Wanted(None, bounds("latency<=1us")), SHAPE)


def test_of_presets_whose_latency_is_measured_one_with_room_is_taken_before_a_smaller_one_without() -> None:
    def know(space: SearchSpace, template: NetworkTemplate) -> None:
        use_profile(measured(space, template))

    fit = choose_space(Wanted(Budget(180_000, kind="latency")), SHAPE, know)  # small reaches to 192 us
    assert fit.has_room
    assert fit.space.name == "expanded"
    use_profile(None)
    fit = choose_space(Wanted(Budget(50_000, kind="latency")), SHAPE, know)
    assert fit.space.name == "small"
