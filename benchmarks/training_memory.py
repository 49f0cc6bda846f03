"""What a process holds that trains one network after another, with its free memory given back in between or not.

    OMP_NUM_THREADS=1 python benchmarks/training_memory.py --n 18
    OMP_NUM_THREADS=1 python benchmarks/training_memory.py --n 18 --give-back

Networks of `expanded` in the bands of 50, 100 and 150 MF at 16×16, two steps of training each; a line for each says how
many megabytes are resident after it, before and after free memory is given back.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from netspace.allocator import give_back_memory, keep_freed_memory
from netspace.config import load_recipe, load_search_space
from netspace.cost import Budget
from netspace.data import load_images
from netspace.evaluate import TrainingData, train_network
from netspace.settings import DataSettings

BUDGETS = ("50M", "100M", "150M")
SHORT = ("epochs=1", "train_images=250", "validation_share=0.2", "warmup_epochs=0")


def main() -> None:
    """Train, and print what is resident."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=18, help="networks")
    parser.add_argument("--give-back", action="store_true", help="as netspace does")
    args = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(1)
    space, recipe = load_search_space("expanded"), load_recipe("honest", SHORT)
    template, rng = space.template(16, 3, 10), np.random.default_rng(0)
    data = TrainingData.of(load_images(DataSettings("fashion", image_size=16, channels=3)), recipe, torch.device("cpu"))
    bands = [Budget.parse(text).band(space.full, template) for text in BUDGETS]
    points = np.concatenate([band.draw(-(-args.n // len(bands)), rng=rng) for band in bands])
    points, started = points[np.random.default_rng(1).permutation(len(points))], time.monotonic()
    for number, architecture in enumerate(template.architectures(points[: args.n]), start=1):
        train_network(architecture, template, data, recipe, seed=0)
        before = resident()
        if args.give_back:
            give_back_memory()
        print(f"{number} networks: {before} MB, then {resident()} MB; {time.monotonic() - started:.0f} s", flush=True)


def resident() -> int:
    """Return the megabytes of this process that are in memory (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4 // 1024


if __name__ == "__main__":
    main()
