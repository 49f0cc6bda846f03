"""The record of one training."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from netspace.cost import Cost
from netspace.spaces import Architecture
from netspace.spaces.ranges import STRICT

Status = Literal["ok", "diverged", "failed"]


@dataclass(frozen=True, config=STRICT)
class TrainedNetwork:
    """What came of training one architecture from scratch.

    Args:
        architecture: depth and width per stage.
        cost: FLOPs, params and activations.
        seed: of initialisation, order and augmentation.
        recipe: fingerprint of the recipe.
        data: fingerprint of the training images and labels.
        status: `ok`; `diverged` (a loss was not finite); `failed`, with a reason.
        validation_error: share of wrong classes after the last epoch, 0..1; None unless `ok`.
        test_error: the same on the sealed test images; it chose nothing.
        curve: one entry per epoch: `loss` (mean over its training steps), `validation_error` and `validation_loss`.
        seconds: wall time.
        device: where it was trained.
        reason: why it is not `ok`.
    """

    architecture: Architecture
    cost: Cost
    seed: int
    recipe: str
    data: str
    status: Status
    validation_error: float | None = None
    test_error: float | None = None
    curve: list[dict[str, Any]] = Field(default_factory=list)
    seconds: float = 0.0
    device: str = "cpu"
    reason: str | None = None
