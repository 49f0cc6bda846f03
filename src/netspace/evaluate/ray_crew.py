"""The trainings of a population on a Ray cluster: this process alone reads and writes the store, others only train.

A network is a task of one processor and one thread, and of a share of a GPU where that is asked for. The images go to
the object store once, and each node maps them. Ray trains anew what was lost with its process or node; what is lost too
often is given up, as on one machine. This process claims under its own lock file, so that after its death the next run
takes over what it had claimed.
"""

from __future__ import annotations

import atexit
import time
import uuid
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import metadata
from types import TracebackType
from typing import Any

import torch
from numpy.typing import NDArray

from netspace.allocator import keep_freed_memory
from netspace.documents import fingerprint
from netspace.errors import NetspaceError, UnfinishedError, first_line
from netspace.evaluate.cluster import MORE_TRIES, Head, places, reached
from netspace.evaluate.job import Job, job_of, plain_of, tensors_of
from netspace.evaluate.step import own_stream
from netspace.records import NetworkStore, TrainedNetwork, recovery
from netspace.records.holding import FOLDER, Hold, remove_if_empty
from netspace.settings import Pool
from netspace.spaces import Architecture

QUEUED = 2  # tasks per training at a time that are handed to the cluster
LOST = ("WorkerCrashedError", "NodeDiedError", "OutOfMemoryError", "ObjectLostError")  # Ray's, after its tries
ROOM_SECONDS = 5.0  # for which the cluster's size is taken to be the same


class RayCrew:
    """A cluster at work on a store; a context, which gives back at its end what is not trained.

    Args:
        store: the networks.
        job: what each training needs; its device is `cuda` where the pool gives each a share of a GPU.
        pool: which cluster, and what each training takes of it.

    Raises:
        NetspaceError: where Ray is not installed, or no cluster answers.
    """

    def __init__(self, store: NetworkStore, job: Job, pool: Pool) -> None:
        self._ray, self._pool = reached(pool.cluster), pool
        self._hold = Hold(store.folder, uuid.uuid4().hex)
        self._store = NetworkStore(store.folder, self._hold)
        arrays = {name: tensor.numpy() for name, tensor in tensors_of(job.data).items()}
        self._handed = [self._ray.put(part) for part in (plain_of(job), arrays, _versions())]
        # A process trains one network after the other, also on a GPU, where Ray would start one for each.
        takes = {"num_cpus": 1, "num_gpus": pool.gpus, "max_calls": 0, "max_retries": MORE_TRIES}
        self._train = self._ray.remote(**takes)(_train)
        self._tasks: dict[Any, int] = {}
        self._room, self._asked, self._head = 0, -ROOM_SECONDS, Head(self._ray)

    def look(self) -> bool:
        """Record what has come, hand out what waits, and return whether any network is being trained.

        Raises:
            UnfinishedError: where a machine's fault, which no other network would be spared, ended a training, or the
                cluster answers no more.
        """
        with self._answering():
            tasks = list(self._tasks)
            done = self._ray.wait(tasks, num_returns=len(tasks), timeout=0)[0] if tasks else []
            self._record(done)
            for network, architecture, seed in self._store.claims(self._free()):
                self._tasks[self._train.remote(*self._handed, architecture, seed)] = network
        return bool(self._tasks or self._store.counts().get("claimed"))

    def _free(self) -> int:
        """Return how many more tasks the cluster is to have; nodes come and go, and an empty one is asked to grow."""
        if time.monotonic() - self._asked > ROOM_SECONDS:
            if self._head.answers():  # Ray would wait for it
                self._room = QUEUED * max(places(self._ray.cluster_resources(), self._pool), 1)
            self._asked = time.monotonic()
        return max(self._room - len(self._tasks), 0)

    def _record(self, tasks: Sequence[Any]) -> None:
        """Record what came of tasks that are done, all at once: a disk takes its time for each change of the store."""
        errors, trained, faults = self._ray.exceptions, [], []
        for task in tasks:
            network = self._tasks.pop(task)
            try:
                trained.append((network, self._ray.get(task)))
            except errors.RayTaskError as error:
                faults.append(error.cause)
            except tuple(getattr(errors, name) for name in LOST) as error:
                reason = f"{type(error).__name__}, {MORE_TRIES + 1} times"
                recovery.give_up(self._store, network, self._hold.name, reason)
            except errors.RayError as error:  # of the cluster: the network is not at fault, and waits for the next run
                faults.append(error)
        self._store.record(trained)
        if faults:
            raise UnfinishedError(f"a training on the cluster: {first_line(faults[0])}")

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (ConnectionError, self._ray.exceptions.RayError) as error:
            if isinstance(error, ConnectionError):  # there is nobody to be told of an end: Ray would wait for an answer
                self._tasks.clear()
                atexit.unregister(self._ray.shutdown)
            raise UnfinishedError(f"the Ray cluster answers no more: {first_line(error)}") from None

    def __enter__(self) -> RayCrew:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End what is being trained, and let it wait again."""
        with suppress(ConnectionError):
            for task in self._tasks:
                if not self._ray.is_initialized():  # Ray would look for a cluster again, or start one here
                    break
                with suppress(self._ray.exceptions.RayError):
                    self._ray.cancel(task, force=True)
        with suppress(NetspaceError):  # where the store cannot be written, the next run takes the networks over
            recovery.put_back(self._store, self._hold.name)
        self._store.release()
        remove_if_empty(self._store.folder / FOLDER)


def _train(
    plain: dict[str, Any],
    arrays: dict[str, NDArray[Any]],
    versions: dict[str, str],
    architecture: Architecture,
    seed: int,
) -> TrainedNetwork:
    """Train one network, in a process of the cluster.

    Raises:
        NetspaceError: where this node is not as the machine that asks, or torch does not find the GPU that Ray gave.
    """
    from netspace.evaluate.worker import trained

    _check_node(versions, plain["device"])
    torch.set_num_threads(1)
    keep_freed_memory()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")  # nothing writes to the images
        job = job_of(plain, {name: torch.from_numpy(array) for name, array in arrays.items()})
    with own_stream(torch.device(job.device)):
        return trained(job, architecture, seed, fingerprint(job.recipe))


def _versions() -> dict[str, str]:
    """Return what has to be alike for equal results; `+cpu` or `+cu128` says how torch was built, not which it is."""
    return {name: metadata.version(name).partition("+")[0] for name in ("netspace", "torch")}


def _check_node(versions: dict[str, str], device: str) -> None:
    if (own := _versions()) != versions:
        raise NetspaceError(f"a node has {_told(own)}, and this machine {_told(versions)}; install the same on all")
    if device == "cuda" and not torch.cuda.is_available():
        raise NetspaceError("Ray gave a training a GPU, and torch finds none there; install torch for it on the nodes")


def _told(versions: dict[str, str]) -> str:
    return " and ".join(f"{name} {version}" for name, version in versions.items())
