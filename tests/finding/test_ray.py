"""A search whose trainings a Ray cluster of three nodes does: the same files as here, whatever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from netspace import Pool, find_spaces
from netspace.documents import to_yaml
from netspace.records import NetworkStore
from netspace.runs import CALIBRATION
from netspace.settings import Recipe
from tests.evaluate.clusters import a_trainer, cluster, rows
from tests.finding.test_estimators import config_of, elite_bytes

__all__ = ["cluster"]
RECIPE = Recipe("longer", epochs=3, batch_size=32, warmup_epochs=0, train_images=600)
ASKED = {"population": {"population": 8}, "front": {"calibration": 8, "evaluations": 10}}


def search(folder: Path, name: str, pool: Pool, **listening: Any) -> None:
    """Search by an estimator that trains eight networks; their recipe lies beside the run's folder."""
    file = folder.parent / "recipe.yaml"
    file.write_text(to_yaml(RECIPE))
    front = {"front": {**ASKED[name], "recipe": str(file)}}
    find_spaces(config_of(name, str(file), search=front, budgets=["2M"]), folder, pool=pool, **listening)


def outcome(folder: Path) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Return the rows of the trainings, and the elite files."""
    return rows(NetworkStore(folder / CALIBRATION)), elite_bytes(folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ASKED))
def test_the_elites_are_those_of_a_local_search_though_a_process_and_a_node_are_lost(
    cluster: Any, tmp_path: Path, name: str
) -> None:
    first = cluster.add_node(num_cpus=1)
    cluster.add_node(num_cpus=1)
    lost = []

    def on_progress(what: str, done: int, total: int) -> None:
        if what != "trainings":
            return
        if not lost:
            os.kill(a_trainer(), signal.SIGKILL)
            lost.append("process")
        elif done >= 3 and "node" not in lost:
            cluster.remove_node(first)
            lost.append("node")

    search(tmp_path / "there", name, Pool(cluster="ray"), on_progress=on_progress)
    assert lost == ["process", "node"]
    search(tmp_path / "here", name, Pool(2))
    there, here = outcome(tmp_path / "there"), outcome(tmp_path / "here")
    assert [row["status"] for row in here[0]] == ["ok"] * 8
    assert len(here[1]) == 1
    assert there == here


KILLED = """
import sys
from pathlib import Path
from netspace import Pool
from tests.finding.test_ray import search
search(Path(sys.argv[1]), sys.argv[2], Pool(cluster="ray"))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ASKED))
def test_a_search_that_was_killed_goes_on_and_loses_no_row_and_makes_none_twice(
    cluster: Any, tmp_path: Path, name: str
) -> None:
    cluster.add_node(num_cpus=1)
    cluster.add_node(num_cpus=1)
    store = NetworkStore(tmp_path / "there" / CALIBRATION)
    driver = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / "there"), name])
    deadline = time.monotonic() + 100
    while not (store.file.exists() and store.counts().get("ok", 0) >= 2) and time.monotonic() < deadline:
        time.sleep(0.05)
    driver.kill()
    driver.wait()
    before = [row for row in store.rows() if row["status"] == "ok"]
    assert 2 <= len(before) < 8
    assert store.counts()["claimed"]
    search(tmp_path / "there", name, Pool(cluster="ray"))
    after = store.rows()
    assert len(after) == len({row["place"] for row in after}) == 8
    assert [row for row in after if row["id"] in {one["id"] for one in before}] == before  # not trained again
    search(tmp_path / "here", name, Pool(2))
    assert outcome(tmp_path / "there") == outcome(tmp_path / "here")
    assert sorted(p.name for p in store.folder.iterdir()) == ["networks.sqlite", "recipe.yaml"]
