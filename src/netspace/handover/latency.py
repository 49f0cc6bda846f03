"""How long a network takes for a batch of images, measured where it stands."""

from __future__ import annotations

import platform
import statistics
import time

import torch
from torch import Tensor, nn

from netspace.handover.card import Latency

RUNS, UNTIMED, SECONDS = 50, 3, 2.0


@torch.no_grad()
def measure_latency(network: nn.Module, images: Tensor) -> Latency:
    """Time a network in evaluation mode: the median of up to 50 runs, or as many as fit into two seconds.

    Args:
        network: on the device of the images.
        images: one batch as the network takes it, shape (n, channels, size, size).
    """
    network.eval()
    for _ in range(UNTIMED):
        _time(network, images)
    seconds: list[float] = []
    while not seconds or (len(seconds) < RUNS and sum(seconds) < SECONDS):
        seconds.append(_time(network, images))
    milliseconds = float(f"{1000 * statistics.median(seconds):.4g}")
    return Latency(len(images), milliseconds, len(seconds), device_name(images.device), torch.get_num_threads())


def _time(network: nn.Module, images: Tensor) -> float:
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
