"""The command front as a user meets it; in this process, since each start of another one costs seconds."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from netspace import CostModel, NetspaceError, find_spaces, load_elite
from netspace.cli.main import app
from netspace.documents import to_plain
from netspace.records import NetworkStore
from netspace.runs import Run
from tests.conftest import quick_config


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    find_spaces(quick_config(budgets=["2M"]), folder)
    # Scores that a super network trained for longer could give; making them has its test in tests/search.
    opened = Run(folder)
    file = opened.score_file
    points = opened.space.full.draw(40, rng=np.random.default_rng(0))
    file.claim({"seed": 0})
    for point, cost in zip(points, CostModel(opened.template)(points), strict=True):
        file.append(point, 1 - 0.05 * np.log(cost) + 0.02 * np.log(point[1]))
    file.finish(40, saturated=False)
    return folder


def front(run: Path, *args: str) -> Result:
    return CliRunner().invoke(app, ["front", str(run), *args])


def test_front_answers_any_budget_from_the_scores_that_are_there(run: Path) -> None:
    first = front(run, "--evaluations", "40", "--refine", "--json")
    assert first.exit_code == 0, first.output
    value = json.loads(first.stdout)
    assert value["signal"] == "supernet"
    assert "how they rank stand-alone trainings is not known" in value["warnings"][-1]
    (answer,) = value["budgets"]
    elite = load_elite(Path(answer["file"]))
    assert elite.provenance.estimator.startswith("front (supernet, ")
    assert len(elite.candidates) == len(answer["spaces"]) + 1
    assert answer["refined"]["hit_rate"][1] >= answer["refined"]["hit_rate"][0]
    second = front(run, "--evaluations", "40", "--budget", "3M", "--budget", "4M", "--top", "2")
    assert second.exit_code == 0, second.output
    assert second.stderr == ""
    assert "Spaces at 3M" in second.stdout
    assert "Front of predicted error against FLOPs" in second.stdout
    assert (run / "front" / "elite-4M.yaml").exists()


def test_front_trains_a_calibration_of_its_own_and_takes_it_in_again(tmp_path: Path) -> None:
    recipe = tmp_path / "short.yaml"
    recipe.write_text("name: short\nepochs: 1\nbatch_size: 32\nwarmup_epochs: 0\ntrain_images: 100\n")
    front_settings = {"population": 8, "recipe": str(recipe)}
    folder = tmp_path / "run"
    find_spaces(quick_config(search={"estimator": "population", "front": front_settings}), folder)
    more = front(folder, "--calibrate-n", "10", "--json")  # by the recipe of the run's own trainings
    assert more.exit_code == 0, more.output
    assert "trainings 10/10" in more.stderr
    value = json.loads(more.stdout)
    assert value["signal"] == "population"
    assert len(NetworkStore(folder / "calibration").rows()) == 10
    again = front(folder, "--json")
    assert "trainings 1" not in again.stderr
    assert json.loads(again.stdout)["budgets"] == value["budgets"]


def test_front_leaves_its_last_answer_as_data(run: Path) -> None:
    printed = json.loads(front(run, "--evaluations", "40", "--top", "2", "--json").stdout)
    kept = json.loads((run / "front" / "front.json").read_text())
    (answer,), (shown,) = kept["budgets"], printed["budgets"]
    assert answer["spaces"][:2] == shown["spaces"]
    assert len(answer["spaces"]) > len(shown["spaces"]) == 2
    assert {**kept, "budgets": []} == {**printed, "budgets": []}
    able = answer["able"]
    assert able["errors"] == sorted(able["errors"])
    assert able["errors"][0] == pytest.approx(answer["spaces"][0]["error"]["value"], abs=1e-6)
    assert len(able["errors"]) == min(able["spaces"], 150)
    assert answer["searched"]["space"] == to_plain(load_elite(run / "elite-2M.yaml").candidates[0].space)
    assert front(run, "--evaluations", "40", "--budget", "3M").exit_code == 0
    (other,) = json.loads((run / "front" / "front.json").read_text())["budgets"]
    assert (other["budget"], other["searched"]) == ("3M", None)
    assert other["band"] == [2_700_000, 3_300_000]


def test_a_further_budget_loads_nothing_that_it_does_not_need(run: Path) -> None:
    assert front(run, "--evaluations", "40").exit_code == 0  # the models are compared here
    arguments = ["netspace", "front", str(run), "--evaluations", "40", "--budget", "3M"]
    code = (
        f"import sys; sys.argv = {arguments!r}\n"
        "from netspace.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "loaded = {'torch', 'sklearn', 'scipy.stats', 'matplotlib', 'plotly'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--budget", "5G"], "infeasible"),
        (["--budget", "2M", "--budget", "2e6"], "budgets 2M, 2e6 name one target twice; give each once"),
        (["--signal", "population"], "signal 'population' needs 6 or more"),
        (["--calibrate", "nowhere"], "nowhere holds no trained networks"),
    ],
)
def test_front_says_what_is_wrong(run: Path, args: list[str], message: str) -> None:
    error = front(run, *args).exception
    assert isinstance(error, NetspaceError)
    assert message in str(error)
