"""Several processes that train together: shares, means, statistics and training are those of one process."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from netspace import NetspaceError
from netspace.data import ImageData
from netspace.runtime import ALONE, Runtime, joined
from netspace.search import SpaceSearch
from tests.conftest import quick_config
from tests.ranks import ESTIMATORS, normalised, searched

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of two processes saw."""
    folder = tmp_path_factory.mktemp("ranks")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environ = {**os.environ, "GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else None
    commands = [[sys.executable, "-m", "tests.ranks", str(r), port, str(folder / str(r))] for r in range(2)]
    processes = [subprocess.Popen(command, cwd=ROOT, env=environ) for command in commands]
    assert [process.wait(timeout=100) for process in processes] == [0, 0]
    return [torch.load(folder / str(rank), weights_only=False) for rank in range(2)]


@pytest.mark.parametrize("world", [1, 2, 3])
def test_the_shares_of_all_ranks_are_the_batch(world: int) -> None:
    rows = torch.arange(12)
    shares = [rows[Runtime(rank, world).shard(12)] for rank in range(world)]
    assert {len(share) for share in shares} == {12 // world}
    assert torch.equal(torch.cat(shares).sort().values, rows)


def test_a_process_alone_changes_nothing() -> None:
    tensor = torch.ones(3)
    ALONE.average([tensor])
    ALONE.agree({"seed": 0})
    assert torch.equal(tensor, torch.ones(3))
    assert ALONE.from_first("it") == "it"
    assert ALONE.gathered(tensor).shape == (1, 3)
    with joined(ALONE, "cuda") as runtime:
        assert runtime is ALONE


def test_a_rank_outside_of_the_world_is_refused() -> None:
    with pytest.raises(NetspaceError, match=r"rank 2 of 2 processes; ranks are 0\.\.1"):
        Runtime(2, 2)


def test_more_devices_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(NetspaceError, match="rank 1 needs GPU 1, but there are 1: give --devices 1"):
        joined(Runtime(1, 2, 1), "cuda").__enter__()


def test_every_rank_gets_the_same_means(seen: list[dict[str, Any]]) -> None:
    for one in seen:
        first, second = one["means"]
        assert torch.equal(first, torch.full((2, 3), 0.5))
        assert torch.equal(second, torch.arange(4.0) * 1.5)


def test_what_the_first_rank_has_reaches_all(seen: list[dict[str, Any]]) -> None:
    assert [one["from first"] for one in seen] == [{"it": "0"}] * 2


def test_ranks_that_were_given_different_things_all_say_so(seen: list[dict[str, Any]]) -> None:
    for one in seen:
        assert one["disagreement"].startswith("rank 1 differs from rank 0 in images (1, there 0); start all with")


def test_batch_norm_of_two_shares_is_that_of_the_whole_batch(seen: list[dict[str, Any]]) -> None:
    whole = normalised(torch.nn.BatchNorm2d(3, track_running_stats=False), slice(None))
    for rank, one in enumerate(seen):
        rows = Runtime(rank, 2).shard(8)
        for name in ("y", "x"):
            torch.testing.assert_close(one["normalised"][name], whole[name][rows], rtol=1e-4, atol=1e-5)
    for name in ("scale", "shift"):
        added = sum(one["normalised"][name] for one in seen)
        torch.testing.assert_close(added, whole[name], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_two_ranks_train_as_one_process_does_within_rounding(seen: list[dict[str, Any]], estimator: str) -> None:
    alone = searched(estimator, ALONE)
    for one in seen:
        assert one[estimator]["losses"] == pytest.approx(alone["losses"], rel=1e-5)
        assert one[estimator]["held out"] == pytest.approx(alone["held out"], rel=1e-5)
        for logits, same in zip(one[estimator]["theta"], alone["theta"], strict=True):
            torch.testing.assert_close(logits, same, rtol=0, atol=1e-4)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_all_ranks_hold_the_same_weights_and_theta_to_the_last_bit(seen: list[dict[str, Any]], estimator: str) -> None:
    first, second = (one[estimator] for one in seen)
    assert all(torch.equal(first["weights"][name], second["weights"][name]) for name in first["weights"])
    assert all(map(torch.equal, first["theta"], second["theta"]))
    assert first["losses"] == second["losses"]


def test_a_batch_that_cannot_be_shared_evenly_is_refused_with_the_nearest_one(fashion: ImageData) -> None:
    with pytest.raises(NetspaceError, match=r"16 images, which 3 devices cannot share .* search.batch_size=15"):
        SpaceSearch(quick_config(), fashion, Runtime(0, 3))
    with pytest.raises(NetspaceError, match=r"16 images, which 17 devices cannot share .* search.batch_size=17"):
        SpaceSearch(quick_config(), fashion, Runtime(0, 17))
