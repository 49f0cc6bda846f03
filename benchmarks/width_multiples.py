"""What widths that are multiples of 8 or 16 gain in latency: networks of every width, timed for each runtime.

    OMP_NUM_THREADS=1 python benchmarks/width_multiples.py --target torch --target onnx \\
        --json benchmarks/results/width_multiples.json

All three stages of a network have the same width, one basic block each. Runtimes that are not installed are an error.
"""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch

from netspace.cost import cost
from netspace.models import Network
from netspace.processor import processor
from netspace.profiling import TARGETS
from netspace.profiling.targets import runtime_of
from netspace.profiling.timing import time_calls
from netspace.search.run_folder import environment
from netspace.spaces import Architecture, NetworkTemplate

KINDS = ("multiple of 16", "of 8", "of 4", "other")


def main() -> None:
    """Time each width with each runtime; the file says nanoseconds and FLOPs of each, and medians of each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", action="append", choices=TARGETS, required=True)
    parser.add_argument("--low", type=int, default=33)
    parser.add_argument("--high", type=int, default=80)
    parser.add_argument("--image-size", type=int, default=32)
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    template = NetworkTemplate(stem_width=16, image_size=args.image_size, channels=3, classes=10)
    widths = list(range(args.low, args.high + 1))
    chosen = [Architecture.of((1, 1, 1), (w, w, w)) for w in widths]
    flops = [cost(one, template).flops for one in chosen]
    images = torch.rand(1, 3, args.image_size, args.image_size)
    found = json.loads(args.json.read_text())["targets"] if args.json.exists() else {}
    for target in args.target:
        calls = [TARGETS[target](Network(one, template).eval(), images, 1) for one in chosen]
        timings = time_calls(calls, clock=time.thread_time, on_round=partial(print, target, flush=True))
        rows = [[w, f, t.nanoseconds] for w, f, t in zip(widths, flops, timings, strict=True)]
        found[runtime_of(target)] = {"width_flops_nanoseconds": rows, **summary(rows)}
        print(target, summary(rows))
    about = {"processor": processor(), **environment()}
    args.json.write_text(json.dumps({"targets": found, "environment": about}) + "\n")


def summary(rows: list[list[int]]) -> dict[str, dict[str, float]]:
    """Return, for each kind of width, its excess over multiples of 16 of the same FLOPs: the median, a share of time.

    Args:
        rows: width, FLOPs and nanoseconds of each network; time of multiples of 16 is interpolated in FLOPs.
    """
    even = np.array([(f, t) for w, f, t in rows if w % 16 == 0], np.float64)
    ratios: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for w, f, t in rows:
        if even[0, 0] <= f <= even[-1, 0]:
            ratios[kind_of(w)].append(t / float(np.interp(f, even[:, 0], even[:, 1])) - 1)
    return {"excess": {kind: round(float(np.median(r)), 3) for kind, r in ratios.items() if r}}


def kind_of(width: int) -> str:
    """Return the largest power of two, up to 16, that divides a width, in words."""
    return next((kind for step, kind in zip((16, 8, 4), KINDS, strict=False) if width % step == 0), KINDS[-1])


if __name__ == "__main__":
    main()
