"""A process at work that ends with its parent, at once and however the parent ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from contextlib import suppress

_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux


def prologue() -> str:
    """Return the first lines of a program that works for this process and ends with it.

    Modules come from where this process has them, not from beside the user's script; Ctrl-C is left to this process.
    """
    return (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"from netspace.records import lifeline; lifeline.end_with({os.getpid()})\n"
    )


def how_it_ended(code: int) -> str:
    """Return in words how a process ended.

    Args:
        code: its exit code, or the negative number of the signal that killed it.
    """
    if code >= 0:
        return f"ended with exit code {code}"
    perhaps = "; perhaps for lack of memory" if -code == signal.SIGKILL else ""
    with suppress(ValueError):
        return f"killed by signal {-code} ({signal.Signals(-code).name}{perhaps})"
    return f"killed by signal {-code}"


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
