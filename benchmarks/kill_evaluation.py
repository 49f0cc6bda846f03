"""Kill an evaluation with SIGKILL at random moments, resume it, and compare its store with an uninterrupted one.

    python benchmarks/kill_evaluation.py --whole runs/kill-whole --killed runs/kill-killed --kills 10 -- \\
        netspace evaluate tiny --budget 3M --baseline expanded --dataset fashion --n 24 --jobs 2 \\
        --recipe benchmarks/short_recipe.yaml
"""

from __future__ import annotations

import argparse
import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from killing import killed_runs

from netspace.errors import NetspaceError
from netspace.records import NetworkStore
from netspace.search.run_folder import environment

Place = tuple[str, int]


def main() -> None:
    """Run once whole; run, kill, resume; compare; the last line is one JSON value."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whole", type=Path, required=True, help="folder of the run that is never stopped")
    parser.add_argument("--killed", type=Path, required=True, help="new folder of the run that is killed")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--between", type=float, nargs=2, default=(0, 15), help="seconds at work before each kill")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="file to write")
    parser.add_argument("command", nargs="+", help="netspace evaluate … without --out")
    args = parser.parse_args()
    if args.killed.exists():
        parser.error(f"{args.killed} is there already; give a new folder")
    subprocess.run([*args.command, "--out", str(args.whole)], check=True, stdout=subprocess.DEVNULL)
    command, kills = [*args.command, "--out", str(args.killed)], []

    def workers_begun() -> int:
        """Return a number that grows while workers are there."""
        with suppress(FileNotFoundError):
            return max((file.stat().st_mtime_ns for file in (args.killed / "workers").glob("*")), default=0)
        return 0

    for killed in killed_runs(command, args.kills, between=args.between, seed=args.seed, progress=workers_begun):
        kills.append({**killed, "rows": _counts(args.killed)})
        print(kills[-1], flush=True)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    compared = compare(NetworkStore(args.whole).rows(), NetworkStore(args.killed).rows())
    result = {"kills": kills, **compared, "command": args.command, "environment": environment()}
    if args.json is not None:
        args.json.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(compared))


def compare(whole: list[dict[str, Any]], killed: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how two stores' rows differ.

    Args:
        whole: rows of the run that was never stopped.
        killed: rows of the run that was.

    Returns:
        `networks`; `lost`, rows that are not there or not trained; `twice`, rows of one place; `different`, rows
        with another architecture, seed, status or error.
    """
    wanted, found = {_place(row): row for row in whole}, {_place(row): row for row in killed}
    compared = ("depth", "width", "seed", "flops", "status", "validation_error", "test_error", "reason")
    done = {place for place, row in found.items() if row["status"] not in ("waiting", "claimed")}
    return {
        "networks": len(whole),
        "lost": sorted(wanted.keys() - done),
        "twice": len(killed) - len(found),
        "different": [p for p in sorted(wanted.keys() & done) if any(wanted[p][k] != found[p][k] for k in compared)],
    }


def _place(row: dict[str, Any]) -> Place:
    return row["population"], row["place"]


def _counts(folder: Path) -> dict[str, int]:
    try:
        return NetworkStore(folder).counts()
    except NetspaceError:
        return {}


if __name__ == "__main__":
    main()
