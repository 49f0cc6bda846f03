"""A Ray cluster: reached once by this process, and asked how many trainings it has room for."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

from netspace.errors import NetspaceError, first_line
from netspace.settings import Pool
from netspace.settings.pool import NO_RAY, SCHEME

KNOCK_SECONDS = 10.0
SILENT_SECONDS = 30.0  # for which a head may be silent, as one that is started anew; Ray ends this process after 60
FORKS = "; start the cluster's head with GRPC_ENABLE_FORK_SUPPORT=0 in its environment (docs/cluster.md)"
TOKEN = "; if the cluster asks for a token, set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN (docs/cluster.md)"
MORE_TRIES = 3  # of a network whose process or node is lost


def reached(address: str) -> Any:
    """Return the module `ray`, connected to a cluster until this process ends, or `ray.shutdown()`.

    A process that is connected already, by itself or by an earlier call, stays with what it is connected to.

    Args:
        address: as `Pool.cluster`.

    Raises:
        NetspaceError: where Ray is not installed, or no cluster answers.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster that is started here tells nobody of it
    # Ray would try without end where a node has not the memory; this is read when it is loaded.
    os.environ.setdefault("RAY_task_oom_retries", str(MORE_TRIES))
    try:
        import ray
    except ImportError:
        raise NetspaceError(NO_RAY) from None
    if not ray.is_initialized():
        _connect(ray, address)
    return ray


def _connect(ray: Any, address: str) -> None:
    place = address if address != SCHEME else os.environ.get("RAY_ADDRESS", "")
    before = signal.getsignal(signal.SIGTERM)
    try:
        _knock(place)
        ray.init(None if address == SCHEME else address, log_to_driver=False, logging_level="error")
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        by = " (RAY_ADDRESS)" if address == SCHEME and place else ""
        hint = FORKS if "Initialization failure" in str(error) else TOKEN if place and not _refused(error) else ""
        raise NetspaceError(f"no Ray cluster answers at '{place or address}'{by}: {first_line(error)}{hint}") from None
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)  # Ray would end the process before anything is put back


def _refused(error: Exception) -> bool:
    """Say whether the system itself says that nobody is there."""
    return isinstance(error, OSError) and error.errno is not None


def _knock(place: str) -> None:
    """Raise OSError where nobody listens at a host and port; Ray itself would try for minutes."""
    if (parts := re.fullmatch(rf"(?:{SCHEME}://)?([^:/]+):([0-9]+)", place)) is not None:
        socket.create_connection((parts[1], int(parts[2])), timeout=KNOCK_SECONDS).close()


class Head:
    """The head of the cluster that this process is connected to, without which nothing is handed out any more.

    Args:
        ray: the module, connected.
    """

    def __init__(self, ray: Any) -> None:
        # Over ray:// its client says by itself that the connection is lost.
        self._place = "" if ray.util.client.ray.is_connected() else ray.get_runtime_context().gcs_address
        self._silent_since: float | None = None

    def answers(self) -> bool:
        """Knock, and return whether somebody is there.

        Raises:
            ConnectionError: where nobody has been there for SILENT_SECONDS.
        """
        try:
            _knock(self._place)
        except OSError as error:
            if self._silent_since is None:  # not from the last answer on: this process may have been stopped meanwhile
                self._silent_since = time.monotonic()
            if time.monotonic() - self._silent_since > SILENT_SECONDS:
                raise ConnectionError(f"its head at {self._place} is gone: {first_line(error)}") from None
            return False
        self._silent_since = None
        return True


def places(there: Mapping[str, float], pool: Pool) -> int:
    """Return how many trainings at a time a cluster has room for.

    Args:
        there: its resources by Ray's names, as `CPU`.
        pool: what each training takes: a processor, and a share of one GPU.
    """
    processors = int(there.get("CPU", 0))
    if not pool.gpus:
        return processors
    return min(processors, int(there.get("GPU", 0)) * int(1 / pool.gpus + 1e-9))  # a share lies on one GPU
