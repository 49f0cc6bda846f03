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
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kill_evaluation import compare

from netspace.records import NetworkStore
from netspace.search.run_folder import environment

MARK = "NETSPACE_RANDOM_KILLS"
GRACE_SECONDS, MOST_FAULTS = 10.0, 10
SEARCH = "search --dataset fashion --image-size 12 --space tiny --budget 200K --estimator"
FEW = "--set search.epochs=6 --set search.warmup_epochs=2"
BRIEF = "--set search.front.population=6 --set search.front.recipe=benchmarks/short_recipe.yaml"
ELITES = ("elite-*.yaml",)
CASES: dict[str, tuple[str, tuple[str, ...]]] = {  # a command, and which files are to be equal byte for byte
    "search by gumbel": (f"{SEARCH} gumbel {FEW}", ELITES),
    "search by score": (f"{SEARCH} score {FEW}", ELITES),
    "search by front": (f"{SEARCH} front {FEW}", ELITES),
    "search by population": (f"{SEARCH} population {BRIEF} --jobs 2", ELITES),
    "evaluate --jobs 2": (
        "evaluate tiny --budget 200K --baseline expanded --dataset fashion --image-size 12 --n 4 --jobs 2 "
        "--recipe benchmarks/short_recipe.yaml",
        (),
    ),
    "train": (
        "train {out}/architecture.yaml --dataset fashion --recipe quick --set train_images=1500 --set epochs=4",
        ("model.safetensors",),
    ),
    "auto": (
        "auto --data fashion --image-size 12 --budget 200K --space tiny --recipe benchmarks/short_recipe.yaml",
        ("network/model.safetensors", "search/elite-*.yaml", "export/model.py"),
    ),
}


@dataclass
class Outcome:
    """What came of one command.

    Args:
        kills: that were done.
        rounds: runs that came to their end.
        whole_seconds: of the run that was left alone.
        lost: rows of a store that are not there, or not trained, in all rounds.
        twice: rows that are there twice.
        different: rows or files that differ from the whole run's.
        orphans: processes that were still there ten seconds after a kill.
        left: temporary files and stale locks that a round's end left.
        faults: of ends with another exit code than 0: the code, and the last line on stderr.
    """

    kills: int = 0
    rounds: int = 0
    whole_seconds: float = 0.0
    lost: int = 0
    twice: int = 0
    different: int = 0
    orphans: int = 0
    left: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def main() -> None:
    """Put each command to the test, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="of each command")
    parser.add_argument("--case", action="append", choices=CASES, help="which commands; default: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="folder to work in")
    parser.add_argument("--json", type=Path, required=True, help="file to write")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "architecture.yaml").write_text("depth: [1, 1, 1]\nwidth: [8, 8, 16]\n")
    found = json.loads(args.json.read_text())["cases"] if args.json.exists() else {}
    for name in args.case or CASES:
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
    command, patterns = CASES[name]
    arguments = shlex.split(command.format(out=out))
    whole, killed = out / "whole", out / "killed"
    shutil.rmtree(whole, ignore_errors=True)
    shutil.rmtree(killed, ignore_errors=True)
    started = time.monotonic()
    if code := start(arguments, whole, "whole").wait():
        raise SystemExit(f"{command} ended with exit code {code}; give a command that works")
    outcome = Outcome(whole_seconds=round(time.monotonic() - started, 1))
    while outcome.kills < kills:
        mark = uuid.uuid4().hex
        process = start(arguments, killed, mark)
        try:
            process.wait(rng.uniform(0, outcome.whole_seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            outcome.kills += 1
            outcome.orphans += left_alive(mark)
            continue
        judge(outcome, process.returncode, whole, killed, patterns)
    judge(outcome, start(arguments, killed, "last").wait(), whole, killed, patterns)
    return outcome


def start(arguments: Sequence[str], out: Path, mark: str) -> subprocess.Popen[bytes]:
    """Start netspace; it and all that it starts carry a mark in their environment."""
    command = [sys.executable, "-m", "netspace", *arguments, "--out", str(out)]
    environ, nowhere = {**os.environ, MARK: mark}, subprocess.DEVNULL
    with said_by(out).open("wb") as said:
        return subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=said, env=environ)


def said_by(out: Path) -> Path:
    """Return the file of what the last run of a folder wrote to stderr."""
    return out.with_name(f"{out.name}-stderr.txt")


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


def judge(outcome: Outcome, code: int, whole: Path, killed: Path, patterns: Sequence[str]) -> None:
    """Add to an outcome what a run that came to its end has to show, and remove its folder."""
    outcome.rounds += 1
    if code:
        last = said_by(killed).read_text(errors="replace").strip().splitlines()[-1:]
        outcome.faults.append(" ".join([f"exit code {code}:", *last]).replace(str(killed), "RUN"))
        if len(outcome.faults) > MOST_FAULTS:
            raise SystemExit(f"{killed} ended with {outcome.faults}; look into it")
    if not killed.exists():
        outcome.lost += 1
        return
    for pattern in patterns:
        for file in sorted(whole.glob(pattern)):
            same = killed / file.relative_to(whole)
            outcome.different += not same.exists() or same.read_bytes() != file.read_bytes()
    for store in sorted(whole.rglob("networks.sqlite")):
        folder = killed / store.parent.relative_to(whole)
        if not (folder / store.name).exists():
            outcome.lost += 1
            continue
        found = compare(NetworkStore(store.parent).rows(), NetworkStore(folder).rows())
        outcome.lost += len(found["lost"])
        outcome.twice += found["twice"]
        outcome.different += len(found["different"])
    names = {str(path.relative_to(killed)) for path in killed.rglob("*") if path.is_file()}
    wanted = {str(path.relative_to(whole)) for path in whole.rglob("*") if path.is_file()}
    outcome.left += sorted(name for name in names - wanted if not name.startswith(("curve/", "network/curve/")))
    shutil.rmtree(killed)


if __name__ == "__main__":
    main()
