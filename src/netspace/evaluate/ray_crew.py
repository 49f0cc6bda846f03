"""The trainings of a population on a Ray cluster: this process alone reads and writes the store, others only train.

A network is a task of one processor and one thread. The images go to the object store once, and each node maps them.
Ray trains anew what was lost with its process or node; what is lost too often is given up, as on one machine. This
process claims under its own lock file, so that after its death the next run takes over what it had claimed.
"""

from __future__ import annotations

import signal
import threading
import uuid
import warnings
from contextlib import suppress
from types import TracebackType
from typing import Any

import torch
from numpy.typing import NDArray

from netspace.documents import fingerprint
from netspace.errors import NetspaceError, UnfinishedError
from netspace.evaluate.job import Job, job_of, plain_of, tensors_of
from netspace.records import NetworkStore, TrainedNetwork, recovery
from netspace.records.holding import FOLDER, Hold, remove_if_empty
from netspace.spaces import Architecture

SCHEME = "ray"
MORE_TRIES = 3  # of a network whose process or node is lost
QUEUED = 2  # tasks per processor that are handed to the cluster at a time


class RayCrew:
    """A cluster at work on a store; a context, which gives back at its end what is not trained.

    Args:
        store: the networks.
        job: what each training needs; its device is `cpu`.
        address: `ray` for the cluster of this machine (RAY_ADDRESS says which), or one started here;
            `ray://HOST:PORT` for one that Ray's client reaches.

    Raises:
        NetspaceError: where Ray is not installed, or no cluster answers.
    """

    def __init__(self, store: NetworkStore, job: Job, address: str) -> None:
        self._ray = _connected(address)
        self._hold = Hold(store.folder, uuid.uuid4().hex)
        self._store = NetworkStore(store.folder, self._hold)
        arrays = {name: tensor.numpy() for name, tensor in tensors_of(job.data).items()}
        self._handed = [self._ray.put(part) for part in (plain_of(job), arrays)]
        self._train = self._ray.remote(num_cpus=1, max_retries=MORE_TRIES)(_train)
        self._room = QUEUED * max(int(self._ray.cluster_resources().get("CPU", 1)), 1)
        self._tasks: dict[Any, int] = {}

    def look(self) -> bool:
        """Record what has come, hand out what waits, and return whether any network is being trained.

        Raises:
            UnfinishedError: where a machine's fault, which no other network would be spared, ended a training.
        """
        tasks = list(self._tasks)
        done = self._ray.wait(tasks, num_returns=len(tasks), timeout=0)[0] if tasks else []
        for task in done:
            self._record(task, self._tasks.pop(task))
        while len(self._tasks) < self._room and (claim := self._store.claim()) is not None:
            network, architecture, seed = claim
            self._tasks[self._train.remote(*self._handed, architecture, seed)] = network
        return bool(self._tasks or self._store.counts().get("claimed"))

    def _record(self, task: Any, network: int) -> None:
        errors = self._ray.exceptions
        try:
            self._store.finish(network, self._ray.get(task))
        except errors.RayTaskError as error:
            raise UnfinishedError(f"a training on the cluster: {_first_line(error.cause)}") from None
        except errors.RayError as error:  # lost with its process or node each time
            reason = f"{type(error).__name__}, {MORE_TRIES + 1} times"
            recovery.give_up(self._store, network, self._hold.name, reason)

    def __enter__(self) -> RayCrew:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End what is being trained, let it wait again, and leave the cluster."""
        for task in self._tasks:
            with suppress(self._ray.exceptions.RayError):
                self._ray.cancel(task, force=True)
        with suppress(NetspaceError):  # where the store cannot be written, the next run takes the networks over
            recovery.put_back(self._store, self._hold.name)
        self._store.release()
        remove_if_empty(self._store.folder / FOLDER)
        self._ray.shutdown()


def device_there(device: str) -> str:
    """Return where networks are trained on a cluster, whatever this machine has.

    Raises:
        NetspaceError: where it is not the processors.
    """
    if device not in ("cpu", "auto"):
        raise NetspaceError(
            f"trainings on a Ray cluster compute on its processors, not on '{device}'; give --device cpu"
        )
    return "cpu"


def check_cluster(name: str | None, jobs: int) -> None:
    """Check what was asked for, before anything is read or made.

    Args:
        name: of the cluster; None is none, and right.
        jobs: processes of this machine that were asked for beside it.

    Raises:
        NetspaceError: where the name is not `ray` or `ray://HOST:PORT`, or Ray is not installed.
    """
    if name is None:
        return
    scheme, separator, host = name.partition("://")
    if scheme != SCHEME or bool(separator) != bool(host):
        raise NetspaceError(f"pool '{name}' is not known; give ray, or ray://HOST:PORT")
    if jobs != 1:
        raise NetspaceError(f"--jobs {jobs} is of this machine; a cluster trains as many at a time as it has room for")
    _imported()


def _imported() -> Any:
    try:
        import ray
    except ImportError:
        raise NetspaceError("training on a cluster needs one more package: pip install 'netspace[cluster]'") from None
    return ray


def _connected(address: str) -> Any:
    """Return the module `ray`, connected to a cluster."""
    ray = _imported()
    before = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(None if address == SCHEME else address, log_to_driver=False, logging_level="error")
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise NetspaceError(f"no Ray cluster answers at '{address}': {_first_line(error)}") from None
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)  # Ray would end the process before anything is put back
    return ray


def _train(
    plain: dict[str, Any], arrays: dict[str, NDArray[Any]], architecture: Architecture, seed: int
) -> TrainedNetwork:
    """Train one network, in a process of the cluster."""
    from netspace.evaluate.worker import trained

    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")  # nothing writes to the images
        job = job_of(plain, {name: torch.from_numpy(array) for name, array in arrays.items()})
    return trained(job, architecture, seed, fingerprint(job.recipe))


def _first_line(error: BaseException) -> str:
    return " ".join((str(error).splitlines() or [type(error).__name__])[0].split())[:300] or type(error).__name__
