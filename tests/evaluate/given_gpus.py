"""In place of a training on a cluster: what Ray gave it, in a record; no GPU is needed for it."""

from __future__ import annotations

import os
import time
from typing import Any

from netspace import Architecture
from netspace.cost import cost
from netspace.documents import fingerprint, from_plain
from netspace.records import TrainedNetwork
from netspace.settings import Recipe
from netspace.spaces import NetworkTemplate


def training_on_a_share(
    plain: dict[str, Any], arrays: Any, versions: Any, architecture: Architecture, seed: int
) -> TrainedNetwork:
    """Return a record with the device and the share of it that were given, the process, and when it began and ended."""
    import ray

    begun = time.time()
    time.sleep(0.3)
    (gpu,) = ray.get_gpu_ids()
    share = ray.get_runtime_context().get_assigned_resources()["GPU"]
    recipe, template = from_plain(Recipe, plain["recipe"], ""), from_plain(NetworkTemplate, plain["template"], "")
    return TrainedNetwork(
        *(architecture, cost(architecture, template), seed, fingerprint(recipe), "d", "failed"),
        device=f"{plain['device']}, GPU {gpu}, {share:g} of it",
        reason=f"{os.getpid()} {begun} {time.time()}",
    )
