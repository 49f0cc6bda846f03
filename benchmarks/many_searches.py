"""Search many times in one process, and see whether memory, open files, threads or child processes grow.

OMP_NUM_THREADS=1 python benchmarks/many_searches.py --n 24 --out runs/many --json benchmarks/results/many_searches.json
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import threading
import time
from pathlib import Path

from netspace import find_spaces, resolve
from netspace.search.run_folder import environment


def main() -> None:
    """Search, and note after each search what the process holds; the last line is one JSON value."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=24, help="searches")
    parser.add_argument("--out", type=Path, required=True, help="new folder to work in")
    parser.add_argument("--json", type=Path, help="file to write")
    args = parser.parse_args()
    rows = []
    for i in range(args.n):
        started = time.monotonic()
        estimator = ("gumbel", "score", "front")[i % 3]
        settings = (f"search.estimator={estimator}", "search.epochs=4", "search.warmup_epochs=2")
        options = {"data": {"dataset": "fashion", "image_size": 12}, "budgets": ["200K"], "seed": i}
        find_spaces(resolve("tiny", settings=settings, options=options), args.out / str(i))
        shutil.rmtree(args.out / str(i))
        rows.append({"estimator": estimator, "seconds": round(time.monotonic() - started, 1), **held()})
        print(rows[-1], flush=True)
    result = {"searches": rows, "environment": environment()}
    if args.json is not None:
        args.json.write_text(json.dumps(result, indent=1) + "\n")


def held() -> dict[str, int]:
    """Return what this process holds (Linux): resident memory in MB, open files, threads, children."""
    gc.collect()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return {
        "resident_mb": int(status["VmRSS"].split()[0]) // 1024,
        "open_files": len(list(Path("/proc/self/fd").iterdir())),
        "threads": int(status["Threads"]),
        "python_threads": threading.active_count(),
        "children": len(children),
    }


if __name__ == "__main__":
    main()
