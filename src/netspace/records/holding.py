"""Who is at work: a lock file for each process that trains, held while it lives and touched while it moves.

The system lets go of the lock however the process ends. A process that is stopped keeps its lock, but no longer
touches the file: one whose file has not changed for `STALL_SECONDS` counts as dead. A thread does the touching, so a
long epoch is no standstill. Times are those of whoever looks, and only the time that it spends looking counts: neither
a clock that jumps nor a machine that slept makes anyone look dead.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from pathlib import Path
from typing import IO

FOLDER = "workers"
BEAT_SECONDS = 1.0
STALL_SECONDS = 60.0
START_SECONDS = 120.0
_LONGEST_LOOK = 2.0


class Hold:
    """A process's own lock file, held and touched until it is released or the process ends.

    Args:
        folder: the run folder; the file is `workers/NAME` in it.
        name: of the process, used by no other.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self._file = name, folder / FOLDER / name
        self._stream, self._ended = _lock(self._file), threading.Event()
        print(os.getpid(), file=self._stream, flush=True)  # for whoever looks into the folder
        threading.Thread(target=self._beat, daemon=True).start()

    def release(self) -> None:
        """Remove the file and let go of the lock."""
        self._ended.set()
        self._file.unlink(missing_ok=True)
        self._stream.close()

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            try:
                os.utime(self._file)
            except OSError:  # a file that was removed, or storage that is gone: the work itself will say so
                continue


class Watch:
    """Looks after other processes by their lock files.

    Args:
        folder: the run folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._seen: dict[str, tuple[int | None, float, float]] = {}  # file's time, when looked at, seconds unchanged

    def still(self, name: str) -> float:
        """Return for how many seconds of looking a process has not touched its file; ask once a second or so."""
        now, touched = time.monotonic(), _touched(self._folder / name)
        before, looked, unchanged = self._seen.get(name, (touched, now, 0.0))
        unchanged = unchanged + min(now - looked, _LONGEST_LOOK) if before == touched else 0.0
        self._seen[name] = touched, now, unchanged
        return unchanged

    def stalled(self, name: str) -> bool:
        """Say whether a process that was started has not moved for `STALL_SECONDS`, or not come up for longer."""
        limit = STALL_SECONDS if (self._folder / name).exists() else START_SECONDS
        return self.still(name) > limit

    def alive(self, name: str) -> bool:
        """Say whether a process holds its lock and moves."""
        return _is_held(self._folder / name) and self.still(name) <= STALL_SECONDS


def remove_stale(folder: Path) -> None:
    """Remove the lock files of processes that ended, and their folder where none is left."""
    locks = folder / FOLDER
    for file in locks.glob("*") if locks.is_dir() else ():
        if not _is_held(file):
            file.unlink(missing_ok=True)
    remove_if_empty(locks)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder that holds nothing."""
    try:
        folder.rmdir()
    except OSError:
        return


def _lock(file: Path) -> IO[str]:
    """Open and lock a file; another process that removed it in between is no obstacle."""
    while True:
        file.parent.mkdir(exist_ok=True)
        try:
            stream = file.open("w")
        except FileNotFoundError:
            continue
        fcntl.flock(stream, fcntl.LOCK_EX)
        if _same(file, stream):
            return stream
        stream.close()


def _same(file: Path, stream: IO[str]) -> bool:
    try:
        return os.path.samestat(file.stat(), os.fstat(stream.fileno()))
    except FileNotFoundError:
        return False


def _is_held(file: Path) -> bool:
    try:
        with file.open() as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _touched(file: Path) -> int | None:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None
