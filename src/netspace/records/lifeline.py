"""A process at work that ends with its parent, at once and however the parent ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading

_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux


def end_with(parent: int) -> None:
    """See to it that this process ends when its parent does: the system kills it (Linux), or its input closes.

    Args:
        parent: id of the process that started this one with a pipe as standard input, and never writes to it.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before this was asked for
        os._exit(1)
    threading.Thread(target=_wait_for_the_end_of_input, daemon=True).start()


def _wait_for_the_end_of_input() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)
