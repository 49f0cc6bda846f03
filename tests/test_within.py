"""What fits into a time limit: fewer epochs of a training, fewer networks of an evaluation, less of the paper."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from netspace import DataSettings, NetspaceError, within
from netspace.analysis import Interval
from netspace.cli.main import app
from netspace.config import load_recipe
from netspace.data import ImageData, load_images
from netspace.documents import read_yaml
from netspace.finding import limit
from netspace.finding.limit import seconds_done
from netspace.paper import PaperExperiment
from netspace.planning import Plan, PlannedStep
from netspace.records import NetworkStore

RECIPE = "name: test\nepochs: {}\nbatch_size: 32\nwarmup_epochs: 0\ntrain_images: 256\nvalidation_share: 0.25\n"


def plan_of(seconds: float) -> Plan:
    return Plan((PlannedStep("trainings", 1, Interval(seconds, seconds, seconds)),))


@pytest.fixture
def each(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Seconds that a training is planned to take."""
    seconds = {"training": 100.0}

    def populations(networks: list[Any], *_: object, **__: object) -> Plan:
        return plan_of(len(networks) * seconds["training"])

    monkeypatch.setattr(within, "plan_populations", populations)
    monkeypatch.setattr(within, "plan_training", lambda **_: plan_of(seconds["training"]))
    return seconds


def netspace(*args: str) -> Result:
    return CliRunner().invoke(app, args)


def evaluate(folder: Path, *args: str) -> Result:
    (folder / "recipe.yaml").write_text(RECIPE.format(1))
    words = ["evaluate", "tiny", "--budget", "200K", "--dataset", "fashion", "--image-size", "8", "--device", "cpu"]
    words += ["--recipe", str(folder / "recipe.yaml"), "--n", "6", "--jobs", "1", "--out", str(folder / "out")]
    return netspace(*words, *args)


def train(folder: Path, *args: str) -> Result:
    (folder / "network.yaml").write_text("depth: [1, 1, 1]\nwidth: [4, 4, 4]\n")
    (folder / "recipe.yaml").write_text(RECIPE.format(14))
    words = ["train", str(folder / "network.yaml"), "--dataset", "fashion", "--image-size", "8", "--device", "cpu"]
    return netspace(*words, "--recipe", str(folder / "recipe.yaml"), "--out", str(folder / "out"), *args)


@pytest.mark.parametrize(("seconds", "epochs"), [(2000, 100), (60, 54), (12, 10)])
@pytest.mark.usefixtures("each")
def test_a_training_has_as_many_epochs_as_there_is_time_for(seconds: float, epochs: int) -> None:
    recipe = load_recipe("standard", ("epochs=100",))
    assert within.recipe_within(seconds, recipe) == replace(recipe, epochs=epochs)


@pytest.mark.usefixtures("each")
def test_a_time_for_less_than_a_schedule_is_refused_with_what_would_do() -> None:
    recipe = load_recipe("standard", ("epochs=100",))
    with pytest.raises(NetspaceError, match=r"takes about 1s here, and a schedule needs 10; give 12s or more"):
        within.recipe_within(11, recipe)
    rising = replace(recipe, warmup_epochs=20)
    with pytest.raises(NetspaceError, match=r"a schedule needs 21; give 24s or more"):
        within.recipe_within(20, rising)


@pytest.mark.usefixtures("each")
def test_a_training_goes_on_with_the_epochs_that_it_was_begun_with(tmp_path: Path) -> None:
    first = train(tmp_path, "--time-limit", "86s")
    assert first.exit_code == 0, first.output
    assert "10 epochs instead of 14" in first.stderr
    assert "at epoch 10 of 10" in first.stdout
    again = train(tmp_path, "--time-limit", "30s")  # another time: what is begun is what counts
    assert again.exit_code == 0, again.output
    assert "was begun with 10 epochs, and goes on with them" in again.stderr
    assert again.stdout == first.stdout
    assert isinstance(train(tmp_path).exception, NetspaceError)  # 14 epochs are another training


@pytest.mark.usefixtures("each")
def test_an_evaluation_has_fewer_networks_and_the_same_command_adds_the_rest(tmp_path: Path) -> None:
    limited = evaluate(tmp_path, "--time-limit", "350s")
    assert limited.exit_code == 0, limited.output
    assert "within 350s: 3 networks of each population instead of 6" in limited.stderr
    store = NetworkStore(tmp_path / "out")
    few = store.rows()
    assert [row["place"] for row in few] == [0, 1, 2]
    assert evaluate(tmp_path).exit_code == 0
    assert store.rows()[:3] == few
    assert len(store.rows()) == 6


@pytest.mark.usefixtures("each")
def test_a_time_without_two_networks_of_each_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    done = evaluate(tmp_path, "--time-limit", "190s", "--baseline", "expanded")
    assert isinstance(done.exception, NetspaceError)
    assert "takes about 100s here, and two networks of each population are 4 of them; give 7m" in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_networks_that_would_end_too_late_are_left_out_evenly(
    tmp_path: Path, each: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    each["training"] = 0.1  # it was too hopeful
    monkeypatch.setattr(limit, "seconds_done", lambda *args: [1.6 for _ in seconds_done(*args)])
    done = evaluate(tmp_path, "--time-limit", "6s", "--baseline", "expanded")
    assert done.exit_code == 0, done.output
    rows = NetworkStore(tmp_path / "out").rows()
    assert 4 <= len(rows) < 12
    assert {row["status"] for row in rows} == {"ok"}
    counts = [sum(row["population"] == name for row in rows) for name in {row["population"] for row in rows}]
    assert max(counts) - min(counts) <= 1


class Planned(PaperExperiment):
    """An experiment whose search takes 100 s, and each network and each of Table 1's 10 s, at the whole share."""

    def plan(self, images: ImageData) -> Plan:
        effort = max(self.share / 0.01, 0.1)
        seconds = [100 * effort, 10 * effort * self.n, 20 * effort]
        return Plan(tuple(PlannedStep("trainings", 1, Interval(s, s, s)) for s in seconds))


@pytest.fixture(scope="module")
def images() -> ImageData:
    return load_images(DataSettings("fashion", image_size=8))


@pytest.mark.parametrize(
    ("seconds", "n", "share"), [(900, 16, 0.01), (200, 7, 0.01), (165, 4, 0.01), (100, 4, 0.006), (20, 4, 0.001)]
)
def test_the_paper_has_fewer_networks_first_and_then_a_smaller_share(
    tmp_path: Path, images: ImageData, seconds: float, n: int, share: float
) -> None:
    experiment = Planned(images.settings, ("200K",), tmp_path / "paper", space="tiny", faithful=True)
    chosen = experiment.within(seconds, images)
    assert (chosen.n, chosen.share) == (n, share)
    chosen.begin(images)
    assert read_yaml(tmp_path / "paper" / "paper.yaml")["time_limit"] == seconds
    assert replace(experiment, n=9).within(seconds, images) == chosen  # what is begun is what counts


def test_the_paper_says_how_long_its_shortest_trainings_take(tmp_path: Path, images: ImageData) -> None:
    experiment = Planned(images.settings, ("200K",), tmp_path / "paper", space="tiny", faithful=True)
    with pytest.raises(NetspaceError, match=r"4 networks of each budget, with as few images .* take about 16s here"):
        experiment.within(12, images)
    assert not (tmp_path / "paper").exists()
