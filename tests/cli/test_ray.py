"""The commands that train many networks, with --pool ray and with --jobs 2: the same networks, errors and files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from netspace import find_spaces
from netspace.documents import to_yaml
from netspace.records import NetworkStore
from netspace.settings import Recipe
from tests.commands import netspace
from tests.conftest import quick_config
from tests.evaluate.clusters import cluster, ray, rows

__all__ = ["cluster"]
RECIPE = Recipe("short", epochs=1, batch_size=32, warmup_epochs=0, train_images=200)
RUN = "{at}/run"
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "cluster"
COMMANDS = {
    "front": ("front", RUN, "--calibrate-n", "12", "--evaluations", "10"),
    "evaluate": ("evaluate", RUN + "/elite-2M.yaml", "--dataset", "fashion", "--n", "2", "--out", "{at}/compared"),
    "fidelity": ("fidelity", RUN, "--n", "2"),
    "nas": ("nas", RUN + "/elite-2M.yaml", "--run", RUN, "--method", "model", "--train", "2", "--out", "{at}/nas"),
    "table": ("table", RUN, "--method", "model", "--train", "2", "--seeds", "1", "--out", "{at}/table"),
}
PAPER = ("paper", "--dataset", "fashion", "--image-size", "12", "--space", "tiny", "--budgets", "200K", "--n", "2")


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("searched")
    (folder / "short.yaml").write_text(to_yaml(RECIPE))
    front = {"evaluations": 10, "calibration": 8, "recipe": str(folder / "short.yaml")}
    search = {"estimator": "front", "front": front, "steps_per_epoch": 40}
    find_spaces(quick_config(budgets=["2M"], tolerance=0.6, search=search), folder / "run")
    return folder


def made(folder: Path) -> tuple[dict[str, list[dict[str, Any]]], dict[str, bytes]]:
    """Return the rows of every store in a folder, and its elite files and architectures."""
    places = [file.parent for file in folder.rglob("networks.sqlite")]
    stores = {str(place.relative_to(folder)): rows(NetworkStore(place)) for place in places}
    files = [*folder.rglob("elite-*.yaml"), *folder.rglob("architecture-*.yaml")]
    return stores, {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.mark.slow
@pytest.mark.parametrize("name", [*COMMANDS, "paper"])
def test_a_command_on_a_cluster_makes_what_it_makes_here(
    cluster: Any,
    searched: Path,
    tmp_path: Path,
    name: str,
) -> None:
    cluster.add_node(num_cpus=1)
    cluster.add_node(num_cpus=1)
    outcomes = []
    for trained in (("--pool", "ray"), ("--jobs", "2")):
        place = tmp_path / "at"  # one after the other in one place, whose name is in files
        shutil.copytree(searched, place)
        words = [word.format(at=place) for word in COMMANDS.get(name, PAPER)]
        how = ("--share", "0.0005", "--seeds", "1", "--faithful", "--out", str(place / "paper"))
        how = how if name == "paper" else ("--recipe", str(place / "short.yaml"))
        done = netspace(*words, *how, *trained)
        assert done.returncode == 0, done.stderr
        assert ray.is_initialized()
        outcomes.append(made(place))
        shutil.rmtree(place)
    there, here = outcomes
    assert sum(map(len, here[0].values())) > 8  # more than the search itself has trained
    assert there == here


@pytest.mark.slow  # stops every Ray of this machine at its end
def test_three_machines_by_an_ssh_that_stays_here_train_what_one_trains(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ray").symlink_to(Path(sys.executable).with_name("ray"))
    (programs / "netspace").write_text(f'#!/usr/bin/env bash\nexec {sys.executable} -m netspace "$@"\n')
    (programs / "ssh").write_text('#!/usr/bin/env bash\nshift\nunset ${!RAY_AUTH*}\nexec bash -c "$*"\n')
    for program in ("netspace", "ssh"):
        (programs / program).chmod(0o755)
    environment = {**os.environ, "VENV": str(tmp_path), "HOME": str(tmp_path)}
    environment["PATH"] = f"{programs}:{os.environ['PATH']}"
    (tmp_path / "recipe.yaml").write_text(to_yaml(RECIPE))
    compared = "evaluate tiny --budget 200K --baseline expanded --dataset fashion --image-size 12 --n 4"
    command = [*compared.split(), "--recipe", str(tmp_path / "recipe.yaml"), "--out"]
    there = [str(EXAMPLES / "three_by_ssh.sh"), *command, str(tmp_path / "there"), "--pool", "ray"]
    done = subprocess.run(there, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    subprocess.run([sys.executable, "-m", "netspace", *command, str(tmp_path / "here")], check=True)
    assert rows(NetworkStore(tmp_path / "there")) == rows(NetworkStore(tmp_path / "here"))
