"""Commands that train populations: with networks missing they end with 1, say so, choose nothing, and go on."""

import shutil
import signal
import sqlite3
from pathlib import Path

import pytest

from netspace import Pool, SearchConfig, find_spaces, resolve
from netspace.records import NetworkStore
from tests.commands import netspace
from tests.evaluate.killing import signals_sent

RECIPE = "name: test\nepochs: 3\nbatch_size: 32\nwarmup_epochs: 0\ntrain_images: 512\nvalidation_share: 0.25\n"


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    file = tmp_path / "recipe.yaml"
    file.write_text(RECIPE)
    return str(file)


def test_evaluate_with_a_killed_network_ends_with_1_and_goes_on(recipe: str, tmp_path: Path) -> None:
    given = ["evaluate", "tiny", "--budget", "200K", "--dataset", "fashion", "--image-size", "8", "--n", "2"]
    given += ["--recipe", recipe, "--out", str(tmp_path / "out"), "--jobs", "2"]
    with signals_sent(NetworkStore(tmp_path / "out"), signal.SIGKILL, place=1, times=2):
        done = netspace(*given)
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"error: {tmp_path / 'out'}: 1 of 2 networks is missing: 1 whose worker died: killed by")
    assert "(SIGKILL; perhaps for lack of memory), 2 times" in last
    assert "run the same command again" in last


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recipe, and a finished search by estimator `population` that tests do not change."""
    folder = tmp_path_factory.mktemp("searched")
    (folder / "recipe.yaml").write_text(RECIPE)
    find_spaces(by_population(folder), folder / "run", pool=Pool(2))
    return folder


def by_population(folder: Path) -> SearchConfig:
    front = {"population": 8, "recipe": str(folder / "recipe.yaml")}
    options = {"data": {"dataset": "fashion", "image_size": 8}, "budgets": ["200K"], "device": "cpu"}
    return resolve("tiny", options={**options, "search": {"estimator": "population", "front": front}})


def test_no_elite_is_chosen_from_a_population_with_networks_missing(searched: Path, tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    given = ["search", "--dataset", "fashion", "--space", "tiny", "--budget", "200K", "--estimator", "population"]
    given += ["--set", f"search.front.recipe={searched / 'recipe.yaml'}", "--set", "search.front.population=8"]
    given += ["--image-size", "8", "--out", str(killed), "--jobs", "2"]
    with signals_sent(NetworkStore(killed / "calibration"), signal.SIGKILL, place=0, times=2):
        done = netspace(*given)
    assert (done.returncode, done.stdout) == (1, "")
    assert "1 of 8 networks is missing" in done.stderr.splitlines()[-1]
    assert not list(killed.glob("elite-*"))
    find_spaces(by_population(searched), killed)
    (file,) = (searched / "run").glob("elite-*.yaml")
    assert (killed / file.name).read_bytes() == file.read_bytes()


def test_front_asks_for_the_rest_of_an_unfinished_calibration(searched: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(searched / "run", run)
    files = sorted(path.name for path in run.iterdir())
    with sqlite3.connect(run / "calibration" / "networks.sqlite") as db:
        db.execute("UPDATE networks SET status = 'waiting' WHERE id = 3")
    done = netspace("front", str(run))
    assert (done.returncode, done.stdout) == (1, "")
    assert "calibration: 1 of 8 networks is missing: 1 not trained yet" in done.stderr
    assert sorted(path.name for path in run.iterdir()) == files
    recipe = str(searched / "recipe.yaml")
    again = netspace("front", str(run), "--calibrate-n", "8", "--recipe", recipe)
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("command", ["evaluate", "search", "train", "front", "nas", "sample", "auto", "fidelity"])
def test_a_seed_beyond_the_limit_is_refused_with_the_limit(command: str) -> None:
    done = netspace(command, "x", "--seed", str(2**63))
    assert done.returncode == 2
    assert "9223372036854775807" in "".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("seed", [20261125123456, 2**63 - 1])
def test_large_seeds_work(recipe: str, seed: int, tmp_path: Path) -> None:
    given = ["evaluate", "tiny", "--budget", "200K", "--dataset", "fashion", "--image-size", "8", "--n", "2"]
    given += ["--recipe", recipe, "--out", str(tmp_path / "out"), "--seed", str(seed)]
    done = netspace(*given)
    assert done.returncode == 0, done.stderr
    rows = NetworkStore(tmp_path / "out").rows()
    assert [row["seed"] for row in rows] == [(seed * 1_000_003 + place) % 2**63 for place in range(2)]
