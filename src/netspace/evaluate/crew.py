"""The workers of one training of populations: started, looked after, replaced where they die, and ended.

A network whose worker dies is trained once more, by the worker that takes the dead one's place; if that one dies too,
the network is given up with the reason. A worker that is stopped, and so no longer touches its lock file, is killed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from netspace.errors import NetspaceError, UnfinishedError
from netspace.evaluate.worker import CANNOT_GO_ON
from netspace.records import NetworkStore, recovery
from netspace.records.holding import FOLDER, STALL_SECONDS, Watch, remove_if_empty
from netspace.records.lifeline import how_it_ended, prologue

TRIES = 2
MOST_DEATHS = 10  # in a row, with no network done in between
# The worker holds its lock file, and ends with its parent, before it loads what takes seconds.
_PROGRAM = """
from pathlib import Path
from netspace.records import holding
hold = holding.Hold(Path({store!r}), {name!r})
from netspace.evaluate.worker import main
main({job!r}, hold)
"""


@dataclass(frozen=True)
class Worker:
    """A process that trains.

    Args:
        name: of its lock file, and in the store.
        process: the running program.
    """

    name: str
    process: subprocess.Popen[bytes]


class Crew:
    """The workers of one training.

    Args:
        store: the networks.
        job: folder of what each worker is handed.
    """

    def __init__(self, store: NetworkStore, job: Path) -> None:
        self._store, self._job = store, job
        self._pool, self._started = uuid.uuid4().hex, 0
        self._workers: list[Worker] = []
        self._watch = Watch(store.folder)
        self._tries: Counter[int] = Counter()
        self._deaths, self._done_before = 0, -1

    def hire(self) -> Worker:
        """Start one worker."""
        name = self._next_name()
        parts = {"name": name, "store": str(self._store.folder), "job": str(self._job)}
        command = [sys.executable, "-c", prologue() + _PROGRAM.format(**parts)]
        worker = Worker(name, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        self._workers.append(worker)
        self._started += 1
        return worker

    def look(self) -> bool:
        """Bury workers that died or stand still, replace them, and return whether any is at work.

        Raises:
            UnfinishedError: where the work cannot go on: the disk is full, or worker after worker dies.
        """
        for worker in list(self._workers):
            stalled = worker.process.poll() is None and self._watch.stalled(worker.name)
            if stalled:
                _kill(worker)
            if worker.process.poll() is not None:
                self._bury(worker, _stalled_reason() if stalled else _reason(worker))
        return bool(self._workers)

    def dismiss(self) -> None:
        """End all workers, also stopped ones; what they were training waits again."""
        for worker in self._workers:
            _kill(worker)
        with suppress(NetspaceError):  # where the store cannot be written, the next run takes the networks over
            for worker in self._workers:
                recovery.put_back(self._store, worker.name)
        for worker in self._workers:
            self._tidy(worker)
        self._workers.clear()
        remove_if_empty(self._store.folder / FOLDER)

    def _bury(self, worker: Worker, reason: str) -> None:
        self._workers.remove(worker)
        self._tidy(worker)
        code = worker.process.returncode
        if code == 0:
            if self._store.counts().get("waiting"):  # it was taken for dead, and another process has its network
                self.hire()
            return
        if code == CANNOT_GO_ON:
            with suppress(NetspaceError):  # the fault may be that the store cannot be written
                recovery.put_back(self._store, worker.name)
            raise UnfinishedError(reason)
        self._count_death(reason)
        for network in recovery.held_by(self._store, worker.name):
            self._tries[network] += 1
            if self._tries[network] == TRIES:
                recovery.give_up(self._store, network, worker.name, f"{reason}, {TRIES} times")
            else:
                recovery.hand_over(self._store, network, worker.name, self._next_name())
        counts = self._store.counts()
        if counts.get("waiting") or counts.get("claimed"):
            self.hire()

    def _count_death(self, reason: str) -> None:
        counts = self._store.counts()
        done = counts.get("ok", 0) + counts.get("diverged", 0)
        self._deaths = 1 if done > self._done_before else self._deaths + 1
        self._done_before = done
        if self._deaths >= MOST_DEATHS:
            raise UnfinishedError(f"{self._deaths} workers in a row died and trained nothing (the last one: {reason})")

    def _next_name(self) -> str:
        return f"{self._pool}-{self._started}"

    def _tidy(self, worker: Worker) -> None:
        for stream in (worker.process.stdin, worker.process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        (self._store.folder / FOLDER / worker.name).unlink(missing_ok=True)


def _kill(worker: Worker) -> None:
    """End a process by the one signal that also ends a stopped one; it has nothing to lose that is not in the store."""
    worker.process.kill()
    worker.process.wait()


def _stalled_reason() -> str:
    return f"it stood still for {STALL_SECONDS:.0f} s and was ended"


def _reason(worker: Worker) -> str:
    """Return what a worker said before it ended, or how it ended."""
    code, said = worker.process.returncode, "".join(_said(worker))
    return said or f"it {how_it_ended(code)}" if code >= 0 else how_it_ended(code)


def _said(worker: Worker) -> Iterator[str]:
    stream = worker.process.stdout
    if stream is not None:
        os.set_blocking(stream.fileno(), False)
        yield (stream.read() or b"").decode(errors="replace").strip()
