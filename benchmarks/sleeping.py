"""A kind of block whose networks are trained by sleeping: one second for each of the recipe's epochs.

Whoever imports it, as each process that trains does for the block, sleeps in place of training; all around a training
is as ever. `ray_overhead.py` measures that.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import Any

from netspace import Architecture, NetworkTemplate, cost
from netspace.blocks import BLOCKS
from netspace.blocks.basic import Basic
from netspace.documents import from_plain
from netspace.evaluate import TrainingData, worker
from netspace.records import TrainedNetwork
from netspace.settings import Recipe

NAME = "sleeping"


class SleepingBlock(Basic):
    """The basic block by another name."""


def sleep(
    architecture: Architecture,
    template: NetworkTemplate,
    data: TrainingData,
    recipe: Recipe,
    *,
    seed: int,
    fingerprint: str = "",
    **_: Any,
) -> TrainedNetwork:
    """Sleep, and return a record whose curve tells the process and the clock's time before and after."""
    begun = time.time()
    time.sleep(recipe.epochs)
    told = {"process": os.getpid(), "begun": begun, "ended": time.time(), "loss": 1.0}
    record = TrainedNetwork(architecture, cost(architecture, template), seed, fingerprint, data.fingerprint, "ok")
    return replace(record, validation_error=0.5, test_error=0.5, curve=[told], seconds=float(recipe.epochs))


def nothing(plain: dict[str, Any], arrays: Any, versions: Any, architecture: Architecture, seed: int) -> TrainedNetwork:
    """Return a record at once, in place of a training on a cluster."""
    template = from_plain(NetworkTemplate, plain["template"], "")
    record = TrainedNetwork(architecture, cost(architecture, template), seed, "r", plain["data"], "ok")
    return replace(record, validation_error=0.5, test_error=0.5, curve=[{"loss": 1.234567}] * 10, seconds=1.0)


BLOCKS[NAME] = SleepingBlock()
worker.train_network = sleep  # type: ignore[attr-defined]
