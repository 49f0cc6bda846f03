"""Run commands on a disk that is full at one point after another; each is one line, and goes on when there is room.

    OMP_NUM_THREADS=1 python benchmarks/full_disk.py --points 20 --out runs/full \\
        --json benchmarks/results/full_disk.json

Needs root, since it mounts a small file system in memory. Each command is run once whole, which tells how much it
writes; then on a disk with room for 1/points, 2/points, … of that; then, with room, once more in the same folder.
The file is written after each command, and commands that it holds are not run again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path

from ends import CASES, command, disk, left_alone, outcome, prepared, run

from netspace.search.run_folder import environment

NAMES = ("search by front", "evaluate --jobs 2", "train")  # of the commands
LARGE = "1g"


def main() -> None:
    """Fill the disk at each point of each command; the file says what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=20, help="of each command")
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_argument("--out", type=Path, required=True, help="folder to work in")
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    prepared(args.out)
    found = json.loads(args.json.read_text())["commands"] if args.json.exists() else {}
    for name in args.case or NAMES:
        if name in found:
            continue
        words, patterns = CASES[name]
        whole, _ = left_alone(words, args.out)
        size = sum(path.stat().st_blocks * 512 for path in whole.rglob("*"))
        rows = []
        for point in range(1, args.points + 1):
            kib = max(size * point // args.points // 1024, 4)
            with disk(args.out / "disk", kib) as place:
                filling = command(words, args.out, place / "run")
                first = run(filling)
                grow(place)
                second = run(filling)
                rows.append({"kib": kib, **outcome(first, second, whole, place / "run", patterns)})
            print(name, rows[-1], flush=True)
        found[name] = {"whole_kib": size // 1024, "points": rows}
        args.json.write_text(json.dumps({"commands": found, "environment": environment()}, indent=1) + "\n")


def grow(place: Path) -> None:
    """Give a mounted file system room enough."""
    subprocess.run(["mount", "-o", f"remount,size={LARGE}", str(place)], check=True)


if __name__ == "__main__":
    main()
