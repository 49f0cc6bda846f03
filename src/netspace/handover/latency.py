"""How long a network takes for a batch of images, measured where it stands."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from netspace.handover.card import Latency

RUNS, UNTIMED, SECONDS = 50, 3, 2.0


@torch.no_grad()
def measure_latency(network: Callable[[Tensor], Any], images: Tensor) -> Latency:
    """Time a network: the median of up to 50 runs, or as many as fit into two seconds.

    Args:
        network: a module in evaluation mode, on the device of the images, or another runtime's function.
        images: one batch as the network takes it, shape (n, channels, size, size).
    """
    for _ in range(UNTIMED):
        _time(network, images)
    seconds: list[float] = []
    while not seconds or (len(seconds) < RUNS and sum(seconds) < SECONDS):
        seconds.append(_time(network, images))
    milliseconds = float(f"{1000 * statistics.median(seconds):.4g}")
    return Latency(len(images), milliseconds, len(seconds), device_name(images.device), torch.get_num_threads())


def _time(network: Callable[[Tensor], Any], images: Tensor) -> float:
    _wait(images.device)
    started = time.perf_counter()
    network(images)
    _wait(images.device)
    return time.perf_counter() - started


def device_name(device: torch.device) -> str:
    """Return what to call a device in a card."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU ({platform.machine()})"


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
