r"""Trainings of small networks on one device: steps started kernel by kernel, recorded, and several side by side.

    python benchmarks/gpu_training.py --device cuda --json benchmarks/results/gpu_training.json
    python benchmarks/gpu_training.py --device cpu --jobs 1 2 --images 2000 --json /tmp/cpu.json

For each cost one network of `small` at 16×16, three channels, trained on random images by the recipe `honest`: an epoch
that is not counted, then one that is. Seconds are of the clock; with several jobs, each trains the same network. The
floor of a step is its operations (3 × forward, 2 a multiply-add) over the peak that a large matrix product reaches.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import torch

import netspace.evaluate.step as step_module
from netspace import Architecture, Budget, load_search_space
from netspace.config import load_recipe
from netspace.cost import cost
from netspace.data import ImageSet, Normalisation
from netspace.evaluate import Training, TrainingData
from netspace.evaluate.step import own_stream
from netspace.settings import Recipe
from netspace.spaces import NetworkTemplate

EVERY_KERNEL = 10**9


def main() -> None:
    """Time every combination and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=["cpu", "cuda"])
    parser.add_argument("--costs", nargs="+", default=["2.5M", "10M"])
    parser.add_argument("--jobs", nargs="+", type=int, default=[1, 4, 8, 16])
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--precisions", nargs="+", default=["32-true", "bf16-mixed"])
    parser.add_argument("--recorded-only", action="store_true")
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    torch.set_num_threads(1)
    device, space = torch.device(given.device), load_search_space("small")
    template, data = space.template(16, 3, 10), random_data(given.images, device)
    told: dict[str, Any] = machine(device) | {"images": given.images, "rows": []}
    for text in given.costs:
        band = Budget.parse(text).band(space.full, template)
        network = template.architectures(band.draw(1, rng=np.random.default_rng(0)))[0]
        for precision in given.precisions:
            recipe = replace(load_recipe("benchmarks/honest.yaml"), precision=precision)
            kernel_by_kernel = [] if given.recorded_only else [(False, 1)]
            for recorded, jobs in kernel_by_kernel + [(True, n) for n in given.jobs if given.device == "cuda"]:
                row = timed(network, template, data, recipe, recorded, jobs)
                print(json.dumps(row), flush=True)
                told["rows"].append(row)
                given.json.write_text(json.dumps(told, indent=1))


def random_data(n: int, device: torch.device) -> TrainingData:
    """Return n random images of ten classes and 512 to validate on."""
    generator = torch.Generator().manual_seed(0)

    def part(n: int) -> ImageSet:
        images = torch.randint(256, (n, 3, 16, 16), generator=generator, dtype=torch.uint8)
        return ImageSet(images, torch.randint(10, (n,), generator=generator))

    train = part(n)
    return TrainingData(train, part(512), part(512), Normalisation.of(train.images), "random").to(device)


def timed(
    network: Architecture, template: NetworkTemplate, data: TrainingData, recipe: Recipe, recorded: bool, jobs: int
) -> dict[str, Any]:
    """Return what an epoch takes, of as many trainings side by side."""
    warm_steps, step_module.WARM_STEPS = step_module.WARM_STEPS, 3 if recorded else EVERY_KERNEL
    barrier = Barrier(jobs + 1)

    def train(seed: int) -> None:
        with own_stream(data.device):
            training = Training(network, template, data, recipe, seed=seed)
            training.train_epoch()
            barrier.wait()
            training.train_epoch()

    with ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(train, seed) for seed in range(jobs)]
        barrier.wait()
        begun = time.perf_counter()
        for one in waiting:
            one.result()
        seconds = time.perf_counter() - begun
    step_module.WARM_STEPS = warm_steps
    flops, steps = cost(network, template).flops, len(data.train) // recipe.batch_size
    return {
        "flops": flops,
        "network": str(network),
        "precision": recipe.precision,
        "recorded": recorded,
        "jobs": jobs,
        "seconds": round(seconds, 4),
        "milliseconds a step of each": round(1e3 * seconds / steps, 3),
        "images a second": round(jobs * steps * recipe.batch_size / seconds),
        "TFLOP a second": round(jobs * steps * recipe.batch_size * 6 * flops / seconds / 1e12, 2),
    }


def machine(device: torch.device) -> dict[str, Any]:
    """Return the machine, the versions, and the peaks that are measured on it."""
    told: dict[str, Any] = {"torch": str(torch.__version__), "python": platform.python_version()}
    if device.type == "cpu":
        return told | {"device": platform.machine()}
    told |= {"device": torch.cuda.get_device_name(), "cuda": torch.version.cuda}
    for name, kind, tf32 in (
        ("bf16", torch.bfloat16, False),
        ("tf32", torch.float32, True),
        ("fp32", torch.float32, False),
    ):
        torch.backends.cuda.matmul.allow_tf32 = tf32
        told[f"{name} TFLOP a second"] = round(peak(kind), 1)
    torch.backends.cuda.matmul.allow_tf32 = False
    return told


def peak(kind: torch.dtype, n: int = 8192) -> float:
    """Return the rate of a large matrix product, in TFLOP a second."""
    a, b = (torch.randn(n, n, device="cuda", dtype=kind) for _ in range(2))
    for _ in range(2):
        a @ b
    torch.cuda.synchronize()
    begun = time.perf_counter()
    for _ in range(5):
        a @ b
    torch.cuda.synchronize()
    return 5 * 2 * n**3 / (time.perf_counter() - begun) / 1e12


if __name__ == "__main__":
    main()
