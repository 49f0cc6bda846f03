"""Latency as a cost: work adds up as networks do, prices are whole, and only what was measured is priced."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from netspace import Budget, NetspaceError, SearchConfig, load_search_space, resolve
from netspace.cost import Constraint, CostModel, DeviceProfile, load_profile, profile_in_use, use_profile
from netspace.cost.amounts import amount_in, exact_amount, format_amount
from netspace.cost.device_profile import KEPT, Device, ProfileError, keep_profile, use_profile_of
from netspace.cost.work import NAMES, network_work
from netspace.documents import fingerprint, from_plain, to_plain, to_yaml

WEIGHTS = {name: 3.7 + 0.31 * i for i, name in enumerate(NAMES)}


def profile_of(preset: str = "tiny", **changes: object) -> DeviceProfile:
    template = load_search_space(preset).template(32, 3, 10)
    made = DeviceProfile(
        Device("board", "runtime 1", 1, 1), template, preset, WEIGHTS, ProfileError(20, 0.05, 0.1, 0.95)
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def no_profile() -> Iterator[None]:
    yield
    use_profile(None)


@pytest.mark.parametrize("preset", ["small", "bottleneck-small", "mobile-small", "regnet-like-small"])
def test_a_network_costs_the_weighted_sum_of_its_work_to_within_half_a_nanosecond_a_part(preset: str) -> None:
    space = load_search_space(preset)
    template = space.template(32, 3, 10)
    use_profile(profile_of(preset))
    points = space.full.draw(40, rng=np.random.default_rng(0))
    for one, price in zip(template.architectures(points), CostModel(template, "latency")(points), strict=True):
        exact = sum(WEIGHTS[name] * float(amount) for name, amount in network_work(one, template).items())
        assert abs(price - exact) <= 0.5 * (2 + sum(one.depths))


def test_a_band_of_latency_is_counted_and_drawn_exactly() -> None:
    space = load_search_space("tiny").full
    template = load_search_space("tiny").template(32, 3, 10)
    use_profile(profile_of())
    costs = CostModel(template, "latency")(space.enumerate())
    budget = Budget.parse(f"latency={int(np.median(costs))}ns", 0.05)
    band = budget.band(space, template)
    assert band.exact
    low, high = budget.interval
    assert band.size == int(((costs >= low) & (costs <= high)).sum()) > 0
    assert budget.satisfied(band.draw(200, rng=np.random.default_rng(1)), template).all()


def test_a_model_without_a_weight_for_the_head_still_prices_every_width() -> None:
    template = load_search_space("tiny").template(32, 3, 10)
    use_profile(profile_of(weights={"dense.flops": 0.01}))
    assert CostModel(template, "latency").head(np.arange(4, 8)).tolist() == [0] * 4


def test_latency_without_a_profile_says_how_to_get_one() -> None:
    with pytest.raises(NetspaceError, match=r"no profile is given; make one with `netspace profile`"):
        CostModel(load_search_space("tiny").template(32, 3, 10), Budget.parse("latency=5ms").kind)
    with pytest.raises(NetspaceError, match=r"no profile is given"):
        resolve("tiny", options={"data": {"dataset": "fashion"}, "budgets": ["2M"], "constraints": ["latency<=5ms"]})


def test_networks_of_another_template_are_refused_with_each_difference() -> None:
    use_profile(profile_of())
    other = load_search_space("tiny").template(64, 1, 10)
    with pytest.raises(NetspaceError, match=r"channels 3 there, 1 here; image_size 32 there, 64 here"):
        CostModel(other, "latency")


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("5ms", 5_000_000), ("0.2s", 200_000_000), ("800 us", 800_000), ("1.5us", 1500), ("7ns", 7)],
)
def test_times_are_read_with_their_unit(text: str, nanoseconds: int) -> None:
    assert amount_in(text, text, "latency") == nanoseconds


@pytest.mark.parametrize("text", ["5", "5M", "5 m", "-5ms", "ms", "5ms5us", "0.2ns", "1e3ms"])
def test_times_without_a_known_unit_are_refused(text: str) -> None:
    with pytest.raises(NetspaceError, match="5ms"):
        amount_in(text, f"'{text}'", "latency")


@pytest.mark.parametrize("nanoseconds", [1, 999, 1000, 800_000, 1_234_567, 5_000_000, 10**9, 3 * 10**10 + 1])
def test_a_time_is_written_so_that_it_is_read_back(nanoseconds: int) -> None:
    text = exact_amount(nanoseconds, "latency")
    assert amount_in(text, text, "latency") == nanoseconds
    assert format_amount(5_000_000, "latency") == "5ms"


def test_a_budget_and_a_bound_of_latency_read_as_they_are_written() -> None:
    use_profile(profile_of())
    assert str(Budget.parse("latency=5ms")) == "latency=5ms"
    assert str(Constraint.parse("latency<=800us")) == "latency<=800us"


def test_a_profile_is_read_as_it_was_written(tmp_path: Path) -> None:
    profile_of().save(tmp_path / "device.yaml")
    assert load_profile(tmp_path / "device.yaml") == profile_of()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": {"dense.flop": 1.0}}, "unknown work 'dense.flop', did you mean 'dense.flops'"),
        ({"weights": {"call": -1.0}}, "greater than or equal to 0"),
        ({"schema": 2}, "schema 2 is not readable"),
    ],
)
def test_a_profile_at_fault_is_refused(change: dict[str, object], message: str, tmp_path: Path) -> None:
    (tmp_path / "device.yaml").write_text(to_yaml({**to_plain(profile_of()), **change}))
    with pytest.raises(NetspaceError, match=message):
        load_profile(tmp_path / "device.yaml")


def test_a_run_keeps_its_profile_and_refuses_another(tmp_path: Path) -> None:
    use_profile(profile_of())
    keep_profile(tmp_path)
    use_profile(None)
    use_profile_of(tmp_path)
    assert profile_in_use() == profile_of()
    use_profile(profile_of(device=Device("board", "runtime 1", 8, 2)))
    with pytest.raises(NetspaceError, match=r"batch 8, 2 threads, but .* keeps the profile of .*batch 1, 1 thread"):
        use_profile_of(tmp_path)


def test_a_folder_inside_a_run_has_the_runs_profile_and_one_beside_it_has_not(tmp_path: Path) -> None:
    profile_of().save(tmp_path / KEPT)
    use_profile_of(tmp_path / "front")
    assert profile_in_use() is None
    (tmp_path / "config.yaml").write_text("config: {}\n")
    use_profile_of(tmp_path / "front")
    assert profile_in_use() is not None


def test_a_config_holds_what_its_profile_is_wherever_it_lies(tmp_path: Path) -> None:
    profile_of().save(tmp_path / "device.yaml")
    given = {"data": {"dataset": "fashion"}, "budgets": ["latency=5ms"]}
    config = resolve("tiny", options={**given, "device_profile": str(tmp_path / "device.yaml")})
    assert config.device_profile == profile_of().fingerprint
    use_profile(profile_of(weights={"call": 1.0}))
    with pytest.raises(NetspaceError, match="give the profile that the run was begun with"):
        from_plain(SearchConfig, to_plain(config), "config")


def test_a_config_without_latency_is_what_it_was_though_a_profile_is_in_use() -> None:
    given = {"data": {"dataset": "fashion"}, "budgets": ["2M"]}
    before = resolve("tiny", options=given)
    use_profile(profile_of())
    assert fingerprint(resolve("tiny", options=given)) == fingerprint(before)
