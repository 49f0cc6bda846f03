"""Who trains, as a command's options say."""

from __future__ import annotations

import os

import pytest

from netspace import Pool
from netspace.cli import options
from netspace.processor import cores


@pytest.mark.parametrize(("jobs", "wanted"), [(None, 3), (1, 1), (8, 8)])
def test_as_many_networks_are_trained_at_a_time_as_there_are_cores_unless_it_is_said(
    jobs: int | None, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "cores", lambda: 3)
    assert options.pool_of(None, jobs) == Pool(wanted)


def test_cores_are_those_that_this_process_may_use_and_no_more_than_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = {"SC_PHYS_PAGES": 64 * 2**18, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(os, "sysconf", memory.__getitem__)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(12)), raising=False)
    assert cores() == 12
    memory["SC_PHYS_PAGES"] = 5 * 2**18
    assert cores() == 5
    memory["SC_PHYS_PAGES"] = 1
    assert cores() == 1
