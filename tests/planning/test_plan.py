"""What a command would take: counted exactly, timed by a few steps, nothing written."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from netspace import Architecture, NetspaceError, find_spaces
from netspace.analysis import Interval
from netspace.cli.main import app
from netspace.cli.plan import duration
from netspace.cost import cost
from netspace.data import ImageData, ImageSet
from netspace.documents import to_yaml
from netspace.evaluate import TrainingData, plan_drawn
from netspace.planning import (
    Plan,
    PlannedStep,
    measuring,
    plan_populations,
    plan_search,
    plan_training,
    seconds_of_training,
    training_seconds,
)
from netspace.planning.remaining import calibration_left, networks_left
from netspace.planning.searching import SuperNetworkSteps
from netspace.records import TrainedNetwork
from netspace.runs import Run
from netspace.search import SpaceSearch
from netspace.settings import Recipe
from netspace.spaces import NetworkTemplate
from tests.conftest import quick_config

RECIPE = Recipe("short", epochs=4, batch_size=32, warmup_epochs=0, train_images=1000)
TEMPLATE = NetworkTemplate(stem_width=8, image_size=28, channels=1, classes=10)


def test_a_few_steps_speak_for_the_whole_training(fashion: ImageData, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 3.0, 10.0, 12.0, 20.0, 21.0, 30.0, 31.0])  # rounds of 3, 2 and 1 s, and a look at the test
    monkeypatch.setattr(measuring.time, "perf_counter", lambda: next(clock))
    data = TrainingData.of(fashion, RECIPE)
    seconds = seconds_of_training(Architecture.of((1, 1, 1), (8, 8, 8)), TEMPLATE, data, RECIPE)
    rounds = 4 * 28 / 4  # four epochs of 28 batches of 32 of 900 images, in rounds of four batches
    tested = len(data.test) / 64  # 64 images in 1 s
    assert seconds == pytest.approx(Interval(2 * rounds + tested, rounds + tested, 3 * rounds + tested))


def test_many_trainings_take_what_a_line_through_some_of_them_says(
    fashion: ImageData, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed = []

    def seconds(architecture: Architecture, *_: object) -> Interval:
        timed.append(architecture)
        flops = cost(architecture, TEMPLATE).flops
        return Interval(5 + 2e-6 * flops, 4 + 1e-6 * flops, 6 + 3e-6 * flops)

    monkeypatch.setattr(measuring, "seconds_of_training", seconds)
    networks = [Architecture.of((d, 1, 1), (w, 8, 8)) for d in (1, 2, 3) for w in (4, 8, 12, 16)]
    found = training_seconds(networks, TEMPLATE, TrainingData.of(fashion, RECIPE), RECIPE)
    flops = [cost(network, TEMPLATE).flops for network in networks]
    assert len(timed) == 5
    assert found == pytest.approx(Interval(*(12 * a + b * sum(flops) for a, b in ((5, 2e-6), (4, 1e-6), (6, 3e-6)))))


def test_a_plan_without_steps_takes_no_time() -> None:
    nothing, step = Plan(()), PlannedStep("trainings", 2, Interval(10.0, 9.0, 12.0))
    assert nothing.seconds == Interval(0.0, 0.0, 0.0)
    assert nothing.to_plain()["seconds"] == 0
    assert nothing.then(Plan((step,))).seconds == Plan((step,)).seconds


def test_jobs_share_trainings_and_nothing_else() -> None:
    steps = (
        PlannedStep("steps", 10, Interval(60, 50, 70)),
        PlannedStep("trainings", 3, Interval(30, 24, 36), shared=True),
    )
    assert Plan(steps).seconds == Interval(90, 74, 106)
    assert Plan(steps, jobs=2).seconds == Interval(75, 62, 88)
    assert Plan(steps, jobs=8).seconds == Interval(70, 58, 82)  # of three trainings no more than three at a time
    assert Plan((PlannedStep("steps", 1, Interval(100, 100, 100)),)).seconds == Interval(100, 90, pytest.approx(110))


@pytest.mark.parametrize(
    ("estimator", "wanted"),
    [
        ("score", {"steps of the super network": 12}),
        ("front", {"steps of the super network": 12, "scores read off it, at most": 100, "trainings": 2}),
        ("population", {"trainings": 8}),
    ],
)
def test_a_search_is_counted_by_what_its_estimator_does(
    fashion: ImageData, tmp_path: Path, estimator: str, wanted: dict[str, int]
) -> None:
    (tmp_path / "short.yaml").write_text(to_yaml(replace(RECIPE, epochs=1)))
    front = {"population": 8, "calibration": 2, "recipe": str(tmp_path / "short.yaml")}
    plan = plan_search(quick_config(search={"estimator": estimator, "front": front}), fashion, jobs=2)
    assert {step.what.removesuffix(" by recipe 'short'"): step.count for step in plan.steps} == wanted
    assert 0 < plan.seconds.low < plan.seconds.value < plan.seconds.high
    assert (plan.disk > 0) == (estimator != "population")
    assert plan.memory > 10**8


def test_recipe_auto_is_planned_as_the_one_that_suits_the_number_of_images(fashion: ImageData, few: ImageData) -> None:
    config = quick_config(search={"estimator": "population", "front": {"population": 6, "recipe": "auto"}})
    for images, name in ((fashion, "honest"), (few, "scant")):
        (step,) = plan_search(config, images).steps
        assert step.what == f"trainings by recipe '{name}'"


def invoke(*words: str) -> str:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_commands_say_their_plan_and_write_nothing(tmp_path: Path) -> None:
    (tmp_path / "short.yaml").write_text(to_yaml(RECIPE))
    (tmp_path / "network.yaml").write_text("depth: [1, 1, 1]\nwidth: [8, 8, 8]\n")
    recipe = ("--recipe", str(tmp_path / "short.yaml"), "--dataset", "fashion", "--plan")
    out = ("--out", str(tmp_path / "out"))
    assert "trainings by recipe 'short'" in invoke("train", str(tmp_path / "network.yaml"), *recipe, *out)
    evaluate = ("evaluate", "tiny", "--budget", "1M", "--baseline", "expanded", "--n", "3")
    plan = json.loads(invoke(*evaluate, *recipe, *out, "--json"))
    assert [(step["what"], step["count"]) for step in plan["steps"]] == [
        ("images read", 10_000),
        ("trainings by recipe 'short'", 6),
    ]
    settings = ("--set", "search.epochs=2", "--set", "search.warmup_epochs=1", "--set", "search.steps_per_epoch=3")
    search = ("search", "--space", "tiny", "--dataset", "fashion", "--budget", "1M", "--plan")
    assert "steps of the super network" in invoke(*search, *settings, *out)
    assert not (tmp_path / "out").exists()


def test_what_an_estimator_of_ones_own_does_is_not_planned(fashion: ImageData) -> None:
    with pytest.raises(NetspaceError, match="what estimator 'mine' does is not known, so there is no plan of it"):
        plan_search(quick_config(search={"estimator": "mine"}), fashion)


@pytest.mark.parametrize("images", [100, 540, 2000])
def test_the_steps_that_are_planned_are_those_that_are_taken(fashion: ImageData, images: int) -> None:
    some = replace(fashion, train=ImageSet(fashion.train.images[:images], fashion.train.labels[:images]))
    config = quick_config(search={"estimator": "score", "batch_size": 64, "epochs": 1, "warmup_epochs": 0})
    config = replace(config, search=replace(config.search, steps_per_epoch=None))
    search = SpaceSearch(config, some)
    assert SuperNetworkSteps(config, some, None).count == search.steps
    assert search.steps * search.batch <= len(search.weights_set)


def test_an_infeasible_budget_has_no_plan(fashion: ImageData) -> None:
    config = quick_config(budgets=["900M"], search={"estimator": "population"})
    with pytest.raises(Exception, match="budget 900M .* infeasible"):
        plan_search(config, fashion)


@pytest.mark.parametrize(("seconds", "text"), [(59.6, "60 s"), (119, "119 s"), (600, "10.0 min"), (10_000, "2.8 h")])
def test_a_time_is_written_in_a_unit_that_can_be_read(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_full_training_is_timed_with_the_threads_of_its_process_and_those_of_workers_with_one(
    fashion: ImageData, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(measuring.torch, "set_num_threads", asked.append)
    network = Architecture.of((1, 1, 1), (8, 8, 8))
    plan_training(network, TEMPLATE, fashion, RECIPE, device="cpu")
    assert not asked
    plan_populations([network], TEMPLATE, fashion, RECIPE, device="cpu")
    assert asked == [1, 1]


def test_a_search_that_was_begun_is_planned_from_where_it_stopped(fashion: ImageData, tmp_path: Path) -> None:
    config = quick_config(search={"estimator": "front", "front": {"evaluations": 30}})

    def stop(record: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_spaces(config, tmp_path, images=fashion, on_epoch=stop)
    assert [step.count for step in plan_search(config, fashion, run=Run(tmp_path)).steps] == [8, 30]
    find_spaces(config, tmp_path, images=fashion)
    assert not plan_search(config, fashion, run=Run(tmp_path)).steps


def test_trainings_of_a_search_that_are_done_are_not_planned_again(tmp_path: Path) -> None:
    config = quick_config(search={"estimator": "population"})
    networks = calibration_left(config, TEMPLATE, 5, None)
    store = Run(tmp_path).store("calibration")
    store.create(recipe="r", data="d", template="t")
    store.add(plan_drawn("calibration", TEMPLATE.points(networks), TEMPLATE, seed=0))
    for network, architecture, seed in store.claims(2):
        costs = cost(architecture, TEMPLATE)
        store.finish(network, TrainedNetwork(architecture, costs, seed, "r", "d", "diverged", reason="lost"))
    assert calibration_left(config, TEMPLATE, 5, Run(tmp_path)) == networks[2:]
    assert networks_left(store, TEMPLATE) == networks[2:]
