"""Which arithmetic trains a kind of block faster on a device: timed once, values compared, kept for the machine."""

from __future__ import annotations

import json
import math
import os
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from netspace.cost import cost
from netspace.documents import write_atomically
from netspace.models import Network, initialise
from netspace.processor import processor
from netspace.settings import AUTO, BF16, FP32, Precision
from netspace.spaces import Architecture, NetworkTemplate

FASTER = 1.1  # below, what is gained is within what a measurement is off
APART = 0.1
BATCH, FEWEST, DEEPEST = 64, 8, 2
LEAST_FLOPS = 5 * 10**6
MOST_FLOPS = 10**10  # of a batch, or fewer images are taken
ROUNDS, LONG = 9, 2.0  # at most, after two of them and so many seconds no further one
FILE = "arithmetic.json"
_MEASURING = threading.Lock()  # two at a time would time each other
_found: dict[str, Comparison] = {}


@dataclass(frozen=True)
class Comparison:
    """A step in bf16 held against one in 32 bits.

    Args:
        faster: time in 32 bits over time in bf16, the median of rounds in turns.
        apart: how far bf16's results lie off: the larger of the relative distance of the losses and of what the cosine
            of the two gradients lacks of 1; infinite where one is not finite.
    """

    faster: float
    apart: float

    @property
    def chosen(self) -> Precision:
        """The arithmetic to train in."""
        return BF16 if self.faster >= FASTER and self.apart <= APART else FP32


def settled(
    precision: Precision, architecture: Architecture, template: NetworkTemplate, device: torch.device
) -> Precision:
    """Return the arithmetic to train in: the one that is asked for, and for `auto` the faster one.

    That is `bf16-mixed` where a step in it is at least 1.1 times as fast, and loss and gradient are those of `32-true`
    but for rounding: a processor without units for bf16 takes several times as long in it, as do grouped convolutions
    on some that have them. Each machine is measured once for a kind of block, a device and a version of torch, and
    keeps the answer among the caches in the user's home folder.

    Args:
        precision: `auto`, `32-true` or `bf16-mixed`.
        architecture: a network of this kind; one of two blocks a stage, with the same knobs and widths or some times
            as wide, is measured.
        template: of it.
        device: to train on.
    """
    if precision != AUTO:
        return precision
    try:
        return comparison(architecture, template, device).chosen
    except RuntimeError:  # an operation that bf16 does not have; what is wrong in 32 bits too, the training says
        return FP32


def comparison(architecture: Architecture, template: NetworkTemplate, device: torch.device) -> Comparison:
    """Return how the arithmetics compare on a device for a kind of block, as measured now or earlier."""
    key = key_of(template.block, device)
    with _MEASURING:
        if key not in _found:
            _found.update(_kept())
        if key not in _found:
            remember(key, _compare(architecture, template, device))
        return _found[key]


def key_of(block: str, device: torch.device) -> str:
    """Return under which name a kind of block on a device is known: with the processor and the version of torch."""
    on = torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
    return f"{block}, {on}, torch {torch.__version__}"


def remember(key: str, found: Comparison) -> None:
    """Keep a comparison, here and for later processes; where no file can be written, these measure anew."""
    _found[key] = found
    plain = {name: asdict(one) for name, one in {**_kept(), key: found}.items()}
    with suppress(OSError):
        place().parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place(), json.dumps(plain, indent=1) + "\n")


def place() -> Path:
    """Return the file in which what was measured is kept."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 (there may be no home)
    return Path(cache) / "netspace" / FILE


def _compare(architecture: Architecture, template: NetworkTemplate, device: torch.device) -> Comparison:
    probe = _probe(architecture, template)
    generator = torch.Generator().manual_seed(0)
    network = _network(probe, template, generator).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    n = min(BATCH, max(FEWEST, MOST_FLOPS // cost(probe, template).flops))
    size = architecture.image_size or template.image_size
    images = torch.randn(n, template.channels, size, size, generator=generator)
    images = images.to(device, memory_format=torch.channels_last)
    labels = torch.randint(template.classes, (n,), generator=generator).to(device)
    with one_thread():
        apart = _apart(*(_results(network, images, labels, precision) for precision in (FP32, BF16)))
        return Comparison(_faster(network, images, labels), apart)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread, as the processes that train."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _probe(architecture: Architecture, template: NetworkTemplate) -> Architecture:
    """Return a network of the same kind, shallow, and so wide that not all of its time goes into starting kernels."""
    stages = [replace(stage, depth=min(stage.depth, DEEPEST)) for stage in architecture.stages]
    for wider in (1, 2, 4, 8):  # whole multiples, which groups of channels divide
        probe = replace(architecture, stages=tuple(replace(one, width=wider * one.width) for one in stages))
        if cost(probe, template).flops >= LEAST_FLOPS:
            break
    return probe


def _network(probe: Architecture, template: NetworkTemplate, generator: torch.Generator) -> Network:
    """Return a network whose blocks all pass their gradients on: no BatchNorm has a scale of 0."""
    with torch.random.fork_rng(devices=[]):  # torch's layers draw weights of their own first
        network = Network(probe, template)
    initialise(network, generator=generator)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
    return network


def _results(network: Network, images: Tensor, labels: Tensor, precision: str) -> tuple[Tensor, Tensor]:
    """Return the loss of a step, a scalar, and its gradient, flat."""
    network.zero_grad(set_to_none=True)
    with torch.autocast(images.device.type, torch.bfloat16, enabled=precision == BF16):
        loss = F.cross_entropy(network(images), labels)
    loss.backward()
    return loss.detach().double(), torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])


def _apart(full: tuple[Tensor, Tensor], half: tuple[Tensor, Tensor]) -> float:
    distance = float(abs(half[0] / full[0] - 1))
    turned = 1 - float(F.cosine_similarity(full[1].double(), half[1].double(), dim=0))
    return max(distance, turned) if math.isfinite(distance + turned) else math.inf


def _faster(network: Network, images: Tensor, labels: Tensor) -> float:
    """Return the median over rounds, in turns, of a step's time in 32 bits over its time in bf16."""
    ratios: list[float] = []
    begun = time.perf_counter()
    while len(ratios) < 2 or (len(ratios) < ROUNDS and time.perf_counter() - begun < LONG):
        full, half = (_seconds(network, images, labels, precision) for precision in (FP32, BF16))
        ratios.append(full / half)
    return statistics.median(ratios)


def _seconds(network: Network, images: Tensor, labels: Tensor, precision: str) -> float:
    on_gpu = images.device.type == "cuda"
    clock = time.perf_counter if on_gpu else time.thread_time  # the latter does not run while others have the processor
    begun = clock()
    _results(network, images, labels, precision)
    if on_gpu:
        torch.cuda.synchronize(images.device)
    return clock() - begun


def _kept() -> dict[str, Comparison]:
    """Return what was measured earlier; nothing where the file is not there, or not as we write it."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        plain = json.loads(place().read_text(encoding="utf-8"))
        return {key: Comparison(float(one["faster"]), float(one["apart"])) for key, one in plain.items()}
    return {}
