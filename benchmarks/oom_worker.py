"""Let the kernel kill workers that run out of memory, and compare the store with one of a run that had room.

    OMP_NUM_THREADS=1 python benchmarks/oom_worker.py --out runs/oom --json benchmarks/results/oom_worker.json

Needs root, and control groups of version 1: each time that a training began, one of the two workers is put into a group
that may take so many megabytes more; the kernel ends it when it takes them. The command's own process stays outside.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from ends import EVALUATE, command, compare, worker_ids

from netspace.records import NetworkStore
from netspace.search.run_folder import environment

GROUP = Path("/sys/fs/cgroup/memory/netspace-oom")
WORDS = f"{EVALUATE} 4 --jobs 2 --recipe benchmarks/brief.yaml"


def main() -> None:
    """Run once with room; run with workers that have none, and then once more with room; compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="new folder to work in")
    parser.add_argument("--kills", type=int, default=4, help="workers that are to run out of memory")
    parser.add_argument("--megabytes", type=int, default=20, help="that each may take once it is in the group")
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True)
    GROUP.mkdir(exist_ok=True)
    (GROUP / "memory.limit_in_bytes").write_text(str(args.megabytes * 2**20))
    before = killed()
    start(args.out, "whole").wait()
    process, put = start(args.out, "short"), list[int]()
    while process.poll() is None:
        time.sleep(0.2)
        workers = worker_ids(process.pid)
        if len(put) == killed() - before < args.kills and len(workers) == 2:
            time.sleep(2)
            with suppress(OSError):  # it came to its end by itself
                (GROUP / "cgroup.procs").write_text(str(workers[0]))
                put.append(workers[0])
    again = start(args.out, "short").wait()  # a network whose worker died twice was given up
    found = compare(NetworkStore(args.out / "whole").rows(), NetworkStore(args.out / "short").rows())
    codes = {"code": process.returncode, "again": again}
    result = {"kills": killed() - before, **codes, **found, "environment": environment()}
    args.json.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))
    GROUP.rmdir()
    shutil.rmtree(args.out)


def start(place: Path, name: str) -> subprocess.Popen[bytes]:
    """Start the evaluation."""
    return subprocess.Popen(command(WORDS, place, place / name), stdout=subprocess.DEVNULL)


def killed() -> int:
    """Return how many processes the kernel ended in the group."""
    lines = (GROUP / "memory.oom_control").read_text().splitlines()
    return int(dict(line.split() for line in lines)["oom_kill"])


if __name__ == "__main__":
    main()
