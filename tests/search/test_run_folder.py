"""A run's folder as a place on disk."""

import os
from pathlib import Path

import pytest
import torch

from netspace import NetspaceError
from netspace.search.run_folder import Checkpoint, RunFolder


def test_only_the_newest_checkpoint_is_kept_and_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for epoch in (1, 2, 10):
        folder.save(Checkpoint(epoch, {"w": torch.full((2, 3), float(epoch))}, {"step": [epoch, 2]}))
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-0010"]
    loaded = folder.load()
    assert loaded is not None
    assert loaded.epoch == 10
    assert torch.equal(loaded.weights["w"], torch.full((2, 3), 10.0))
    assert loaded.state == {"step": [10, 2]}


def test_a_folder_without_checkpoints_starts_anew(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-0003.partial").mkdir()
    assert RunFolder(tmp_path).load() is None


def test_a_checkpoint_never_runs_code(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.save(Checkpoint(1, {"w": torch.zeros(1)}, {}))
    torch.save({"x": Path("a class that is not plain data")}, tmp_path / "checkpoint-0001" / "state.pt")
    with pytest.raises(NetspaceError, match="is corrupt"):
        folder.load()


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NetspaceError, match="is a file; give a folder"):
        RunFolder(tmp_path / "file").check_writable()
    with pytest.raises(NetspaceError, match="is not writable"):
        RunFolder(tmp_path / "file" / "run").check_writable()


def test_a_folder_without_write_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write everywhere, so the answer of the system is put in its place.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(NetspaceError, match="is not writable; give another with --out"):
        RunFolder(tmp_path / "run").check_writable()
