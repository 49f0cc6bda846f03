"""SIGTERM stops a command as Ctrl-C does, so that it says where its work is; a second one ends it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPED, TERMINATED = 130, 143  # exit codes: 128 and the number of the signal


class Termination:
    """Whether SIGTERM came."""

    came = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take the signal."""
        self.came = True
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise KeyboardInterrupt

    def code(self, code: int) -> int:
        """Return the exit code of a command that ended with another one."""
        return TERMINATED if self.came and code == STOPPED else code


@contextmanager
def terminable() -> Iterator[Termination]:
    """Turn SIGTERM into KeyboardInterrupt while a block runs; outside of the main thread nothing changes."""
    termination = Termination()
    if threading.current_thread() is not threading.main_thread():
        yield termination
        return
    before = signal.signal(signal.SIGTERM, termination)
    try:
        yield termination
    finally:
        signal.signal(signal.SIGTERM, before)
