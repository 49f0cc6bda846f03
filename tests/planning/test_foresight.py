"""What a command says of its time: a line before, a line after, nothing where it is soon through, no result changed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from netspace import Architecture, NetspaceError, find_spaces
from netspace.analysis import Interval
from netspace.cli.main import app
from netspace.data import ImageData
from netspace.documents import to_yaml
from netspace.planning import Foresight, Plan, PlannedStep, foresight, glance, glance_at_search, glance_at_training
from netspace.planning.foresight import outcome_line, plan_line
from netspace.planning.measuring import seconds_of_training
from netspace.runs import Run
from netspace.settings import Recipe
from netspace.spaces import NetworkTemplate
from tests.conftest import quick_config

RECIPE = Recipe("short", epochs=3, batch_size=32, warmup_epochs=0, train_images=600)
TEMPLATE = NetworkTemplate(stem_width=8, image_size=28, channels=1, classes=10)
NETWORK = Architecture.of((1, 1, 1), (8, 8, 8))
PLAN = Plan(
    (
        PlannedStep("steps of the super network", 7680, Interval(600, 450, 780), unit="steps"),
        PlannedStep("trainings by recipe 'quick'", 24, Interval(240, 180, 360), shared=True, unit="trainings"),
    ),
    jobs=2,
    memory=1_100_000_000,
)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure work however short it is."""
    monkeypatch.setattr(glance, "SOON", 0.0)
    monkeypatch.setattr(glance, "SHARE", 1.0)


def test_a_plan_is_one_line_and_its_outcome_another() -> None:
    assert plan_line(PLAN) == "about 12 min (9 to 16), 7,680 steps and 24 trainings, 1.1 GB memory, 32-true on cpu"
    assert outcome_line(790, PLAN) == "took 13 min, planned 12 (9 to 16)"
    assert outcome_line(45, PLAN) == "took 45 s, planned 12 min (9 to 16)"
    one = Plan((PlannedStep("trainings", 1, Interval(150, 140, 200), unit="trainings"),), memory=600_000_000)
    assert plan_line(one) == "about 2.5 min (2.2 to 3.3), 1 training, 0.6 GB memory, 32-true on cpu"


def test_both_lines_are_said_and_the_second_only_of_work_that_had_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 890.0, 0.0, 0.0])
    monkeypatch.setattr(foresight.time, "monotonic", lambda: next(clock))
    said: list[str] = []
    told = Foresight(said.append)
    told.begin(lambda: PLAN)
    told.end()
    assert [line.partition(" ")[0] for line in said] == ["plan:", "took"]
    nothing = Foresight(said.append)
    nothing.begin(lambda: None)
    nothing.end()
    assert len(said) == 2


def test_nothing_is_measured_where_nobody_is_told() -> None:
    Foresight(None).begin(lambda: pytest.fail("measured"))


def test_what_cannot_be_measured_is_left_to_the_work_to_say() -> None:
    def wrong() -> Plan:
        raise NetspaceError("the loss is nan")

    Foresight(pytest.fail).begin(wrong)


def test_work_of_few_steps_is_not_even_looked_at(fashion: ImageData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glance, "seconds_of_training", lambda *_, **__: pytest.fail("looked"))
    few = replace(RECIPE, epochs=2, train_images=200)
    assert glance_at_training(NETWORK, TEMPLATE, fashion, few, device="cpu") is None


def test_of_work_that_is_soon_through_one_step_is_timed_and_nothing_said(
    fashion: ImageData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glance, "training_seconds", lambda *_, **__: pytest.fail("measured"))
    assert glance_at_training(NETWORK, TEMPLATE, fashion, RECIPE, device="cpu") is None


@pytest.mark.usefixtures("measured")
def test_a_glance_comes_to_what_measuring_all_says(fashion: ImageData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glance, "seconds_of_training", lambda *_, **__: Interval(10, 10, 10))
    monkeypatch.setattr("netspace.planning.measuring.seconds_of_training", lambda *_, **__: Interval(90, 80, 110))
    found = glance_at_training(NETWORK, TEMPLATE, fashion, RECIPE, device="cpu", done=1)
    assert found is not None
    assert found.seconds == pytest.approx((60, 160 / 3, 220 / 3))
    assert glance_at_training(NETWORK, TEMPLATE, fashion, RECIPE, device="cpu", done=3) is None


def test_a_few_images_are_enough_to_measure_with(fashion: ImageData) -> None:
    few = glance.excerpt(fashion, RECIPE, "cpu")
    assert 4 * 32 <= len(few.train) <= 4 * 32 + 2
    whole = RECIPE.split(len(fashion.train))[0]
    assert (whole, glance.steps_of(RECIPE, fashion)) == (540, 3 * 16)
    assert seconds_of_training(NETWORK, TEMPLATE, few, RECIPE, images=whole).value > 0


@pytest.mark.parametrize("estimator", ["score", "front"])
@pytest.mark.usefixtures("measured")
def test_a_search_is_the_same_to_the_byte_whether_it_was_planned_or_not(
    fashion: ImageData, tmp_path: Path, estimator: str
) -> None:
    config = quick_config(search={"estimator": estimator, "front": {"evaluations": 25}})
    said: list[str] = []
    for name, how in (("planned", {"on_note": said.append}), ("silent", {})):
        find_spaces(config, tmp_path / name, images=fashion, **how)  # type: ignore[arg-type]
    assert [line for line in said if line.startswith(("plan: about", "took"))][1:]
    elites = [file.name for file in Run(tmp_path / "planned").elite_files]
    scores = ["scores.csv"] if estimator == "front" else []
    for file in (*elites, *scores):
        assert (tmp_path / "planned" / file).read_bytes() == (tmp_path / "silent" / file).read_bytes()
    assert glance_at_search(config, fashion, Run(tmp_path / "planned")) is None  # nothing is left of it


Command = Callable[[Path], list[str]]
COMMANDS: dict[str, Command] = {
    "train": lambda at: ["train", str(at / "network.yaml")],
    "evaluate": lambda _: ["evaluate", "tiny", "--budget", "1M", "--n", "2"],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("measured")
def test_commands_say_their_plan_beside_the_result_and_say_nothing_once_all_is_done(
    tmp_path: Path, command: str
) -> None:
    (tmp_path / "short.yaml").write_text(to_yaml(RECIPE))
    (tmp_path / "network.yaml").write_text("depth: [1, 1, 1]\nwidth: [8, 8, 8]\n")
    words = [*COMMANDS[command](tmp_path), "--recipe", str(tmp_path / "short.yaml"), "--dataset", "fashion", "--json"]
    for lines in (1, 0):
        done = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "out")])
        assert done.exit_code == 0, done.output
        assert done.stderr.count("plan: about") == done.stderr.count("took ") == lines
        assert "plan: " not in done.stdout
