"""What a training step is counted to hold, beside what was reserved for it on a GPU.

    python benchmarks/step_memory.py benchmarks/results/gpu_supernet_step.json

The rows are recorded steps of `gpu_supernet_step.py`: a part of the super network of `expanded`, which is there whole.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from supernet_step import architecture_at

from netspace import SuperNetwork, cost, load_search_space
from netspace.models import step_bytes
from netspace.settings import Precision


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("timed", type=Path)
    parser.add_argument("--at", nargs="+", default=["200M", "1.6G", "6.4G", "32G"])
    given = parser.parse_args()
    timed = json.loads(given.timed.read_text())
    space = load_search_space(timed["space"])
    supernet = SuperNetwork(space.template(32, 3, 10), space)
    shared = sum(weight.numel() for weight in supernet.parameters())
    print(
        "| network | precision | counted, GiB | reserved, GiB | reserved / counted |\n| --- | --- | --- | --- | --- |"
    )
    for text in given.at:
        architecture = architecture_at(text, space, supernet)
        flops = cost(architecture, supernet.template).flops
        for row in timed["rows"]:
            if row["recorded"] and row["flops"] == flops:
                precision: Precision = "bf16-mixed" if row["precision"] == "bf16" else "32-true"
                counted = step_bytes(
                    architecture, supernet.template, timed["batch"], precision=precision, shared=shared
                )
                told = counted / 2**30
                print(f"| {text} | {row['precision']} | {told:.2f} | {row['GB']} | {row['GB'] / told:.2f} |")


if __name__ == "__main__":
    main()
