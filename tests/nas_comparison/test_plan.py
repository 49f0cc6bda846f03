"""What a comparison of NAS would take: what is done is left out, and networks in band stand for those not chosen."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from netspace import NetspaceError, find_spaces
from netspace.analysis import Interval
from netspace.cli.main import app
from netspace.documents import to_yaml
from netspace.finding import Deadline
from netspace.nas_comparison import NasComparison, compare_nas, open_comparison, plan, plan_comparison, seeds_within
from netspace.planning import Plan, PlannedStep, glance
from netspace.runs import Run
from netspace.settings import NasSettings, Recipe
from tests.conftest import quick_config

RECIPE = Recipe("test", epochs=1, batch_size=32, warmup_epochs=0, train_images=256, validation_share=0.25)
SETTINGS = NasSettings(samples=1, candidates=3)
ASKED: dict[str, Any] = {"recipe": RECIPE, "settings": SETTINGS, "seeds": 1}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    find_spaces(quick_config(budgets=["3M"], tolerance=0.6), folder)
    return folder


@pytest.fixture(scope="module")
def silent(run: Path) -> Path:
    """A whole comparison that nobody was told of."""
    return compare_nas(run, **ASKED, out=run / "silent")


def counts(run: Path, **asked: Any) -> list[int]:
    return [step.count for step in plan_comparison(open_comparison(run, **asked)).steps]


def test_all_of_a_comparison_is_counted_before_it_and_nothing_written(run: Path, tmp_path: Path) -> None:
    before = sorted(run.rglob("*"))
    assert counts(run, **ASKED, out=tmp_path / "table") == [2 * 3, 2]
    assert sorted(run.rglob("*")) == before
    assert not (tmp_path / "table").exists()


def test_what_is_done_is_left_out(run: Path, silent: Path, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(found: object) -> None:
        raise StopError

    out = tmp_path / "table"
    with pytest.raises(StopError):
        compare_nas(run, **ASKED, out=out, on_found=stop)
    assert counts(run, **ASKED, out=out) == [3, 2]  # a network that was chosen is still to be trained
    assert counts(run, **ASKED, out=silent) == [0]


def test_a_method_that_moves_logits_has_their_steps_too(run: Path, tmp_path: Path) -> None:
    settings = NasSettings(method="differentiable", samples=1, candidates=3, steps=50)
    asked = {**ASKED, "settings": settings}
    assert counts(run, **asked, out=tmp_path / "table") == [2 * 3, 2 * 50, 2]


def test_measuring_leaves_what_is_found_as_it_is(
    run: Path, silent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glance, "SOON", 0.0)
    monkeypatch.setattr(glance, "SHARE", 1.0)
    said: list[str] = []
    compare_nas(run, **ASKED, out=tmp_path / "planned", on_note=said.append)
    assert [line.partition(" ")[0] for line in said] == ["plan:", "took"]
    assert "6 scores and 2 trainings" in said[0]
    planned = tmp_path / "planned"
    assert (planned / "nas.json").read_text() == (silent / "nas.json").read_text()
    errors = [[row["test_error"] for row in Run(folder).store().rows()] for folder in (planned, silent)]
    assert errors[0] == errors[1]


@pytest.fixture
def ten_seconds_each(monkeypatch: pytest.MonkeyPatch) -> None:
    def planned(comparison: NasComparison) -> Plan:
        store = Run(comparison.folder).store()
        trained = len(store.rows()) if store.begun else 0
        seconds = 10.0 * (2 * comparison.seeds - trained)
        return Plan((PlannedStep("trainings", 1, Interval(seconds, seconds, seconds)),))

    monkeypatch.setattr(plan, "plan_comparison", planned)


@pytest.mark.usefixtures("ten_seconds_each")
def test_short_of_time_there_are_fewer_seeds_and_the_same_command_adds_the_others(
    run: Path, silent: Path, tmp_path: Path
) -> None:
    asked, said = {**ASKED, "seeds": 3, "out": tmp_path / "table"}, []
    with pytest.raises(NetspaceError, match=r"take about 10s here, and 2 of them are the least; give 2\ds or more"):
        seeds_within(Deadline(22), open_comparison(run, **asked))
    assert not (tmp_path / "table").exists()
    compare_nas(run, **asked, deadline=Deadline(40), on_note=said.append)
    assert said == ["within 40s: seeds 1 instead of 3"]
    assert (tmp_path / "table" / "nas.json").read_text() == (silent / "nas.json").read_text()
    assert seeds_within(Deadline(1e-9), open_comparison(run, **asked)).seeds == 1  # it is there, whatever the time
    assert seeds_within(Deadline(28), open_comparison(run, **asked)).seeds == 2
    assert seeds_within(None, open_comparison(run, **asked)).seeds == 3


@pytest.mark.usefixtures("ten_seconds_each")
def test_networks_that_are_chosen_and_not_trained_take_their_time_too(run: Path, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(found: dict[str, Any]) -> None:
        if (found["side"], found["place"]) == ("nas-expanded", 1):
            raise StopError

    asked = {**ASKED, "seeds": 2, "out": tmp_path / "table"}
    with pytest.raises(StopError):
        compare_nas(run, **asked, on_found=stop)
    opened = open_comparison(run, **{**asked, "seeds": 3})
    assert not opened.left(opened.found())[0].seed < 2  # four NAS are done, and no network is trained
    with pytest.raises(NetspaceError, match=r"take about 10s here, and 4 of them are the least; give 4\ds or more"):
        seeds_within(Deadline(44), opened)
    assert seeds_within(Deadline(50), opened).seeds == 2
    assert seeds_within(Deadline(70), opened).seeds == 3


def test_the_command_prints_it(run: Path, tmp_path: Path) -> None:
    (tmp_path / "short.yaml").write_text(to_yaml(RECIPE))
    words = ["table", str(run), "--recipe", str(tmp_path / "short.yaml"), "--candidates", "3", "--plan"]
    done = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "table"), "--json"])
    assert done.exit_code == 0, done.output
    plan = json.loads(done.stdout)
    assert [(step["what"], step["count"]) for step in plan["steps"][1:]] == [
        ("scores of NAS (random)", 18),
        ("trainings by recipe 'test'", 6),
    ]
    assert plan["seconds"] > 0
    assert plan["memory"] > 0
    assert (plan["device"], plan["precision"]) == ("cpu", "32-true")
    done = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "table")])
    assert "scores of NAS (random)" in done.stdout
