"""Who trains, as a command's options say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from typer.main import get_command

from netspace import Pool
from netspace.cli import options
from netspace.cli.main import app
from netspace.processor import cores


@pytest.mark.parametrize(("jobs", "wanted"), [(None, 3), (1, 1), (8, 8)])
def test_as_many_networks_are_trained_at_a_time_as_there_are_cores_unless_it_is_said(
    jobs: int | None, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "cores", lambda: 3)
    assert options.pool_of(None, jobs) == Pool(wanted)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine of 12 cores and 64 GB; a folder for what is told of its control groups."""
    memory = {"SC_PHYS_PAGES": 64 * 2**18, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(os, "sysconf", memory.__getitem__)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(12)), raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("own", "files", "wanted"),
    [
        ("0::/\n", {}, 12),
        ("0::/\n", {"cpu.max": "max 100000", "memory.max": "max"}, 12),
        ("0::/\n", {"cpu.max": "250000 100000"}, 2),
        ("0::/\n", {"cpu.max": "50000 100000"}, 1),
        ("0::/\n", {"memory.max": str(5 * 2**30)}, 5),
        ("0::/job/step\n", {"job/cpu.max": "400000 100000", "job/step/cpu.max": "max 100000"}, 4),
        ("3:cpu:/a\n4:memory:/a\n", {"cpu/a/cpu.cfs_quota_us": "-1", "cpu/a/cpu.cfs_period_us": "100000"}, 12),
        ("3:cpu:/a\n4:memory:/a\n", {"cpu/a/cpu.cfs_quota_us": "300000", "cpu/a/cpu.cfs_period_us": "100000"}, 3),
        ("3:cpu:/a\n4:memory:/a\n", {"memory/a/memory.limit_in_bytes": str(2**31)}, 2),
        ("3:cpu:/a\n4:memory:/a\n", {"memory/a/memory.limit_in_bytes": str(2**63 - 4096)}, 12),
        ("no groups\n", {"cpu.max": "100000 100000"}, 12),
    ],
)
def test_cores_are_those_that_this_process_may_use_and_no_more_than_gigabytes(
    own: str, files: dict[str, str], wanted: int, large: Path
) -> None:
    (large / "own").write_text(own)
    for name, text in files.items():
        file = large / "groups" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert cores(large / "groups", large / "own") == wanted
    assert cores(large / "groups", large / "nowhere") == 12


def test_every_command_trains_on_all_cores_by_default() -> None:
    given = {
        name: [option.default for option in command.params if option.name == "jobs"]
        for name, command in get_command(app).commands.items()  # type: ignore[attr-defined]
    }
    assert {name for name, found in given.items() if found == [None]} == {
        "auto",
        "evaluate",
        "fidelity",
        "front",
        "nas",
        "paper",
        "search",
        "table",
    }
    assert all(found in ([], [None]) for found in given.values())


@pytest.mark.parametrize(("device", "there", "wanted"), [("cpu", True, 64), ("auto", True, 8), ("auto", False, 64)])
def test_no_more_share_a_gpu_than_pays(device: str, there: bool, wanted: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "cores", lambda: 64)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert options.pool_of(None, None, device=device) == Pool(wanted)
    assert options.pool_of(None, 32, device=device) == Pool(32)
