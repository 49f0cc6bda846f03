"""Files: only regular ones are read, new ones are there whole or not at all."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import pytest

from netspace import NetspaceError
from netspace.documents import read_text, replacing, write_atomically


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


def test_writers_at_once_leave_the_whole_content_of_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, real = tmp_path / "a", os.fsync

    def meanwhile(handle: int) -> None:
        real(handle)
        monkeypatch.setattr(os, "fsync", real)
        write_atomically(file, "of another, and longer")
        assert file.read_text() == "of another, and longer"

    monkeypatch.setattr(os, "fsync", meanwhile)
    write_atomically(file, "new")
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"a": "new"}


def test_many_writers_at_once_meet_no_fault(tmp_path: Path) -> None:
    contents = [str(i) * 10_000 for i in range(8)]

    def write(content: str) -> None:
        for _ in range(20):
            write_atomically(tmp_path / "a", content)
            assert (tmp_path / "a").read_text() in contents

    with ThreadPoolExecutor(len(contents)) as pool:
        list(pool.map(write, contents))
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_what_a_killed_writer_left_goes_with_the_next_write_and_a_file_of_the_users_stays(tmp_path: Path) -> None:
    kill = "import os; os.fsync = lambda _: os.kill(os.getpid(), 9)"
    write = "from pathlib import Path; from netspace.documents import write_atomically as to; to(Path('a'), 'new')"
    killed = subprocess.run([sys.executable, "-c", f"{kill}; {write}"], cwd=tmp_path, check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.match("a.*.partial")
    (tmp_path / "a.my.partial").write_text("")
    (tmp_path / "ab.01234567.partial").write_text("")
    write_atomically(tmp_path / "a", "new")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "a.my.partial", "ab.01234567.partial"]


def test_a_writer_whose_file_is_removed_before_it_is_locked_makes_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fcntl.flock

    def late(stream: IO[bytes], how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", real)
        write_atomically(tmp_path / "a", "of another")
        real(stream, how)

    monkeypatch.setattr(fcntl, "flock", late)
    write_atomically(tmp_path / "a", "new")
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"a": "new"}


def test_on_a_drive_that_knows_no_locks_files_are_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    (tmp_path / "a.01234567.partial").write_text("perhaps of a writer")
    write_atomically(tmp_path / "a", "new")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "a.01234567.partial"]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_who_may_read_a_file_is_for_the_umask_to_say(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "a", "new")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == mode


def test_a_write_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    def write() -> None:
        with replacing(tmp_path / "a") as stream:
            stream.write(b"ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert not list(tmp_path.iterdir())
