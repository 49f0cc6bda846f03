"""A search by each kind of block on one data set, and a network of each trained, exported and checked.

    python benchmarks/every_block.py --dataset DATA --out runs/every-block --json benchmarks/results/every_block.json

Runs the product's own commands, one after the other, with their default settings: `search` on the small preset of each
kind of block, `nas`, `train`, `export --format all --int8`. Each step is skipped where its result is there, so that a
stopped run goes on. Times are wall times of whole commands; a step that was done by an earlier call keeps its time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from netspace import load_elite, load_search_space

PRESETS = {"basic": "small", "bottleneck": "bottleneck-small", "x": "regnet-like-small", "mbconv": "mobile-small"}
COMMAND = [sys.executable, "-c", "from netspace.cli.main import main; main()"]


def run(result: Path, *arguments: object) -> float:
    """Run a command of netspace unless its result is there; return its wall time in seconds."""
    times = result.parent.parent / "times.json"
    known: dict[str, float] = json.loads(times.read_text()) if times.exists() else {}
    name = str(result.relative_to(times.parent))
    if not result.exists():
        started = time.monotonic()
        words = [str(argument) for argument in arguments]
        print("netspace", *words, flush=True)
        subprocess.run([*COMMAND, *words], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        known[name] = round(time.monotonic() - started, 1)
        times.write_text(json.dumps(known, indent=1))
    return known.get(name, float("nan"))


def one_block(block: str, options: argparse.Namespace) -> dict[str, Any]:
    """Search, pick, train and export by one kind of block; return what came of it."""
    out: Path = options.out / block
    out.mkdir(parents=True, exist_ok=True)
    budgets: list[str] = options.budget
    asked = [word for budget in budgets for word in ("--budget", budget)]
    data = ("--dataset", options.dataset)
    last = out / "search" / f"elite-{budgets[-1]}.yaml"
    seconds = {"search": run(last, "search", *data, "--space", PRESETS[block], *asked, "--out", last.parent)}
    elites = [load_elite(out / "search" / f"elite-{budget}.yaml") for budget in budgets]
    middle = out / "search" / f"elite-{budgets[len(budgets) // 2]}.yaml"
    chosen = out / "chosen" / "architecture-1.yaml"
    seconds["nas"] = run(chosen, "nas", middle, "--run", last.parent, "--samples", 1, "--out", chosen.parent)
    card = out / "network" / "card.json"
    training = ("train", chosen, *data, "--recipe", options.recipe)
    seconds["train"] = run(card, *training, "--out", card.parent)
    exported = out / "export" / "card.json"
    seconds["export"] = run(exported, "export", card.parent, "--format", "all", "--int8", "--out", exported.parent)
    trained, checked = json.loads(card.read_text()), json.loads(exported.read_text())
    space = load_search_space(PRESETS[block])
    return {
        "block": block,
        "space": space.name,
        "spaces": space.num_spaces,
        "architectures": space.full.size,
        "elites": [
            {"budget": str(e.budget), "space": str(e.space), "hit_rate": e.candidates[0].hit_rate} for e in elites
        ],
        "network": {
            key: trained["architecture"][key]
            for key in ("depth", "width", "knobs", "cost")
            if key in trained["architecture"]
        },
        "image_size": trained["architecture"]["template"]["image_size"],
        "test_error": trained["test_error"],
        "exports": checked["exports"],
        "seconds": seconds,
    }


def main() -> None:
    """Run every block, print a line for each, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--budget", action="append", help="default: 5M, 10M, 20M")
    parser.add_argument("--recipe", default="quick")
    parser.add_argument("--block", action="append", choices=PRESETS, help="default: all")
    parser.add_argument("--out", type=Path, default=Path("runs/every-block"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.budget = options.budget or ["5M", "10M", "20M"]
    rows = []
    for block in options.block or PRESETS:
        rows.append(one_block(block, options))
        hits = ", ".join(f"{e['budget']} {e['hit_rate']:.0%}" for e in rows[-1]["elites"])
        worst = max(e["difference"] for e in rows[-1]["exports"] if e["format"] != "onnx-int8")
        print(
            f"{block:<11} {rows[-1]['seconds']['search']:.0f} s; hit rates {hits}; test error "
            f"{rows[-1]['test_error']:.1%}; exports differ by at most {worst:.1e}",
            flush=True,
        )
        if options.json is not None:
            options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
