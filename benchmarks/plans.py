r"""What a plan says, and what the command then takes, as a ratio.

    python benchmarks/plans.py --json benchmarks/results/plans.json

Each command is planned (`--plan --json`) and run, in turns; `busy` is the share of this machine's cores that other
processes took while it ran. The ratio of a machine that is busy at one of the two says nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

NETSPACE = [sys.executable, "-c", "from netspace.cli.main import main; main()"]
NETWORK = {"5 MF": ([2, 2, 2], [16, 32, 64]), "100 MF": ([5, 5, 5], [64, 64, 64])}
FEW = ["--set", "epochs=3", "--set", "warmup_epochs=1"]


def main() -> None:
    """Plan and run every command, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="../shared/data/cifar10", help="of 16×16 images where it is resized so")
    parser.add_argument("--only", nargs="*", help="names of commands; default: all")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    told = []
    with tempfile.TemporaryDirectory() as folder:
        for name, words in commands(given.dataset, Path(folder)).items():
            if given.only and name not in given.only:
                continue
            told.append({"command": name, **planned_and_run(words)})
            row = told[-1]
            print(f"| {name} | {row['plan']} s | {row['actual']} s | {row['ratio']} | {row['busy']:.0%} |", flush=True)
    if given.json:
        given.json.write_text(json.dumps(told, indent=1) + "\n")


def commands(dataset: str, folder: Path) -> dict[str, list[str]]:
    """Return the commands by name."""
    search = ["search", "--dataset", "fashion", "--space", "tiny", "--budget", "2M", "--out", str(folder / "tiny")]
    found = {"search of `tiny`": search}
    small = ["search", "--dataset", dataset, "--image-size", "16", "--space", "small", "--budget", "5M"]
    small += ["--estimator", "front"]
    found["search of `small`"] = [*small, "--out", str(folder / "small")]
    for name, (depth, width) in NETWORK.items():
        file = folder / f"{name.split()[0]}.yaml"
        file.write_text(json.dumps({"depth": depth, "width": width}))
        words = ["train", str(file), "--dataset", dataset, "--image-size", "16", "--space", "small"]
        found[f"a training of {name}"] = [*words, "--recipe", "quick", *FEW, "--out", str(folder / name.split()[0])]
    return found


def planned_and_run(words: list[str]) -> dict[str, Any]:
    """Return what the plan says, what the command takes without what it needs to begin, and their ratio."""
    begun = time.perf_counter()
    out = subprocess.run([*NETSPACE, *words, "--plan", "--json"], check=True, capture_output=True, text=True).stdout
    planning, plan = time.perf_counter() - begun, json.loads(out)
    before, used, begun = busy(), os.times(), time.perf_counter()
    subprocess.run([*NETSPACE, *words], check=True, capture_output=True)
    actual, after, own = time.perf_counter() - begun, busy(), os.times()
    ours = own.children_user + own.children_system - used.children_user - used.children_system
    others = max(after - before - ours, 0.0) / actual / (os.cpu_count() or 1)
    told = {"plan": plan["seconds"], "low": plan["low"], "high": plan["high"], "actual": round(actual, 1)}
    return told | {
        "ratio": round(plan["seconds"] / actual, 2),
        "busy": round(others, 3),
        "planning": round(planning, 1),
        "memory": plan["memory"],
    }


def busy() -> float:
    """Return the seconds that all cores of this machine have been at work."""
    user, nice, system = (int(word) for word in Path("/proc/stat").read_text().split()[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
