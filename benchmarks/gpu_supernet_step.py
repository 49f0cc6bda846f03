r"""A weights step of the super network on a GPU, by precision, layout and way of starting it, with its floor.

    python benchmarks/gpu_supernet_step.py --device cuda --json benchmarks/results/gpu_supernet_step.json
    python benchmarks/gpu_supernet_step.py --device cpu --space small --image-size 16 --at 1M --json /tmp/s.json

A step is forward, backward, clipping and SGD, as in the search. For each sub-network: fp32, TF32 and bf16, channels
last or first, kernel by kernel or recorded as a CUDA graph, sliced; and bf16 masked. `share of peak`: operations
(3 × forward, 2 a multiply-add) over the rate of a large bf16 matrix product.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from gpu_training import machine
from supernet_step import architecture_at

from netspace import Architecture, SuperNetwork, cost, load_search_space
from netspace.models import SubNetwork, forward_masked, initialise, masks_of_subnetwork


@dataclass(frozen=True)
class Way:
    """How a step is run."""

    precision: str = "bf16"
    channels_last: bool = True
    recorded: bool = False
    masked: bool = False


WAYS = (
    Way("fp32"),
    Way("tf32"),
    Way("bf16"),
    Way("bf16", channels_last=False),
    Way("tf32", recorded=True),
    Way("bf16", recorded=True),
    Way("bf16", masked=True),
)


def main() -> None:
    """Time every sub-network in every way and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=["cpu", "cuda"])
    parser.add_argument("--space", default="expanded")
    parser.add_argument("--at", nargs="+", default=["200M", "1.6G", "6.4G", "32G"])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--image-size", type=int, default=32)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    device, space = torch.device(given.device), load_search_space(given.space)
    supernet = SuperNetwork(space.template(given.image_size, 3, 10), space)
    initialise(supernet, generator=torch.Generator().manual_seed(0))
    told: dict[str, Any] = machine(device) | {"space": given.space, "batch": given.batch, "rows": []}
    told["shared weights"] = sum(p.numel() for p in supernet.parameters())
    for text in given.at:
        architecture = architecture_at(text, space, supernet)
        for way in WAYS if given.device == "cuda" else [Way("fp32"), Way("fp32", masked=True)]:
            row = timed(supernet, architecture, way, given)
            row["share of peak"] = round(row["TFLOP a second"] / told.get("bf16 TFLOP a second", 1e9), 4)
            print(json.dumps(row), flush=True)
            told["rows"].append(row)
            given.json.write_text(json.dumps(told, indent=1))


def timed(supernet: SuperNetwork, architecture: Architecture, way: Way, given: argparse.Namespace) -> dict[str, Any]:
    """Return the median time of a step."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = way.precision != "fp32"
    layout = torch.channels_last if way.channels_last else torch.contiguous_format
    supernet = supernet.to(given.device, memory_format=layout)  # type: ignore[call-overload]
    step = stepper(supernet, architecture, way, given, layout)
    if given.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    seconds = statistics.median(seconds_of(step, given.device) for _ in range(given.runs))
    flops = cost(architecture, supernet.template).flops
    rate = 6 * flops * given.batch / seconds / 1e12
    memory = torch.cuda.max_memory_reserved() / 2**30 if given.device == "cuda" else 0.0
    told = {"flops": flops, **vars(way), "milliseconds": round(1e3 * seconds, 3)}
    return told | {
        "images a second": round(given.batch / seconds),
        "TFLOP a second": round(rate, 2),
        "GB": round(memory, 2),
    }


def stepper(
    supernet: SuperNetwork, architecture: Architecture, way: Way, given: argparse.Namespace, layout: torch.memory_format
) -> Callable[[], Any]:
    """Return a function that takes one step, after three that are not counted."""
    optimizer = torch.optim.SGD(supernet.parameters(), lr=1e-3, momentum=0.9, weight_decay=3e-4)
    generator = torch.Generator().manual_seed(0)
    size = (given.batch, 3, given.image_size, given.image_size)
    images = torch.randn(size, generator=generator).to(given.device).contiguous(memory_format=layout)
    labels = torch.randint(10, (given.batch,), generator=generator).to(given.device)
    masks = masks_of_subnetwork(supernet.shared, SubNetwork.of(architecture, supernet.template)) if way.masked else []

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(given.device, torch.bfloat16, enabled=way.precision == "bf16"):
            logits = forward_masked(supernet.shared, images, masks) if way.masked else supernet(images, architecture)
            loss = F.cross_entropy(logits, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(supernet.parameters(), 5.0)
        optimizer.step()

    if not way.recorded:
        for _ in range(3 if given.device == "cuda" else 1):
            step()
        return step
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        step()
    return graph.replay


def seconds_of(step: Callable[[], Any], device: str) -> float:
    """Return the time of one step."""
    begun = time.perf_counter()
    step()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
