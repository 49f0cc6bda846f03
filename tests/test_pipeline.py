"""The chain of `netspace auto`: which space, which commands, what is done already."""

import itertools
import shlex
from dataclasses import replace
from pathlib import Path

from netspace import Budget, DataSettings, Pool, find_spaces, load_elite
from netspace.choices import Choices
from netspace.config import load_search_space
from netspace.cost import Constraint
from netspace.pipeline import Pipeline, profile_step
from tests.conftest import quick_config

TINY = Choices("tiny", "quick")


def test_each_step_takes_what_the_one_before_it_wrote(tmp_path: Path) -> None:
    steps = list(Pipeline(DataSettings("images"), Budget(2_000_000), TINY, tmp_path, seed=3).steps())
    assert [step.name for step in steps] == ["search", "nas", "train", "export", "report"]
    for before, after in itertools.pairwise(steps[:4]):
        assert str(before.result) in after.command or str(before.result.parent) in after.command
    assert all(step.command[step.command.index("--seed") + 1] == "3" for step in steps[:3])


def test_choices_are_settings_of_the_search_and_of_the_full_training(tmp_path: Path) -> None:
    chosen = Choices("small", "few", 12, "scant", epochs=30, search_seconds=90.5)
    pipeline = Pipeline(DataSettings("images"), Budget(5_000_000), chosen, tmp_path, pool=Pool(2))
    search, _, train, *_ = (shlex.join(step.command) for step in pipeline.steps())
    assert "--estimator population --set search.front.population=12 --set search.front.recipe=scant" in search
    assert "--time-limit 90.5s --jobs 2" in search
    assert "--recipe few --set epochs=30" in train
    there = replace(pipeline, pool=Pool(cluster="ray", gpus=0.5))
    search, *_ = (shlex.join(step.command) for step in there.steps())
    assert "--time-limit 90.5s --pool ray,gpus=0.5" in search
    assert "--jobs" not in search
    front = pipeline.config.search.front
    assert (pipeline.config.search.estimator, front.population, front.recipe) == ("population", 12, "scant")


def test_nas_looks_in_the_whole_space_where_the_elite_has_no_member_in_band(tmp_path: Path) -> None:
    (elite,) = find_spaces(quick_config(budgets=["2M"]), tmp_path / "search")
    pipeline = Pipeline(DataSettings("fashion"), elite.budget, TINY, tmp_path)
    for hit_rate, place in ((0.5, str(pipeline.elite)), (0.0, "tiny")):
        best = replace(elite.candidates[0], hit_rate=hit_rate)
        replace(elite, candidates=(best,)).save(tmp_path / "search")
        assert load_elite(pipeline.elite).candidates[0].hit_rate == hit_rate
        assert list(pipeline.steps())[1].command[1] == place


def test_the_whole_chain_keeps_the_constraints_of_the_budget(tmp_path: Path) -> None:
    bounds = [Constraint.parse("flash<=60K"), Constraint.parse("peak_memory<=64KiB")]
    pipeline = Pipeline(DataSettings("images"), Budget(2_000_000).bounded(bounds), TINY, tmp_path)
    search = next(pipeline.steps()).command
    assert [search[i + 1] for i, word in enumerate(search) if word == "--constraint"] == [str(one) for one in bounds]
    assert "--device-profile" not in search
    (budget,) = pipeline.config.parsed_budgets
    assert budget == pipeline.budget


def test_latency_is_measured_by_a_step_with_a_command_of_its_own(tmp_path: Path) -> None:
    tiny = load_search_space("tiny")
    step = profile_step(tiny, tiny.template(16, 1, 3), given="tiny", target="onnx", out=tmp_path, seed=2)
    shape = "--image-size 16 --channels 1 --classes 3"
    told = f"profile --space tiny --target onnx {shape} --seed 2 --out {tmp_path}/profile-tiny-onnx.yaml"
    assert shlex.join(step.command) == told
    assert not step.done
    step.result.write_text("")
    assert step.done
