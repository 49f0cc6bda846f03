"""Images a second of a super network's training: one process, and several that share each batch.

    python benchmarks/devices.py --space tiny --space small --json benchmarks/results/devices.json

Both take turns on the same draws and batches, so that a change of the machine's speed meets both; medians are reported.
Whole epochs are timed, without Θ: drawing, augmentation, forward, backward, what passes between processes, SGD. Each
process computes with one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from torch.multiprocessing.spawn import spawn

from netspace import DataSettings, load_images, resolve
from netspace.runtime import ALONE, Runtime, joined
from netspace.search import SpaceSearch


def main() -> None:
    """Read the arguments, time, print a table and write JSON."""
    args = arguments()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    spawn(measure, (args,), nprocs=args.processes)


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", action="append", required=True)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=5, help="of each timed epoch")
    parser.add_argument("--rounds", type=int, default=6, help="epochs; the first one is not counted")
    parser.add_argument("--image-size", type=int, default=32)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def measure(rank: int, args: argparse.Namespace) -> None:
    """Time each space as one of the processes; the first one prints and writes."""
    with joined(Runtime(rank, args.processes, rank), args.device) as runtime:
        rows = [timed(space, runtime, args) for space in args.space]
        if runtime.first and args.json is not None:
            machine = {"cores": len(os.sched_getaffinity(0)), "machine": platform.machine(), "device": args.device}
            machine |= {"torch": str(torch.__version__), "processes": args.processes, "batch": args.batch}
            machine |= {"image_size": args.image_size, "steps": args.steps, "rounds": args.rounds}
            args.json.write_text(json.dumps({**machine, "rows": rows}, indent=1) + "\n")


def timed(space: str, runtime: Runtime, args: argparse.Namespace) -> dict[str, Any]:
    """Return what one process and all of them take: images a second, processor time an image, and how these compare.

    The processor time of all processes, over that of one, says what sharing a batch costs beside waiting: with a free
    core for each process the training would be faster by their number over it at most.
    """
    torch.set_num_threads(1)
    alone, together = (search_of(space, among, args) for among in (ALONE, runtime))
    taken: list[tuple[float, float, float, float]] = []
    for _ in range(args.rounds):
        runtime.from_first(None)  # the others wait here while the first one trains alone
        one = epoch(alone) if runtime.first else (1.0, 1.0)
        runtime.from_first(None)
        all_ = epoch(together)
        taken.append((*one, all_[0], float(runtime.gathered(torch.tensor(all_[1])).sum())))
    images, counted = args.steps * args.batch, taken[1:]
    wall, work, wall_of_all, work_of_all = (statistics.median(column) for column in zip(*counted, strict=True))
    row: dict[str, Any] = {"space": space, "one": round(images / wall), "all": round(images / wall_of_all)}
    row |= {"one_work_ms": round(1e3 * work / images, 2), "all_work_ms": round(1e3 * work_of_all / images, 2)}
    row |= {"speed": spread([each[0] / each[2] for each in counted])}
    row |= {"work": spread([each[3] / each[1] for each in counted])}
    if runtime.first:
        print(row, flush=True)
    return row


def epoch(search: SpaceSearch) -> tuple[float, float]:
    """Train one epoch; return its wall time and its processor time, seconds."""
    started = time.process_time()
    return search.train_epoch().seconds, time.process_time() - started


def spread(ratios: list[float]) -> list[float]:
    """Return median, least and most."""
    return [round(ratio, 2) for ratio in (statistics.median(ratios), min(ratios), max(ratios))]


def search_of(space: str, runtime: Runtime, args: argparse.Namespace) -> SpaceSearch:
    """Return a search that has all its rounds before it."""
    data = {"dataset": "fashion", "image_size": args.image_size}
    settings = ["estimator=front", f"epochs={args.rounds}", "warmup_epochs=0"]
    settings += [f"steps_per_epoch={args.steps}", f"batch_size={args.batch}"]
    options = {"data": data, "budgets": ["10M" if space != "tiny" else "2M"], "device": args.device}
    config = resolve(space, settings=tuple(f"search.{text}" for text in settings), options=options)
    return SpaceSearch(config, load_images(DataSettings(**data)), runtime)


if __name__ == "__main__":
    main()
