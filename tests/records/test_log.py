"""A search's log: read whole, or refused."""

from pathlib import Path

import pytest

from netspace import NetspaceError
from netspace.records.log import read_log


def test_a_folder_without_a_log_has_no_epochs(tmp_path: Path) -> None:
    assert read_log(tmp_path) == []


def test_a_corrupt_log_is_named(tmp_path: Path) -> None:
    (tmp_path / "search.jsonl").write_text('{"epoch": 1}\n{"epo')
    with pytest.raises(NetspaceError, match=r"search\.jsonl is corrupt"):
        read_log(tmp_path)
