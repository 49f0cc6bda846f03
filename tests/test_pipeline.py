"""The chain of `netspace auto`: which space, which commands, what is done already."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from netspace import Budget, DataSettings, NetspaceError, find_spaces, load_elite
from netspace.config import load_recipe
from netspace.pipeline import Pipeline, choose_recipe, choose_space
from tests.conftest import quick_config


@pytest.mark.parametrize(("budget", "space"), [("2M", "tiny"), ("30M", "small"), ("2G", "expanded")])
def test_the_smallest_preset_with_room_for_the_budget_is_taken(budget: str, space: str) -> None:
    assert choose_space(Budget.parse(budget), (32, 3, 10)) == space


def test_a_budget_that_no_preset_holds_is_refused_with_what_they_hold() -> None:
    with pytest.raises(NetspaceError, match=r"budget 10K is outside.*small 1\.343M to 767\.2M"):
        choose_space(Budget.parse("10K"), (32, 3, 10))


def test_few_images_take_the_recipe_of_small_batches() -> None:
    assert (choose_recipe(300), choose_recipe(50_000)) == ("few", "standard")
    assert load_recipe("few").batch_size < load_recipe("standard").batch_size


def test_each_step_takes_what_the_one_before_it_wrote(tmp_path: Path) -> None:
    steps = list(Pipeline(DataSettings("images"), Budget(2_000_000), "tiny", "quick", tmp_path, seed=3).steps())
    assert [step.name for step in steps] == ["search", "nas", "train", "export", "report"]
    for before, after in itertools.pairwise(steps[:4]):
        assert str(before.result) in after.command or str(before.result.parent) in after.command
    assert all(step.command[step.command.index("--seed") + 1] == "3" for step in steps[:3])


def test_nas_looks_in_the_whole_space_where_the_elite_has_no_member_in_band(tmp_path: Path) -> None:
    (elite,) = find_spaces(quick_config(budgets=["2M"]), tmp_path / "search")
    pipeline = Pipeline(DataSettings("fashion"), elite.budget, "tiny", "quick", tmp_path)
    for hit_rate, place in ((0.5, str(pipeline.elite)), (0.0, "tiny")):
        best = replace(elite.candidates[0], hit_rate=hit_rate)
        replace(elite, candidates=(best,)).save(tmp_path / "search")
        assert load_elite(pipeline.elite).candidates[0].hit_rate == hit_rate
        assert list(pipeline.steps())[1].command[1] == place
