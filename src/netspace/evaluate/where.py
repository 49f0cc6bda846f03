"""What a pool of trainings is: its device, and how many there are at a time."""

from __future__ import annotations

from netspace.errors import NetspaceError
from netspace.evaluate.cluster import places, reached
from netspace.models import resolve_device
from netspace.settings import Pool


def device_of(pool: Pool, device: str) -> str:
    """Return where networks are trained, `cpu` or `cuda`; on a cluster the pool says it, whatever this machine has.

    Args:
        pool: who trains.
        device: as asked for: `cpu`, `cuda` or `auto`.

    Raises:
        NetspaceError: where the device is not there, or is not what the pool trains on.
    """
    if not pool.cluster:
        return resolve_device(device)
    there = "cuda" if pool.gpus else "cpu"
    if device not in ("auto", there):
        given = f"a share of a GPU ({pool.gpus:g})" if pool.gpus else "processors alone"
        raise NetspaceError(
            f"trainings on this Ray cluster get {given}, and device '{device}' is asked for; a pool as ray,gpus=0.25 "
            f"gives each a share of a GPU; or give device {there}"
        )
    return there


def at_a_time(pool: Pool) -> int:
    """Return how many networks are trained at a time; a cluster is asked what it has room for now, 1 at least.

    Raises:
        NetspaceError: where the cluster does not answer.
    """
    return max(places(reached(pool.cluster).cluster_resources(), pool), 1) if pool.cluster else pool.jobs
