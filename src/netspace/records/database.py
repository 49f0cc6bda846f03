"""One SQLite file opened to be written, or to be read wherever it lies, also on storage that cannot be written."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from netspace.errors import NetspaceError, UnfinishedError

_WAIT_SECONDS = 120  # for a lock: longer than a worker may stand still, holding one, before it is ended
_LEAST_BYTES = 100_000  # of free space, below which a failed write is put down to it
_NO_ROOM_FOR_WAL = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_FULL")


@contextmanager
def writing(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a database to write to it, and make it where it is not there.

    Raises:
        NetspaceError: names the file and what SQLite says; an UnfinishedError where the disk is full.
    """
    with _named(file), closing(_connect(f"file:{quote(str(file.absolute()))}")) as db:
        db.execute("PRAGMA journal_mode = WAL")
        yield db


@contextmanager
def reading(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a database that is there to read it; its folder need not be writable.

    Raises:
        NetspaceError: names the file and what SQLite says.
    """
    with _named(file), ExitStack() as stack:
        yield stack.enter_context(closing(_open_to_read(file, stack)))


def has_tables(db: sqlite3.Connection) -> bool:
    """Say whether a database holds any table."""
    return db.execute("SELECT 1 FROM sqlite_master").fetchone() is not None


def _open_to_read(file: Path, stack: ExitStack) -> sqlite3.Connection:
    """Return a connection; where the files beside a WAL database can't be made, one that needs none.

    What a killed writer left in the log beside the database counts: both are copied where the log can be read in.
    """
    place = f"file:{quote(str(file.absolute()))}"
    for how in ("mode=rw", "mode=ro"):
        try:
            return _connect(f"{place}?{how}")
        except sqlite3.OperationalError as error:
            if not str(error.sqlite_errorname).startswith(_NO_ROOM_FOR_WAL):
                raise
    log = file.with_name(file.name + "-wal")
    if not log.exists() or not log.stat().st_size:
        return _connect(f"{place}?immutable=1")
    copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="netspace-read-")))
    for part in (file, log):
        shutil.copyfile(part, copy / part.name)
    return _connect(f"file:{quote(str(copy / file.name))}?mode=rw")


def _connect(place: str) -> sqlite3.Connection:
    db = sqlite3.connect(place, uri=True, timeout=_WAIT_SECONDS, isolation_level=None)
    try:
        db.row_factory = sqlite3.Row
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()  # an open is a promise until something is read
    except BaseException:
        db.close()
        raise
    return db


@contextmanager
def _named(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        name = str(getattr(error, "sqlite_errorname", ""))
        if name.startswith("SQLITE_FULL"):
            raise UnfinishedError(f"cannot use {file}: {error}") from None
        if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")) and _is_full(file.parent):
            raise UnfinishedError(f"cannot use {file}: {error} (the disk is full)") from None
        raise NetspaceError(f"cannot use {file}: {error}") from None


def _is_full(folder: Path) -> bool:
    return folder.exists() and shutil.disk_usage(folder).free < _LEAST_BYTES
