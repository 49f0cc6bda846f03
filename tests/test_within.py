"""What fits into a time limit: fewer epochs of a training, fewer networks of an evaluation, less of the paper."""

from collections import Counter
from dataclasses import replace
from itertools import chain, repeat
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
from netspace.finding import Deadline, limit
from netspace.paper import PaperExperiment
from netspace.planning import Plan, PlannedStep
from netspace.records import NetworkStore
from netspace.records.database import writing

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
    budget = () if "--budget" in args else ("--budget", "200K")
    words = ["evaluate", "tiny", *budget, "--dataset", "fashion", "--image-size", "8", "--device", "cpu"]
    words += ["--recipe", str(folder / "recipe.yaml"), "--n", "6", "--jobs", "1", "--out", str(folder / "out")]
    return netspace(*words, *args)


def train(folder: Path, *args: str) -> Result:
    (folder / "network.yaml").write_text("depth: [1, 1, 1]\nwidth: [4, 4, 4]\n")
    (folder / "recipe.yaml").write_text(RECIPE.format(14))
    words = ["train", str(folder / "network.yaml"), "--dataset", "fashion", "--image-size", "8", "--device", "cpu"]
    return netspace(*words, "--recipe", str(folder / "recipe.yaml"), "--out", str(folder / "out"), *args)


@pytest.mark.parametrize(("seconds", "epochs"), [(2000, 100), (60.5, 54), (12, 10)])
@pytest.mark.usefixtures("each")
def test_a_training_has_as_many_epochs_as_there_is_time_for(seconds: float, epochs: int) -> None:
    recipe = load_recipe("standard", ("epochs=100",))
    assert within.recipe_within(Deadline(seconds), recipe) == replace(recipe, epochs=epochs)


@pytest.mark.usefixtures("each")
def test_a_time_for_less_than_a_schedule_is_refused_with_what_would_do(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, clock = load_recipe("standard", ("epochs=100",)), [0.0]
    monkeypatch.setattr(limit.time, "monotonic", lambda: clock[0])
    with pytest.raises(NetspaceError, match=r"takes about 1s here, and a schedule needs 10; give 12s or more, or a re"):
        within.recipe_within(Deadline(11), recipe)
    rising = replace(recipe, warmup_epochs=20)
    with pytest.raises(NetspaceError, match=r"a schedule needs 21; give 24s or more"):
        within.recipe_within(Deadline(20), rising)
    deadline = Deadline(21)
    clock[0] = 15.0  # what has passed before it is said counts, or whoever gives what is asked for is refused again
    with pytest.raises(NetspaceError, match=r"limit of 21s is too short: .* give 27s or more"):
        within.recipe_within(deadline, recipe)


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
    fewer = train(tmp_path, "--set", "epochs=8", "--time-limit", "30s")
    assert "recipe.epochs (10 there, 8 here)" in str(fewer.exception)
    assert "goes on" not in fewer.stderr


@pytest.mark.usefixtures("each")
def test_an_evaluation_has_fewer_networks_and_the_same_command_adds_the_rest(tmp_path: Path) -> None:
    limited = evaluate(tmp_path, "--time-limit", "350s")
    assert limited.exit_code == 0, limited.output
    assert "within 6m: 3 networks of each population instead of 6" in limited.stderr
    store = NetworkStore(tmp_path / "out")
    few = store.rows()
    assert [row["place"] for row in few] == [0, 1, 2]
    assert evaluate(tmp_path).exit_code == 0
    assert store.rows()[:3] == few
    assert len(store.rows()) == 6
    assert evaluate(tmp_path, "--time-limit", "1s").exit_code == 0  # there is nothing to do


@pytest.mark.usefixtures("each")
def test_a_time_without_two_networks_of_each_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    done = evaluate(tmp_path, "--time-limit", "190s", "--baseline", "expanded")
    assert isinstance(done.exception, NetspaceError)
    told = "takes about 100s here, and two networks of each population are 4 of them; give 7m or more"
    assert told in str(done.exception)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def over(each: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that is too hopeful: time is over when it is made, before the first network is trained."""
    each["training"] = 1e-3
    left = chain(repeat(10.0, 5), repeat(-1.0))
    monkeypatch.setattr(Deadline, "left", property(lambda _: next(left)))


@pytest.mark.usefixtures("over")
def test_networks_that_would_end_too_late_are_left_out_evenly_and_said(tmp_path: Path) -> None:
    done = evaluate(tmp_path, "--time-limit", "10s", "--baseline", "expanded")
    assert done.exit_code == 0, done.output
    rows = NetworkStore(tmp_path / "out").rows()
    assert 4 <= len(rows) < 12
    assert {row["status"] for row in rows} == {"ok"}
    counts = [sum(row["population"] == name for row in rows) for name in ("tiny-200K", "expanded-200K")]
    assert max(counts) - min(counts) <= 1
    assert f"time was up before {12 - len(rows)} more networks" in done.stderr


def test_a_new_population_has_two_networks_however_many_an_earlier_one_has(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    assert evaluate(tmp_path).exit_code == 0
    request.getfixturevalue("over")
    done = evaluate(tmp_path, "--time-limit", "10s", "--baseline", "expanded")
    assert done.exit_code == 0, done.output
    counts = Counter(row["population"] for row in NetworkStore(tmp_path / "out").rows())
    assert counts == {"tiny-200K": 6, "expanded-200K": counts["expanded-200K"]}
    assert 2 <= counts["expanded-200K"] < 6


@pytest.mark.usefixtures("each")
def test_what_waits_for_others_in_the_folder_counts(tmp_path: Path) -> None:
    assert evaluate(tmp_path).exit_code == 0
    with writing(NetworkStore(tmp_path / "out").file) as db:
        db.execute("UPDATE networks SET status = 'waiting', seconds = NULL WHERE place > 2")
    done = evaluate(tmp_path, "--time-limit", "499s", "--budget", "300K")
    assert "two networks of each population and 3 others that wait here are 5 of them" in str(done.exception)
    done = evaluate(tmp_path, "--time-limit", "650s", "--budget", "300K")
    assert "3 networks of each population instead of 6" in done.stderr


class Planned(PaperExperiment):
    """An experiment whose search takes 100 s, and each network and each of Table 1's 10 s, at the whole share."""

    def plan(self, images: ImageData) -> Plan:
        effort = max(self.share / 0.01, 0.1)
        seconds = [100 * effort, 10 * effort * self.n, 20 * effort]
        return Plan(tuple(PlannedStep("trainings", 1, Interval(s, s, s)) for s in seconds))


@pytest.fixture(scope="module")
def images() -> ImageData:
    return load_images(DataSettings("fashion", image_size=8))


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that stands."""
    monkeypatch.setattr(limit.time, "monotonic", lambda: 0.0)


def planned(out: Path, images: ImageData, **changes: Any) -> Planned:
    given: dict[str, Any] = {"space": "tiny", "faithful": True, **changes}
    return Planned(images.settings, ("200K",), out / "paper", **given)


@pytest.mark.parametrize(
    ("seconds", "n", "share"),
    [(900, 16, 0.01), (222, 7, 0.01), (183, 4, 0.01), (111, 4, 0.0062), (60, 4, 0.0031), (21, 4, 0.0011)],
)
@pytest.mark.usefixtures("still")
def test_the_paper_has_fewer_networks_first_and_then_a_smaller_share(
    tmp_path: Path, images: ImageData, seconds: float, n: int, share: float
) -> None:
    chosen = planned(tmp_path, images).within(Deadline(seconds), images)
    assert (chosen.n, chosen.share) == (n, share)
    chosen.begin(images)
    assert read_yaml(tmp_path / "paper" / "paper.yaml")["time_limit"] == seconds
    again = planned(tmp_path, images, n=9)
    assert again.within(Deadline(seconds), images) == chosen  # what is begun is what counts
    with pytest.raises(NetspaceError, match=r"was begun within .*, not within 60m; go on as before"):
        again.within(Deadline(3600), images)
    replace(chosen, n=20, time_limit=None).begin(images)  # more networks, without a limit
    assert again.within(Deadline(seconds), images) == chosen


@pytest.mark.parametrize("share", [0.02, 0.03, 0.05, 1.0])
@pytest.mark.usefixtures("still")
def test_any_share_is_cut_until_it_fits(tmp_path: Path, images: ImageData, share: float) -> None:
    experiment = planned(tmp_path, images, share=share)
    room = experiment.plan(images).seconds.value / 2
    chosen = experiment.within(Deadline(room), images)
    assert 0.7 * room < chosen.plan(images).seconds.value < 0.9 * room


@pytest.mark.usefixtures("still")
def test_the_paper_says_how_long_its_shortest_trainings_take(tmp_path: Path, images: ImageData) -> None:
    with pytest.raises(NetspaceError, match=r"4 networks of each budget, .* take about 16s here; give 18s or more"):
        planned(tmp_path, images).within(Deadline(12), images)
    assert not (tmp_path / "paper").exists()


def test_a_limit_is_not_given_to_a_paper_that_was_begun_without(tmp_path: Path, images: ImageData) -> None:
    planned(tmp_path, images).begin(images)
    with pytest.raises(NetspaceError, match="was begun without a time limit, not within 60m"):
        planned(tmp_path, images).within(Deadline(3600), images)
