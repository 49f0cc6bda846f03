"""A `tiny` search on a GPU: as on the CPU, and the same after a kill; and the tests that need a GPU.

    python benchmarks/gpu_search.py --device cuda --json benchmarks/results/gpu_search.json
    python benchmarks/gpu_search.py --device cpu --json /tmp/search.json

Three searches of equal seed on the embedded data run side by side: on the CPU, on the device, and on the device killed
by SIGKILL after its second epoch and started again. Told are their elites, how the super networks' scores agree (mean
and largest difference, Kendall τ; both searches score the same networks) and whether the killed run's elites are those
of the whole one, and its scores.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from gpu_training import machine
from scipy.stats import kendalltau

# Alone: other files want packages that are of no use on a machine that trains.
TESTS = ("tests/search/test_cuda.py", "tests/evaluate/test_devices.py", "tests/evaluate/test_train.py")
EPOCHS, KILLED_AFTER = 4, 2
SETTINGS = (f"search.epochs={EPOCHS}", "search.warmup_epochs=2", "search.steps_per_epoch=30")
COMMAND = [sys.executable, "-c", "from netspace.cli.main import main; main()", "search"]
COMMAND += ["--space", "tiny", "--dataset", "fashion", "--budget", "1M", "--budget", "2M"]
COMMAND += [word for setting in SETTINGS for word in ("--set", setting)]


def main() -> None:
    """Run the tests and the searches, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=["cpu", "cuda"])
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    told: dict[str, Any] = machine(torch.device(given.device)) | {"settings": SETTINGS}
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        runs = {name: Path(folder) / name for name in ("cpu", given.device + " whole", given.device + " killed")}
        devices = dict(zip(runs, ("cpu", given.device, given.device), strict=True))
        started = {name: start(run, devices[name]) for name, run in runs.items()}
        tests = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-m", "cuda", "-p", "no:cacheprovider", *TESTS], stdout=subprocess.PIPE
        )
        killed = list(runs)[2]
        kill(started[killed], runs[killed])
        started[killed] = start(runs[killed], given.device)
        for name, process in started.items():
            if process.wait():
                raise SystemExit(f"the search '{name}' ended with exit code {process.returncode}")
        told["elites"] = {name: elites(run) for name, run in runs.items()}
        first, whole, after = (read_scores(run) for run in runs.values())
        told["scores, CPU against device"] = agreement(first, whole)
        told["scores, killed against whole"] = agreement(whole, after)
        told["elites equal, killed and whole"] = len({str(told["elites"][name]) for name in list(runs)[1:]}) == 1
        out = tests.communicate()[0].decode()
        told["tests"] = out.strip().splitlines()[-1]
        print(out[-3000:])
    told["seconds"] = round(time.perf_counter() - begun, 1)
    given.json.write_text(json.dumps(told, indent=1))
    print(json.dumps(told, indent=1))


def start(run: Path, device: str) -> subprocess.Popen[bytes]:
    """Start a search, or go on with it."""
    command = [*COMMAND, "--out", str(run), "--device", device]
    return subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL)


def kill(process: subprocess.Popen[bytes], run: Path) -> None:
    """Kill a search when so many epochs are on disk."""
    log = run / "search.jsonl"
    while process.poll() is None and (not log.exists() or len(log.read_text().splitlines()) < KILLED_AFTER):
        time.sleep(0.02)
    process.kill()
    process.wait()
    print(f"killed with {len(log.read_text().splitlines())} of {EPOCHS} epochs on disk", flush=True)


def elites(run: Path) -> dict[str, Any]:
    """Return depths and widths of each elite."""
    found = {}
    for file in sorted(run.glob("elite-*.yaml")):
        plain = yaml.safe_load(file.read_text())
        found[file.stem] = re.sub(r"\s+", " ", json.dumps(plain["candidates"][0]["space"]["stages"]))
    return found


def read_scores(run: Path) -> dict[tuple[str, ...], float]:
    """Return the super network's scores by architecture."""
    with (run / "scores.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    knobs = [name for name in rows[0] if re.fullmatch(r"[dw]\d|.*(depth|width).*", name)]
    return {tuple(row[name] for name in knobs): float(row["score"]) for row in rows}


def agreement(one: dict[tuple[str, ...], float], other: dict[tuple[str, ...], float]) -> dict[str, float]:
    """Return how scores of the same networks agree."""
    both = sorted(one.keys() & other.keys())
    a, b = (np.array([scores[key] for key in both]) for scores in (one, other))
    return {
        "networks": len(both),
        "of": len(one),
        "mean difference": round(float(np.abs(a - b).mean()), 5),
        "largest difference": round(float(np.abs(a - b).max()), 5),
        "tau": round(float(kendalltau(a, b).statistic), 4),
    }


if __name__ == "__main__":
    main()
