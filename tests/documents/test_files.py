"""Files: only regular ones are read, new ones are there whole or not at all."""

import os
from pathlib import Path

import pytest

from netspace import NetspaceError
from netspace.documents import read_text, write_atomically


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfa: 1")
    assert read_text(tmp_path / "a") == "a: 1"


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path, kind in ((tmp_path / "fifo", "a pipe"), (Path("/dev/zero"), "a device"), (tmp_path, "a folder")):
        with pytest.raises(NetspaceError, match=f"cannot read {path}: it is {kind}"):
            read_text(path)


def test_text_that_is_not_utf_8_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"ab\xff")
    with pytest.raises(NetspaceError, match=r"a: it is not UTF-8 text \(byte 3\)"):
        read_text(tmp_path / "a")


def test_a_file_that_is_too_large_is_refused_without_reading_it(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as stream:
        stream.truncate(10**12)
    with pytest.raises(NetspaceError, match="1,000,000,000,000 bytes; up to 67,108,864 are read"):
        read_text(tmp_path / "a")


@pytest.mark.parametrize("name", ["none", "x" * 300, "a\0b"])
def test_a_path_that_cannot_be_is_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(NetspaceError, match="cannot read "):
        read_text(tmp_path / name)


def test_a_write_that_fails_names_the_file_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device") as told:
        write_atomically(tmp_path / "a", "new")
    assert told.value.filename == str(tmp_path / "a")
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"a": "old"}


@pytest.mark.parametrize("place", ["none/a", "folder", "x" * 300])
def test_a_place_that_takes_no_file_is_named_and_nothing_is_left(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r"\[Errno \d+\]") as told:
        write_atomically(tmp_path / place, "new")
    assert told.value.filename == str(tmp_path / place)
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]


def test_a_name_whose_bytes_are_no_text_is_written_as_an_escape(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "\udcff")
    assert (tmp_path / "a").read_bytes() == b"\\udcff"
