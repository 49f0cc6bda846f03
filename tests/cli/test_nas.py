"""The command nas as a user meets it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from netspace import Budget, find_spaces
from netspace.cli.main import app
from netspace.cost import Constraint, all_costs, format_amount
from netspace.records import load_architecture, load_elite
from tests.commands import netspace
from tests.conftest import quick_config


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    find_spaces(quick_config(budgets=["3M"], tolerance=0.6), folder)
    return folder


def test_nas_in_an_elite_writes_the_best_architectures_into_the_run(run: Path) -> None:
    elite = str(run / "elite-3M.yaml")
    done = netspace("nas", elite, "--run", str(run), "--samples", "2", "--candidates", "4", "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert [Path(a["file"]).name for a in value["architectures"]] == ["architecture-1.yaml", "architecture-2.yaml"]
    assert Path(value["architectures"][0]["file"]).parent == run / "nas" / "elite-3M-random"
    first = load_architecture(Path(value["architectures"][0]["file"]))
    assert list(first.depth) == value["architectures"][0]["depth"]
    assert first.provenance is not None
    assert first.provenance["space"] == elite
    assert first.cost is not None
    assert 1.2e6 <= first.cost.flops <= 4.8e6


def test_nas_takes_a_whole_search_space_with_a_budget_and_prints_a_table(run: Path) -> None:
    given = ["--run", str(run), "--budget", "2M", "--method", "evolution", "--samples", "1", "--candidates", "4"]
    done = netspace("nas", "tiny", *given)
    assert done.returncode == 0, done.stderr
    assert "Best of" in done.stdout
    assert "tiny-2M-evolution" in done.stdout
    assert "draws until one is in band" in done.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["tiny"], "give --budget"),
        (["small", "--budget", "2M"], "exceeds what the run searched"),
        (["tiny", "--budget", "1G"], "infeasible"),
        (["tiny", "--budget", "2M", "--samples", "50"], "samples 50 exceed candidates 40"),
    ],
)
def test_nas_says_what_is_wrong_in_one_line(run: Path, args: list[str], message: str) -> None:
    done = netspace("nas", *args, "--run", str(run))
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not done.stdout


def test_table_prints_markdown_and_json_of_what_it_trained(run: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "name: test\nepochs: 1\nbatch_size: 32\nwarmup_epochs: 0\ntrain_images: 256\nvalidation_share: 0.25\n"
    )
    given = ["table", str(run), "--recipe", str(recipe), "--seeds", "1", "--candidates", "2", "--budgets", "3M"]
    done = netspace(*given, "--format", "markdown", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert "| 3M |" in done.stdout
    assert "nas-expanded at 3M, seed 0" in done.stderr
    again = netspace(*given, "--json")
    cells = json.loads(again.stdout)
    assert [(cell["side"], cell["seeds"]) for cell in cells] == [("nas-elite", 1), ("nas-expanded", 1)]
    assert "nas-expanded at 3M" not in again.stderr


def test_a_table_whose_networks_all_diverged_says_so(run: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "wild.yaml"
    recipe.write_text(
        "name: wild\nepochs: 1\nbatch_size: 32\nwarmup_epochs: 0\ntrain_images: 256\nlearning_rate: 1.0e+12\n"
    )
    given = ["table", str(run), "--recipe", str(recipe), "--seeds", "1", "--candidates", "1", "--budgets", "3M"]
    done = netspace(*given, "--out", str(tmp_path / "out"))
    assert "2 of 2 trainings went wrong and are left out: 2 with 'the loss is" in done.stderr


def test_table_asks_for_named_budgets_with_the_runs_tolerance_and_further_bounds(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr("netspace.nas_comparison.compare_nas", lambda run, **given: asked.update(given))
    assert CliRunner().invoke(app, ["table", str(run), "--budgets", "2M", "--max-flash", "60K"]).exit_code == 0
    assert asked["budgets"] == [Budget(2_000_000, 0.6, constraints=(Constraint("flash", 60_000),))]


def test_nas_shows_each_cost_that_is_bounded(run: Path) -> None:
    given = ["--run", str(run), "--samples", "1", "--candidates", "4", "--max-flash", "60K", "--out", str(run / "own")]
    done = CliRunner().invoke(app, ["nas", str(run / "elite-3M.yaml"), *given], env={"COLUMNS": "180"})
    assert done.exit_code == 0, done.output
    picked = load_architecture(run / "own" / "architecture-1.yaml")
    flash = all_costs(picked.architecture, load_elite(run / "elite-3M.yaml").template)["flash"]
    assert flash <= 60_000
    assert format_amount(flash, "flash") in done.stdout
