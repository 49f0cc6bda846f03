"""Populations on a Ray cluster of three nodes: the same rows as here, whatever dies."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from netspace import NetspaceError, Pool
from netspace.documents import to_yaml
from netspace.errors import UnfinishedError
from netspace.evaluate import at_a_time, ray_crew, train_population
from netspace.records import NetworkStore
from tests.evaluate.clusters import CLIENT, a_trainer, cluster, rows
from tests.evaluate.given_gpus import training_on_a_share
from tests.evaluate.killing import RECIPE, TEMPLATE, small_data, small_store

__all__ = ["cluster"]
DATA = small_data()
RAY = Pool(cluster="ray")


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

    train_population(store, TEMPLATE, DATA, RECIPE, pool=RAY, on_change=on_change)
    assert rows(store) == local(tmp_path / "here", 6)
    assert seen[-1] == {"ok": 6}
    assert left(store) == []


def test_what_was_claimed_when_the_work_is_stopped_waits_again_and_is_trained_by_the_next_call(
    cluster: Any, tmp_path: Path
) -> None:
    cluster.add_node(num_cpus=1)
    store = small_store(tmp_path / "there", 4)

    def on_change(counts: dict[str, int]) -> None:
        if counts.get("ok"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_population(store, TEMPLATE, DATA, RECIPE, pool=RAY, on_change=on_change)
    assert set(store.counts()) == {"ok", "waiting"}
    assert left(store) == []
    train_population(store, TEMPLATE, DATA, RECIPE, pool=RAY)
    assert rows(store) == local(tmp_path / "here", 4)


def test_nodes_that_come_later_are_at_work_too(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_crew, "ROOM_SECONDS", 0.0)
    store, at_once = small_store(tmp_path, 8), []

    def on_change(counts: dict[str, int]) -> None:
        if not at_once:
            cluster.add_node(num_cpus=2)
        at_once.append(counts.get("claimed", 0))

    train_population(store, TEMPLATE, DATA, RECIPE, pool=RAY, on_change=on_change)
    assert at_once[0] == ray_crew.QUEUED  # a cluster of no processor is asked for one, so that it may grow
    assert max(at_once) == 2 * ray_crew.QUEUED
    assert store.counts() == {"ok": 8}


def test_each_training_gets_the_share_of_a_gpu_that_is_asked_for(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.add_node(num_cpus=4, num_gpus=1)  # it only says that it has one
    store, half = small_store(tmp_path, 6), Pool(cluster="ray", gpus=0.5)
    monkeypatch.setattr(ray_crew, "_train", training_on_a_share)
    train_population(store, TEMPLATE, DATA, RECIPE, pool=half)
    assert at_a_time(half) == 2
    assert at_a_time(RAY) == 4
    assert {row["device"] for row in store.rows()} == {"cuda, GPU 0, 0.5 of it"}
    spans = [row["reason"].split() for row in store.rows()]
    starts = [(float(begun), 1) for _, begun, _ in spans] + [(float(ended), -1) for *_, ended in spans]
    assert max(sum(step for _, step in sorted(starts)[:n]) for n in range(len(starts) + 1)) == 2
    assert len({process for process, *_ in spans}) == 2  # a process goes on with the next network


def test_a_gpu_that_ray_gives_and_torch_does_not_find_is_said(cluster: Any, tmp_path: Path) -> None:
    cluster.add_node(num_cpus=1, num_gpus=1)
    store = small_store(tmp_path, 2)
    with pytest.raises(UnfinishedError, match=r"Ray gave a training a GPU, and torch finds none.*2 of 2 networks are"):
        train_population(store, TEMPLATE, DATA, RECIPE, pool=Pool(cluster="ray", gpus=1))
    assert store.counts() == {"waiting": 2}


def test_a_node_with_another_torch_is_refused(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.add_node(num_cpus=1)
    store = small_store(tmp_path, 1)
    here = {"netspace": ray_crew._versions()["netspace"], "torch": "9.9"}
    monkeypatch.setattr(ray_crew, "_versions", lambda: here)
    with pytest.raises(UnfinishedError, match=r"a node has .*, and this machine .*torch 9.9; install the same on all"):
        train_population(store, TEMPLATE, DATA, RECIPE, pool=RAY)


@pytest.mark.slow  # on a busy machine the client server may take longer to answer than Ray waits
def test_a_cluster_is_reached_by_the_address_of_its_client_server(cluster: Any, tmp_path: Path) -> None:
    cluster.add_node(num_cpus=1)
    store = small_store(tmp_path / "there", 2)
    train_population(store, TEMPLATE, DATA, RECIPE, pool=Pool(cluster=f"ray://127.0.0.1:{CLIENT}"))
    assert rows(store) == local(tmp_path / "here", 2)
    assert left(store) == []


@pytest.mark.parametrize(
    ("address", "variable", "told"),
    [
        ("ray://127.0.0.1:1", "", "'ray://127.0.0.1:1': "),
        ("ray", "127.0.0.1:1", r"'127.0.0.1:1' \(RAY_ADDRESS\): "),
    ],
)
def test_an_address_where_no_cluster_answers_is_one_line_at_once(
    address: str, variable: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", variable)
    store, begun = small_store(tmp_path, 1), time.monotonic()
    with pytest.raises(NetspaceError, match=f"no Ray cluster answers at {told}.*Connection refused"):
        train_population(store, TEMPLATE, DATA, RECIPE, pool=Pool(cluster=address))
    assert time.monotonic() - begun < 10
    assert store.counts() == {"waiting": 1}


DRIVER = """
import sys
from pathlib import Path
from netspace import Pool
from netspace.evaluate import train_population
from netspace.records import NetworkStore
from tests.evaluate.killing import RECIPE, TEMPLATE, small_data
train_population(NetworkStore(Path(sys.argv[1])), TEMPLATE, small_data(), RECIPE, pool=Pool(cluster="ray"))
"""


@pytest.mark.slow  # how often Ray tries is read when it is loaded, so it takes a process of its own
def test_a_network_for_which_no_node_has_the_memory_is_given_up(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as node:
        node.setenv("RAY_memory_usage_threshold", "0.01")  # of this machine's memory: no training has so little
        node.setenv("RAY_memory_monitor_refresh_ms", "100")
        cluster.add_node(num_cpus=1)
    store = small_store(tmp_path, 1)
    done = subprocess.run([sys.executable, "-c", DRIVER, str(tmp_path)], capture_output=True, text=True, check=False)
    assert "1 of 1 networks is missing: 1 whose worker died: OutOfMemoryError, 4 times" in done.stderr
    assert [row["status"] for row in store.rows()] == ["failed"]


@pytest.mark.slow  # how long a head may be silent takes half a minute
def test_a_head_that_is_gone_is_said_and_what_is_missing_is_trained_by_the_same_command(
    cluster: Any, tmp_path: Path
) -> None:
    cluster.add_node(num_cpus=1)
    (tmp_path / "recipe.yaml").write_text(to_yaml(RECIPE))
    given = "tiny --budget 200K --baseline expanded --dataset fashion --image-size 12 --n 20 --recipe".split()  # noqa: SIM905
    command = [sys.executable, "-m", "netspace", "evaluate", *given, str(tmp_path / "recipe.yaml"), "--out"]
    store = NetworkStore(tmp_path / "there")
    with subprocess.Popen([*command, str(store.folder), "--pool", "ray"], stderr=subprocess.PIPE, text=True) as going:
        while going.poll() is None and not (store.file.exists() and store.counts().get("ok")):
            time.sleep(0.1)
        for process in [one for ones in cluster.head_node.all_processes.values() for one in ones]:
            process.process.kill()
        told = going.communicate()[1]
    assert going.returncode == 1
    assert re.search(r"answers no more: its head at \S+ is gone: .*networks are missing: .* run the same command", told)
    assert set(store.counts()) == {"ok", "waiting"}
    assert left(store) == ["evaluation.yaml"]
    for place in ("there", "here"):
        subprocess.run([*command, str(tmp_path / place)], check=True)
    assert rows(store) == rows(NetworkStore(tmp_path / "here"))


@pytest.mark.parametrize("mode", ["disabled", "token"])
def test_a_cluster_that_asks_for_another_token_is_one_line(mode: str, cluster: Any, tmp_path: Path) -> None:
    told = f"no Ray cluster answers at '{cluster.address}' (RAY_ADDRESS): "
    hint = "if the cluster asks for a token, set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN"
    small_store(tmp_path, 1)
    environment = {**os.environ, "RAY_AUTH_MODE": mode, "RAY_AUTH_TOKEN": "0" * 64}
    command = [sys.executable, "-c", DRIVER, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert told in last
    assert hint in last
