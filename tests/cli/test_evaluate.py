"""The commands evaluate, results and fidelity as a user meets them."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from netspace import Architecture, cost, find_spaces, load_elite, load_search_space
from netspace.documents import parse_yaml
from tests.commands import netspace
from tests.conftest import quick_config

RECIPE = "name: test\nepochs: 1\nbatch_size: 32\nwarmup_epochs: 0\ntrain_images: 256\nvalidation_share: 0.25\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    (folder / "recipe.yaml").write_text(RECIPE)
    # A wide tolerance, so that the space of a search this short has members in band.
    find_spaces(quick_config(budgets=["3M"], tolerance=0.6), folder / "run")
    return folder


def evaluate(run: Path, *args: str) -> list[str]:
    elite, recipe = str(run / "run" / "elite-3M.yaml"), str(run / "recipe.yaml")
    return ["evaluate", elite, "--dataset", "fashion", "--recipe", recipe, "--n", "3", "--jobs", "2", *args]


def test_evaluate_compares_an_elite_with_baselines_and_results_exports_the_rows(run: Path) -> None:
    out = str(run / "evaluation")
    given = [*evaluate(run, "--out", out), "--baseline", "expanded", "--baseline", "uniform-width"]
    done = netspace(*given, "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert {p["name"]: p["n"] for p in value["populations"]} == {"elite-3M": 3, "expanded-3M": 3, "uniform-width-3M": 3}
    assert {(c["a"], c["b"]) for c in value["comparisons"]} == {
        ("elite-3M", "expanded-3M"),
        ("elite-3M", "uniform-width-3M"),
    }
    stands = {s["name"]: s for s in value["standings"]}
    assert stands["uniform-width-3M"]["samples"] is None
    needed = stands["expanded-3M"]["samples"]
    about = parse_yaml((run / "evaluation" / "evaluation.yaml").read_text(), "evaluation")["populations"]
    assert about["expanded-3M"]["members"] == 512
    assert needed["in_band"] == 512 / about["expanded-3M"]["in_band"]
    assert needed["n"] == 3
    assert min(s["mean_distance"] for s in stands.values()) >= 0
    assert all(0 <= c["beats"]["low"] <= c["beats"]["value"] <= c["beats"]["high"] <= 1 for c in value["comparisons"])
    last = done.stderr.splitlines()[-1]
    assert last.startswith("networks 9/9  ETA 0 s  0 failed, best validation error ")
    shown = netspace("results", out)
    assert "P(A beats B)" in shown.stdout
    assert "within 1 point of error of the front" in shown.stdout
    assert "within 2.5 points of error of the front" in netspace("results", out, "--near", "2.5").stdout
    rows = json.loads(netspace("results", out, "--format", "json").stdout)
    assert rows == value["networks"]
    assert len(list(csv.DictReader(io.StringIO(netspace("results", out, "--format", "csv").stdout)))) == 9
    file = run / "rows.parquet"
    assert netspace("results", out, "--format", "parquet", "--out", str(file)).returncode == 0
    assert pq.read_table(file).num_rows == 9


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--recipe", "quik"], "unknown recipe 'quik', did you mean 'quick'?"),
        (["--n", "99999"], "ask for fewer"),
        (["--budget", "1G"], "infeasible"),
        (["--budget", "3M", "--budget", "3e6"], "--budget 3M and 3e6: give one; run the command again for another"),
        (["--space", "tinny"], "did you mean 'tiny'?"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_folder(run: Path, tmp_path: Path, args: list[str], message: str) -> None:
    done = netspace(*evaluate(run, "--out", str(tmp_path / "out")), *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_data_that_the_space_was_not_searched_on_are_refused(run: Path, tmp_path: Path, image_folder: Path) -> None:
    done = netspace(*evaluate(run, "--out", str(tmp_path / "out")), "--dataset", str(image_folder))
    assert done.returncode == 2
    assert "(28, 1, 3), but the space was searched for (28, 1, 10)" in done.stderr


def test_a_plain_space_is_evaluated_at_a_budget_and_needs_one(run: Path, tmp_path: Path) -> None:
    recipe = ["--dataset", "fashion", "--recipe", str(run / "recipe.yaml"), "--n", "2", "--out", str(tmp_path / "out")]
    done = netspace("evaluate", "tiny", *recipe)
    assert done.returncode == 2
    assert "tiny is no elite file and has no budget; give --budget" in done.stderr
    done = netspace("evaluate", "tiny", *recipe, "--budget", "1M", "--image-size", "16", "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert [p["name"] for p in value["populations"]] == ["tiny-1M"]
    network = Architecture.of(value["networks"][0]["depth"], value["networks"][0]["width"])
    template = load_search_space("tiny").template(16, 1, 10)
    assert cost(network, template).flops == value["networks"][0]["flops"]


def test_two_elites_of_one_budget_are_compared_under_names_that_tell_them_apart(run: Path, tmp_path: Path) -> None:
    elite, front = load_elite(run / "run" / "elite-3M.yaml"), tmp_path / "front"
    front.mkdir()
    replace(elite, provenance=replace(elite.provenance, estimator="front (both, linear ridge)")).save(front)
    given = ["evaluate", str(run / "run" / "elite-3M.yaml"), str(front / elite.filename), "--dataset", "fashion"]
    given += ["--recipe", str(run / "recipe.yaml"), "--n", "2", "--out", str(tmp_path / "out"), "--json"]
    done = netspace(*given, "--image-size", "16")
    assert done.returncode == 2
    assert "leave out --image-size" in done.stderr
    value = json.loads(netspace(*given).stdout)
    assert [(c["a"], c["b"]) for c in value["comparisons"]] == [("elite-3M-front", "elite-3M-run")]
    by = {p["name"]: p for p in value["populations"]}
    assert by["elite-3M-front"]["estimator"] == "front (both, linear ridge)"
    assert by["elite-3M-run"] | {"kind": "elite", "budget": "3M", "tolerance": 0.6, "run": "run"} == by["elite-3M-run"]


def test_a_space_that_is_given_twice_is_refused(run: Path, tmp_path: Path) -> None:
    elite = str(run / "run" / "elite-3M.yaml")
    done = netspace(*evaluate(run, "--out", str(tmp_path / "out")), elite)
    assert done.returncode == 2
    assert "is given twice at budget 3M; give each space once" in done.stderr
    assert not (tmp_path / "out").exists()


def test_fidelity_says_whether_the_super_network_may_be_trusted(run: Path) -> None:
    done = netspace("fidelity", str(run / "run"), "--n", "4", "--recipe", str(run / "recipe.yaml"), "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert "within bands" in done.stdout
    assert "ranks better than chance" in done.stdout or "NOT TRUSTWORTHY" in done.stdout
    assert netspace("fidelity", str(run), "--n", "4").returncode == 2
