"""Settings: the paper's are the defaults, limits are told, and what is left at its default changes no fingerprint."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from netspace import NetspaceError, SearchConfig, resolve
from netspace.documents import fingerprint, from_plain, to_plain
from netspace.settings import NasSettings, Recipe
from netspace.spaces import SearchSpace
from netspace.spaces.template import Stem

GIVEN = {"data": {"dataset": "fashion"}, "budgets": ["2M"]}


def test_the_papers_settings_are_the_defaults_of_expanded() -> None:
    search = resolve("expanded", options=GIVEN).search
    assert (search.epochs, search.warmup_epochs, search.batch_size) == (50, 15, 64)
    assert (search.weights.learning_rate, search.weights.final_learning_rate) == (0.025, 0.001)
    assert (search.weights.momentum, search.weights.weight_decay, search.weights.clip) == (0.9, 3e-4, 5.0)
    assert (search.theta.learning_rate, search.theta.betas, search.theta.weight_decay) == (3e-4, (0.5, 0.999), 1e-3)
    assert (search.temperature, search.weights_share) == ((5.0, 0.001), 0.5)


@pytest.mark.parametrize("value", [".inf", ".nan", "-.inf", "1" + "0" * 400])
def test_a_setting_is_a_finite_number(value: str) -> None:
    with pytest.raises(NetspaceError, match=r"search\.penalty: .*finite|search\.penalty=1.* has 401 digits"):
        resolve("tiny", settings=(f"search.penalty={value}",), options=GIVEN)


def test_constraints_are_part_of_the_config_and_change_nothing_where_there_are_none() -> None:
    free = resolve("tiny", options=GIVEN)
    assert "constraints" not in to_plain(free)
    assert fingerprint(resolve("tiny", options={**GIVEN, "constraints": []})) == fingerprint(free)
    bounded = resolve("tiny", options=GIVEN, settings=("constraints=[params<=9K, peak_memory<=128KiB]",))
    assert fingerprint(bounded) != fingerprint(free)
    assert [budget.bounds for budget in bounded.parsed_budgets] == ["params<=9K, peak_memory<=128KiB"]
    assert "constraints" not in to_plain(free.parsed_budgets[0])
    with pytest.raises(NetspaceError, match="constraint 'params<9K' is none"):
        resolve("tiny", options={**GIVEN, "constraints": ["params<9K"]})


def test_a_target_is_given_once_for_each_cost() -> None:
    config = resolve("tiny", options={**GIVEN, "budgets": ["200K", "params=200K"]})
    assert [str(budget) for budget in config.several(["1M", "flash=1M", "params=1M"])] == [
        "1M",
        "flash=1M",
        "params=1M",
    ]
    for texts in (["200K", "2e5"], ["1M", "params=9K", "flops=1M"], ["params=9K", "params=9000"]):
        with pytest.raises(NetspaceError, match=f"budgets {', '.join(texts)} name one target twice; give each once"):
            config.several(texts)
        with pytest.raises(NetspaceError, match="name one target twice"):
            resolve("tiny", options={**GIVEN, "budgets": texts})


def test_a_moment_that_never_forgets_is_refused() -> None:
    with pytest.raises(NetspaceError, match=r"search.theta.betas.0: Input should be less than 1 \(got 1\)"):
        resolve("tiny", settings=("search.theta.betas=[1, 0.9]",), options={"budgets": ["2M"]})


def numbers(plain: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each number of plain data."""
    if isinstance(plain, (dict, list, tuple)):
        for key, inner in plain.items() if isinstance(plain, dict) else enumerate(plain):
            yield from numbers(inner, (*path, key))
    elif isinstance(plain, (int, float)) and not isinstance(plain, bool):
        yield path


def whole_space() -> dict[str, Any]:
    """Return a search space that says each of its keys."""
    stages = [
        {"depth": {"low": 1, "high": 2, "step": 1, "ranges": 2}, "width": 8, "kernel": {"values": 3, "ranges": 1}}
    ]
    plain = {"name": "s", "strides": [1], "stages": stages, "block": "mbconv", "stem_width": 8, "squeeze": 4}
    return {**plain, "stem": to_plain(Stem()), "head_width": 64, "image_size": {"values": [32], "ranges": 1}}


def whole(kind: type[Any]) -> dict[str, Any]:
    """Return plain data that says each number of a kind of settings."""
    data = {"dataset": "fashion", "image_size": 32, "channels": 3}
    plain: dict[type[Any], Any] = {
        SearchConfig: {**to_plain(resolve("tiny", options={**GIVEN, "data": data})), "space": whole_space()},
        Recipe: to_plain(Recipe("r", clip=1.0, ema=0.9, train_images=100)),
        NasSettings: {**to_plain(NasSettings()), "train": 0},
        SearchSpace: whole_space(),
    }
    found = plain[kind]
    if kind is SearchConfig:
        found["search"]["steps_per_epoch"] = 4
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("kind", [SearchConfig, Recipe, NasSettings, SearchSpace])
def test_yes_and_no_are_refused_where_a_number_is_asked(kind: type[Any]) -> None:
    plain = whole(kind)
    from_plain(kind, plain, "f")
    paths = list(numbers(plain))
    assert len(paths) > 7
    for path in paths:
        for truth in (True, False):
            changed = node = deepcopy(plain)
            for key in path[:-1]:
                node[key] = list(node[key]) if isinstance(node[key], tuple) else node[key]
                node = node[key]
            node[path[-1]] = truth
            with pytest.raises(NetspaceError, match="number"):
                from_plain(kind, changed, "f")


@pytest.mark.parametrize(("kind", "given"), [(Recipe, {"name": "r", "epochs": 5}), (SearchConfig, {"epochs": 15})])
def test_a_warm_up_that_nobody_gave_is_said_to_be_the_default(kind: type[Any], given: dict[str, Any]) -> None:
    plain = given if kind is Recipe else {**to_plain(resolve("tiny", options=GIVEN)), "search": given}
    epochs = given["epochs"]
    with pytest.raises(
        NetspaceError, match=rf"warmup_epochs {epochs} \(the default\) leave .*give warmup_epochs below"
    ):
        from_plain(kind, plain, "f")
