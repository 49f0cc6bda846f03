"""Schedules: pure functions from a position in the run to a value."""

from __future__ import annotations

import math
from collections.abc import Callable


def linear(progress: float, start: float, end: float) -> float:
    """Interpolate from `start` to `end`; `progress` is clipped to 0..1."""
    share = min(max(progress, 0.0), 1.0)
    return start + (end - start) * share


def cosine(progress: float, start: float, end: float) -> float:
    """Fall from `start` to `end` along half a cosine: end + (start − end)(1 + cos πt)/2.

    `progress` t is clipped to 0..1 (SGDR, Loshchilov and Hutter 2017, without restarts).
    """
    share = min(max(progress, 0.0), 1.0)
    return end + (start - end) * (1.0 + math.cos(math.pi * share)) / 2.0


SCHEDULES: dict[str, Callable[[float, float, float], float]] = {
    "cosine": cosine,
    "linear": linear,
}  # by name in recipes
