"""Text files: only a regular one is read, a new one is there whole or not at all, every fault names the file."""

from __future__ import annotations

import fcntl
import glob
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from netspace.errors import NetspaceError

LARGEST = 64 * 2**20  # bytes of a text file that is read; the documents of netspace take kilobytes


def read_text(path: Path, *, largest: int = LARGEST) -> str:
    """Read a text file as UTF-8, or say in one line why it can't be read.

    Args:
        path: of a regular file; a pipe or a device could go on for ever.
        largest: bytes that are taken at most.

    Raises:
        NetspaceError: where it is not there, no regular file, too large or not UTF-8.
    """
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise NetspaceError(f"cannot read {path}: it is {_kind(about.st_mode)}; give a file")
        if about.st_size > largest:
            raise NetspaceError(f"cannot read {path}: it has {about.st_size:,} bytes; up to {largest:,} are read")
        with path.open("rb") as stream:
            content = stream.read(largest + 1)
        if len(content) > largest:  # files such as those in /proc say a size of 0
            raise NetspaceError(f"cannot read {path}: it has more than {largest:,} bytes, which are read at most")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise NetspaceError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise NetspaceError(f"cannot read {path}: it is not UTF-8 text (byte {error.start + 1})") from None
    except ValueError as error:
        if isinstance(error, NetspaceError):
            raise
        raise NetspaceError(f"cannot read {str(path)!r}: {error}") from None  # a path with a null character


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name the file in each OSError that a block raises: a full disk, for one, does not say where."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file, text as UTF-8, so that a reader, or a crash at any moment, sees the old file or the new one.

    Raises:
        OSError: names the file; what was written of it is gone.
    """
    # A path may hold bytes that are no text; they are written as \udc.., which YAML and JSON read back.
    data = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    with replacing(path) as stream:
        stream.write(data)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a new file that takes the place of one when a block is done, and is removed where the block fails.

    Several writers at once do not meet: each has a file of its own, and the last one to end leaves its whole content.

    Raises:
        OSError: names the file.
    """
    with naming(path):
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder", str(path))
        _remove_leftovers(path)
        partial, stream = _own_partial(path)
        try:
            with stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
                partial.replace(path)
        except BaseException:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise


def _own_partial(path: Path) -> tuple[Path, IO[bytes]]:
    """Make a file beside one, locked as long as it is open: what a killed writer leaves is told by the missing lock."""
    while True:
        partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")
        stream = partial.open("xb")  # not by tempfile, whose files only their owner may read
        with suppress(OSError):  # a drive that knows no locks, where no writer removes a leftover either
            fcntl.flock(stream, fcntl.LOCK_EX)
        if partial.exists():
            return partial, stream
        stream.close()  # another writer took it for a leftover before it was locked


def _remove_leftovers(path: Path) -> None:
    """Remove what killed writers of a file left: files that nobody holds."""
    for partial in path.parent.glob(f"{glob.escape(path.name)}.{'[0-9a-f]' * 8}.partial"):
        with suppress(OSError), partial.open("r+b") as stream:  # held by a writer, of another user, or gone by now
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            partial.unlink()
