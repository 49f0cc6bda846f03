"""What each worker process does: claim networks of a store and train them until every one is done.

It is started with a command of our own, so it never runs the user's script again. It ends with its parent, at once and
however the parent ends: the system kills it (Linux), and its standard input closes.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from netspace.cost import cost
from netspace.documents import fingerprint
from netspace.errors import NetspaceError
from netspace.evaluate.job import Job, taken_up
from netspace.evaluate.train import train_network
from netspace.records import NetworkStore, TrainedNetwork
from netspace.spaces import Architecture

CANNOT_GO_ON = 70  # exit code: a fault that no other network would be spared, such as a full disk
POLL_SECONDS = 1.0
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "cannot allocate memory")


class OutOfMemoryError(Exception):
    """A training needed more memory than there was; the network may be trained where there is more."""


def main(folder: str, name: str, parent: int) -> None:
    """Train networks, and end the process: with 0 when none is left, else after one line that says why.

    Args:
        folder: of the job.
        name: of this worker.
        parent: id of the process that started it.
    """
    _end_with(parent)
    say = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not be taken for the reason
    try:
        _work(taken_up(Path(folder)), name)
        code = 0
    except Exception as error:
        code = CANNOT_GO_ON if isinstance(error, (OSError, NetspaceError)) else 1
        say.write(_reason(error))
        say.flush()
    os._exit(code)


def _work(job: Job, name: str) -> None:
    torch.set_num_threads(1)
    store, of_recipe = NetworkStore(job.store, name), fingerprint(job.recipe)
    for network, architecture, seed in _claims(store):
        if not store.finish(network, _trained(job, architecture, seed, of_recipe)):
            return  # this process was taken for dead, and another one trains the network
    store.release()


def _claims(store: NetworkStore) -> Iterator[tuple[int, Architecture, int]]:
    """Yield networks to train until none waits and none is held by a process that might still die."""
    store.hold()
    yield from store.handed_over()
    while True:
        claimed = store.claim()
        if claimed is not None:
            yield claimed
        elif store.counts().get("claimed"):
            time.sleep(POLL_SECONDS)
        else:
            return


def _trained(job: Job, architecture: Architecture, seed: int, of_recipe: str) -> TrainedNetwork:
    """Train a network; what it fails at by itself is its record.

    Raises:
        OSError, OutOfMemoryError: where the machine, not the network, is at fault.
    """
    try:
        return train_network(architecture, job.template, job.data, job.recipe, seed=seed, fingerprint=of_recipe)
    except OSError:
        raise
    except Exception as error:
        if isinstance(error, MemoryError) or any(text in str(error).lower() for text in _OUT_OF_MEMORY):
            raise OutOfMemoryError(f"out of memory: {_reason(error)}") from None
        costs = cost(architecture, job.template)
        return TrainedNetwork(
            architecture, costs, seed, of_recipe, job.data.fingerprint, "failed", reason=_reason(error)
        )


def _reason(error: Exception) -> str:
    return " ".join((str(error).splitlines() or [type(error).__name__])[0].split())[:300] or type(error).__name__


def _end_with(parent: int) -> None:
    """See to it that this process ends when its parent does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before this was asked for
        os._exit(1)
    threading.Thread(target=_wait_for_the_end_of_input, daemon=True).start()


def _wait_for_the_end_of_input() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)
