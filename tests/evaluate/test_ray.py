"""Populations on a Ray cluster of three nodes: the same rows as here, whatever dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netspace import NetspaceError
from netspace.evaluate import train_population
from netspace.records import NetworkStore
from tests.evaluate.killing import RECIPE, TEMPLATE, small_data, small_store

ray = pytest.importorskip("ray")
from ray.cluster_utils import Cluster  # noqa: E402

DATA = small_data()
CLIENT = 10091
ALIKE = ("population", "place", "seed", "depth", "width", "status", "validation_error", "test_error", "reason")


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "ray_client_server_port": CLIENT})
    monkeypatch.setenv("RAY_ADDRESS", nodes.address)
    yield nodes
    nodes.shutdown()


def rows(store: NetworkStore) -> list[dict[str, Any]]:
    return [{key: row[key] for key in ALIKE} for row in store.rows()]


def local(folder: Path, n: int) -> list[dict[str, Any]]:
    store = small_store(folder, n)
    train_population(store, TEMPLATE, DATA, RECIPE)
    return rows(store)


def left(store: NetworkStore) -> list[str]:
    return sorted(p.name for p in store.folder.iterdir() if p.name != "networks.sqlite")


def test_rows_are_those_of_local_trainings_though_a_process_and_a_node_are_lost(cluster: Any, tmp_path: Path) -> None:
    first = cluster.add_node(num_cpus=1)
    cluster.add_node(num_cpus=1)
    store, seen = small_store(tmp_path / "there", 6), []

    def on_change(counts: dict[str, int]) -> None:
        seen.append(counts)
        if counts.get("ok") == 1 and len([c for c in seen if c.get("ok") == 1]) == 1:
            os.kill(a_trainer(), signal.SIGKILL)
        if counts.get("ok") == 3 and len([c for c in seen if c.get("ok") == 3]) == 1:
            cluster.remove_node(first)

    train_population(store, TEMPLATE, DATA, RECIPE, cluster="ray", on_change=on_change)
    assert rows(store) == local(tmp_path / "here", 6)
    assert seen[-1] == {"ok": 6}
    assert left(store) == []


def a_trainer() -> int:
    """Return the process of a task that is being trained; Ray calls it by its function."""
    for _ in range(200):
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if b"ray::_train" in (folder / "cmdline").read_bytes():
                    return int(folder.name)
            except OSError:
                continue
        time.sleep(0.05)
    raise AssertionError("nothing is being trained")


def test_what_was_claimed_when_the_work_is_stopped_waits_again_and_is_trained_by_the_next_call(
    cluster: Any, tmp_path: Path
) -> None:
    cluster.add_node(num_cpus=1)
    store = small_store(tmp_path / "there", 4)

    def on_change(counts: dict[str, int]) -> None:
        if counts.get("ok"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_population(store, TEMPLATE, DATA, RECIPE, cluster="ray", on_change=on_change)
    assert set(store.counts()) == {"ok", "waiting"}
    assert left(store) == []
    train_population(store, TEMPLATE, DATA, RECIPE, cluster="ray")
    assert rows(store) == local(tmp_path / "here", 4)


@pytest.mark.slow  # on a busy machine the client server may take longer to answer than Ray waits
def test_a_cluster_is_reached_by_the_address_of_its_client_server(cluster: Any, tmp_path: Path) -> None:
    cluster.add_node(num_cpus=1)
    store = small_store(tmp_path / "there", 2)
    train_population(store, TEMPLATE, DATA, RECIPE, cluster=f"ray://127.0.0.1:{CLIENT}")
    assert rows(store) == local(tmp_path / "here", 2)
    assert left(store) == []


def test_an_address_where_no_cluster_answers_is_one_line(tmp_path: Path) -> None:
    store = small_store(tmp_path, 1)
    with pytest.raises(NetspaceError, match="no Ray cluster answers at 'ray://127.0.0.1:1'"):
        train_population(store, TEMPLATE, DATA, RECIPE, cluster="ray://127.0.0.1:1")
    assert store.counts() == {"waiting": 1}
