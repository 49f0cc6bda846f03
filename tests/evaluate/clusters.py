"""A Ray cluster of nodes on this machine, and how its trainings are found."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netspace.records import NetworkStore

# Read once, when Ray is loaded: these clusters ask for a token, whatever this user has of one.
os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "1" * 64}
ray = pytest.importorskip("ray")
from ray.cluster_utils import Cluster  # noqa: E402

CLIENT = 10091
ALIKE = ("population", "place", "seed", "depth", "width", "status", "validation_error", "test_error", "reason")


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A cluster whose head trains nothing; nodes are added to it. It tells nobody of itself."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("GRPC_ENABLE_FORK_SUPPORT", "0")  # else what serves a client may die
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "ray_client_server_port": CLIENT})
    monkeypatch.setenv("RAY_ADDRESS", nodes.address)
    yield nodes
    ray.shutdown()
    nodes.shutdown()


def rows(store: NetworkStore) -> list[dict[str, Any]]:
    """Return what has to be alike of a store's networks."""
    return [{key: row[key] for key in ALIKE} for row in store.rows()]


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
