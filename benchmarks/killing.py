"""Processes killed with SIGKILL at random moments, so that resuming can be put to the test."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from os import kill
from pathlib import Path
from signal import SIGKILL


def killed_runs(
    command: Sequence[str],
    kills: int,
    *,
    between: tuple[float, float],
    seed: int,
    progress: Callable[[], int] | None = None,
) -> Iterator[dict[str, object]]:
    """Start a command again and again, kill it each time, and yield what was done after each kill.

    Args:
        command: the program and its arguments.
        kills: how often.
        between: seconds to wait before the kill, drawn uniformly.
        seed: of the draws.
        progress: the wait begins once this number grows; None begins at the start. Where it is given, one of the
            worker processes is killed just before their parent every second time.
    """
    rng = random.Random(seed)
    for turn in range(kills):
        before = progress() if progress else 0
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while progress and progress() <= before and process.poll() is None:
            time.sleep(0.05)
        wait = rng.uniform(*between)
        time.sleep(wait)
        workers = worker_ids(process.pid) if progress and turn % 2 else []
        chosen = rng.choice(workers) if workers else None
        if chosen is not None:
            with suppress(ProcessLookupError):
                kill(chosen, SIGKILL)
        process.kill()
        process.wait()
        yield {"seconds": round(wait, 1), "code": process.returncode, "worker_killed_too": chosen is not None}


def worker_ids(parent: int) -> list[int]:
    """Return the processes that a process started to work for it (Linux)."""
    with suppress(FileNotFoundError):
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [int(child) for child in children if "netspace.evaluate.worker" in _command_line(child)]
    return []


def _command_line(process: str) -> str:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/cmdline").read_text()
    return ""
