"""What each worker process does: claim networks of a store and train them until every one is done.

It is started with a command of our own (evaluate/crew.py), so it never runs the user's script again.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

import torch

from netspace.allocator import give_back_memory, keep_freed_memory
from netspace.cost import cost
from netspace.documents import fingerprint
from netspace.errors import NetspaceError, first_line
from netspace.evaluate.job import Job, taken_up
from netspace.evaluate.step import own_stream
from netspace.evaluate.train import train_network
from netspace.records import NetworkStore, TrainedNetwork
from netspace.records.holding import Hold
from netspace.spaces import Architecture

Claim = tuple[int, Architecture, int]  # id of a network in the store, what to train, seed

CANNOT_GO_ON = 70  # exit code: a fault that no other network would be spared, such as a full disk
POLL_SECONDS = 1.0
_OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "cannot allocate memory")


class OutOfMemoryError(Exception):
    """A training needed more memory than there was; the network may be trained where there is more."""


def main(folder: str, hold: Hold) -> None:
    """Train networks, and end the process: with 0 when none is left, else after one line that says why.

    Args:
        folder: of the job.
        hold: of this process on the store's folder.
    """
    say = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    keep_freed_memory()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not be taken for the reason
    try:
        _work(taken_up(Path(folder)), hold)
        code = 0
    except Exception as error:
        code = CANNOT_GO_ON if isinstance(error, (OSError, NetspaceError)) else 1
        say.write(first_line(error))
        say.flush()
    os._exit(code)


def _work(job: Job, hold: Hold) -> None:
    store = NetworkStore(job.store, hold)
    before = SimpleQueue[Claim]()
    for claim in store.handed_over():
        before.put(claim)
    pool = ThreadPoolExecutor(job.threads)
    threads = [pool.submit(_train, job, store, before) for _ in range(job.threads)]
    for thread in wait(threads, return_when=FIRST_EXCEPTION).done:
        thread.result()  # its fault is that of the process, which ends with all its threads
    store.release()


def _train(job: Job, store: NetworkStore, before: SimpleQueue[Claim]) -> None:
    """Train networks until there are no more, or this process was taken for dead and others train them."""
    torch.set_num_threads(1)
    of_recipe = fingerprint(job.recipe)
    with own_stream(torch.device(job.device)):
        for network, architecture, seed in _claims(store, before):
            if not store.finish(network, trained(job, architecture, seed, of_recipe)):
                return


def _claims(store: NetworkStore, before: SimpleQueue[Claim]) -> Iterator[Claim]:
    """Yield networks to train until none waits and none is held by a process that might still die.

    Args:
        store: of the networks.
        before: those that were claimed in this process's name before it began.
    """
    with suppress(Empty):
        while True:
            yield before.get_nowait()
    while True:
        claimed = store.claim()
        if claimed is not None:
            yield claimed
        elif store.counts().get("claimed"):
            time.sleep(POLL_SECONDS)
        else:
            return


def trained(job: Job, architecture: Architecture, seed: int, of_recipe: str) -> TrainedNetwork:
    """Train a network; what it fails at by itself is its record.

    Raises:
        OSError, AcceleratorError, OutOfMemoryError: where the machine, not the network, is at fault.
    """
    try:
        return train_network(architecture, job.template, job.data, job.recipe, seed=seed, fingerprint=of_recipe)
    except (OSError, torch.AcceleratorError):  # after a fault of its own a GPU does nothing more for a process
        raise
    except Exception as error:
        if isinstance(error, MemoryError) or any(text in str(error).lower() for text in _OUT_OF_MEMORY):
            raise OutOfMemoryError(f"out of memory: {first_line(error)}") from None
        costs = cost(architecture, job.template)
        return TrainedNetwork(
            *(architecture, costs, seed, of_recipe, job.data.fingerprint, "failed"),
            device=job.device,
            reason=first_line(error),
        )
    finally:
        give_back_memory()
