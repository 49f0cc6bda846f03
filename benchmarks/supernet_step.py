"""Time of one weights step of the super network, sliced against masked, as ratios in one run.

    python benchmarks/supernet_step.py --space small --at 1% --at 10% --at 100%
    python benchmarks/supernet_step.py --space expanded --at 200M --at 4G --at 32G --no-masked

A step is forward, backward, gradient clipping and SGD, as in the search. Executions take turns, so that a change of
the machine's speed meets both; medians are reported. FLOPs of a step: 3 × forward (2 operations per multiply-add).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from netspace import Architecture, Budget, CostModel, SearchSpace, SpaceCosts, SuperNetwork, cost, load_search_space
from netspace.cost import format_amount, parse_amount
from netspace.models import SubNetwork, forward_masked, initialise, masks_of_subnetwork


@dataclass(frozen=True)
class Timing:
    """One row of the table: medians over the runs, seconds a step."""

    at: str
    architecture: str
    flops: int
    sliced: float
    masked: float | None
    ratio: float | None
    sliced_gflops_per_second: float
    peak_memory_gb: float


def main() -> None:
    """Read the arguments, time, print a table and write JSON."""
    args = arguments()
    torch.set_num_threads(args.threads)
    space = load_search_space(args.space)
    template = space.template(args.image_size, args.channels, args.classes)
    supernet = SuperNetwork(template, space)
    initialise(supernet, generator=torch.Generator().manual_seed(0))
    supernet = supernet.to(args.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    step = stepper(supernet, args)
    rows = []
    for at in args.at or ["1%", "10%", "100%"]:
        architecture = architecture_at(at, space, supernet)
        rows.append(timing(at, architecture, supernet, step, args))
        print(describe(rows[-1]), flush=True)
    if args.json is not None:
        machine = {"cores": args.cores, "threads": args.threads, "torch": str(torch.__version__), "device": args.device}
        machine |= {"machine": platform.machine(), "precision": args.precision, "batch": args.batch, "runs": args.runs}
        args.json.write_text(json.dumps({"space": args.space, **machine, "rows": [asdict(r) for r in rows]}, indent=1))


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="small")
    parser.add_argument("--at", action="append", help="share of the largest cost (1%%) or an amount of FLOPs (200M)")
    parser.add_argument("--no-masked", action="store_true", help="time the sliced execution alone")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--precision", default="32-true", choices=["32-true", "bf16-mixed"])
    parser.add_argument("--image-size", type=int, default=32)
    parser.add_argument("--channels", type=int, default=3)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    args.cores = len(os.sched_getaffinity(0))
    return args


def architecture_at(at: str, space: SearchSpace, supernet: SuperNetwork) -> Architecture:
    """Return the largest architecture for 100 %, else one drawn within 1 % of the cost."""
    if at == "100%":
        return space.full.layout.architecture([axis.high for axis in space.full.axes])
    highest = SpaceCosts(CostModel(supernet.template), space.full).bounds[1]
    target = round(highest * float(at[:-1]) / 100) if at.endswith("%") else parse_amount(at)
    band = Budget(target, tolerance=0.01).band(space.full, supernet.template)
    return supernet.template.architectures(band.draw(1, rng=np.random.default_rng(0)))[0]


def stepper(supernet: SuperNetwork, args: argparse.Namespace) -> Callable[[Architecture, bool], float]:
    """Return a function that takes one step of an architecture and returns its seconds."""
    optimizer = torch.optim.SGD(supernet.parameters(), lr=1e-3, momentum=0.9, weight_decay=3e-4)
    generator = torch.Generator().manual_seed(0)
    size = (args.batch, args.channels, args.image_size, args.image_size)
    images = torch.randn(size, generator=generator).to(args.device).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(args.classes, (args.batch,), generator=generator).to(args.device)

    def step(architecture: Architecture, masked: bool) -> float:
        started = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(args.device, torch.bfloat16, enabled=args.precision == "bf16-mixed"):
            if masked:
                masks = masks_of_subnetwork(supernet.shared, SubNetwork.of(architecture, supernet.template))
                logits = forward_masked(supernet.shared, images, masks)
            else:
                logits = supernet(images, architecture)
            loss = F.cross_entropy(logits, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(supernet.parameters(), 5.0)
        optimizer.step()
        if args.device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - started

    return step


def timing(
    at: str,
    architecture: Architecture,
    supernet: SuperNetwork,
    step: Callable[[Architecture, bool], float],
    args: argparse.Namespace,
) -> Timing:
    """Time both executions in turns, after one step of each that is not counted."""
    kinds = [False] if args.no_masked else [False, True]
    for masked in kinds:
        step(architecture, masked)
    seconds = [[step(architecture, masked) for masked in kinds] for _ in range(args.runs)]
    sliced = statistics.median(row[0] for row in seconds)
    flops = cost(architecture, supernet.template).flops
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    if args.device == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**30
    return Timing(
        at=at,
        architecture=str(architecture),
        flops=flops,
        sliced=sliced,
        masked=None if args.no_masked else statistics.median(row[1] for row in seconds),
        ratio=None if args.no_masked else statistics.median(row[1] / row[0] for row in seconds),
        sliced_gflops_per_second=6 * flops * args.batch / sliced / 1e9,
        peak_memory_gb=peak,
    )


def describe(row: Timing) -> str:
    """Return a row of the table as Markdown."""
    masked = "– | –" if row.masked is None else f"{row.masked * 1e3:.0f} ms | {row.ratio:.2f}"
    return (
        f"| {row.at} | {row.architecture} | {format_amount(row.flops)} | {row.sliced * 1e3:.0f} ms | {masked} "
        f"| {row.sliced_gflops_per_second:.0f} GFLOP/s | {row.peak_memory_gb:.1f} GB |"
    )


if __name__ == "__main__":
    main()
