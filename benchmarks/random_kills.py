"""Kill commands with SIGKILL at random moments, run them again until they end, and compare with runs left alone.

    OMP_NUM_THREADS=1 nice python benchmarks/random_kills.py --kills 100 --out runs/kills --json \\
        benchmarks/results/random_kills.json

Each command of CASES is run once whole. Then it is started in a new folder and killed after a random share of the time
that the whole run took, again and again; where one comes to its end, its files are compared with those of the whole run
and the next round begins in a new folder. After each kill, processes that the killed one had started have ten seconds
to end. The file is written after each case, and cases that it holds are not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from ends import CASES, Outcome, command, judge, prepared

from netspace.search.run_folder import environment

MARK = "NETSPACE_RANDOM_KILLS"
GRACE_SECONDS, MOST_FAULTS = 10.0, 10


def main() -> None:
    """Put each command to the test, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="of each command")
    parser.add_argument("--case", action="append", choices=CASES, help="which commands; default: all but those on Ray")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="folder to work in")
    parser.add_argument("--json", type=Path, required=True, help="file to write")
    args = parser.parse_args()
    prepared(args.out)
    found = json.loads(args.json.read_text())["cases"] if args.json.exists() else {}
    for name in args.case or [name for name in CASES if "ray" not in name]:
        if found.get(name, {}).get("kills", 0) >= args.kills:
            continue
        outcome = put_to_the_test(name, args.out, args.kills, random.Random(f"{args.seed} {name}"))
        found[name] = asdict(outcome)
        args.json.write_text(json.dumps({"cases": found, "environment": environment()}, indent=1) + "\n")
        print(name, found[name], flush=True)


def put_to_the_test(name: str, out: Path, kills: int, rng: random.Random) -> Outcome:
    """Kill a command so often, and compare each of its ends.

    Args:
        name: of CASES.
        out: folder to work in.
        kills: how many.
        rng: of the moments.
    """
    words, patterns = CASES[name]
    whole, killed = out / "whole", out / "killed"
    shutil.rmtree(whole, ignore_errors=True)
    shutil.rmtree(killed, ignore_errors=True)
    started = time.monotonic()
    if code := start(command(words, out, whole), whole, "whole").wait():
        raise SystemExit(f"{words} ended with exit code {code}; give a command that works")
    outcome, again = Outcome(whole_seconds=round(time.monotonic() - started, 1)), command(words, out, killed)
    while outcome.kills < kills:
        mark = uuid.uuid4().hex
        process = start(again, killed, mark)
        try:
            process.wait(rng.uniform(0, outcome.whole_seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            outcome.kills += 1
            outcome.orphans += left_alive(mark)
            continue
        end(outcome, process.returncode, whole, killed, patterns)
    end(outcome, start(again, killed, "last").wait(), whole, killed, patterns)
    return outcome


def start(words: Sequence[str], out: Path, mark: str) -> subprocess.Popen[bytes]:
    """Start a command; it and all that it starts carry a mark in their environment."""
    environ, nowhere = {**os.environ, MARK: mark}, subprocess.DEVNULL
    with said_by(out).open("wb") as said:
        return subprocess.Popen(words, stdin=nowhere, stdout=nowhere, stderr=said, env=environ)


def said_by(out: Path) -> Path:
    """Return the file of what the last run of a folder wrote to stderr."""
    return out.with_name(f"{out.name}-stderr.txt")


def end(outcome: Outcome, code: int, whole: Path, killed: Path, patterns: Sequence[str]) -> None:
    """Add to an outcome how a run came to its end, and what it has to show; its folder is removed."""
    if code:
        last = said_by(killed).read_text(errors="replace").strip().splitlines()[-1:]
        outcome.faults.append(" ".join([f"exit code {code}:", *last]).replace(str(killed), "RUN"))
        if len(outcome.faults) > MOST_FAULTS:
            raise SystemExit(f"{killed} ended with {outcome.faults}; look into it")
    judge(outcome, whole, killed, patterns)


def left_alive(mark: str) -> int:
    """Return how many processes with a mark are there after a while (Linux)."""
    deadline = time.monotonic() + GRACE_SECONDS
    while (
        alive := sum(_carries(place, mark) for place in Path("/proc").glob("[0-9]*"))
    ) and time.monotonic() < deadline:
        time.sleep(0.2)
    return alive


def _carries(place: Path, mark: str) -> bool:
    with suppress(OSError):
        return f"{MARK}={mark}".encode() in (place / "environ").read_bytes()
    return False


if __name__ == "__main__":
    main()
