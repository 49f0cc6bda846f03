"""Let mishaps befall commands, run them again, and compare with runs that were left alone.

    OMP_NUM_THREADS=1 python benchmarks/mishaps.py --out runs/mishaps --json benchmarks/results/mishaps.json

Needs root, since it mounts a small file system in memory. What happens, in the middle of a run where it is not said:

- `read-only`: the disk can only be read from the start.
- `deleted`: the folder of results is removed.
- `clock`: Python's clock jumps a day ahead at a third of the time, and two days back at two thirds.
- `twice`: the same command is started in the same folder, while the first is at work. How both ended is told.
- `stopped`: a worker is stopped (SIGSTOP) for good; without workers the command itself, for STOPPED_SECONDS.

The file is written after each mishap, and what it holds is not run again. A command that is done before its mishap
befalls it ends the script.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ends import CASES, command, disk, last_line, left_alone, outcome, prepared, worker_ids

from netspace.search.run_folder import environment

NAMES = ("search by gumbel", "search by population", "evaluate --jobs 2", "train", "auto")  # of the commands
STOPPED_SECONDS, DAY = 70.0, 86_400
OFFSET = "NETSPACE_CLOCK"
CLOCK = f"""
import os, time
from pathlib import Path
real = time.time
time.time = lambda: real() + float(Path(os.environ["{OFFSET}"]).read_text())
"""
Ended = subprocess.CompletedProcess[str]


class Command:
    """A command that mishaps befall.

    Args:
        words: its command line.
        out: its folder of results.
        seconds: that it takes when it is left alone.
        place: a folder to work in.
    """

    def __init__(self, words: list[str], out: Path, seconds: float, place: Path) -> None:
        self.words, self.out, self.seconds, self.place = words, out, seconds, place

    def run(self, then: Callable[[subprocess.Popen[str]], None] | None = None, **environ: str) -> Ended:
        """Run it to its end, let something happen beside it, and return how it ended."""
        told, there = subprocess.PIPE, {**os.environ, **environ}
        process = subprocess.Popen(self.words, stdout=told, stderr=told, text=True, env=there)
        with ThreadPoolExecutor(1) as beside:
            befell = beside.submit(then, process) if then else None
            out, error = process.communicate()
            if befell:
                befell.result()
        return subprocess.CompletedProcess(self.words, process.returncode, out, error)


def wait(one: Command, process: subprocess.Popen[str], share: float) -> None:
    """Wait for a share of the time that a command takes; it has to be still at work then."""
    time.sleep(one.seconds * share)
    if process.poll() is not None:
        raise SystemExit(f"{one.words} was done before anything befell it; run it on a calmer machine")


def read_only(one: Command) -> Ended:
    """The disk can only be read."""
    place = str(one.out.parent)
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    try:
        return one.run()
    finally:
        subprocess.run(["mount", "-o", "remount,rw", place], check=True)


def deleted(one: Command) -> Ended:
    """The folder is removed, and then what is left of it, as the command says."""

    def remove(process: subprocess.Popen[str]) -> None:
        wait(one, process, 1 / 2)
        while one.out.exists() and process.poll() is None:  # it may be writing at this moment
            shutil.rmtree(one.out, ignore_errors=True)

    first = one.run(remove)
    left = sorted(str(path.relative_to(one.out)) for path in one.out.rglob("*") if path.is_file())
    shutil.rmtree(one.out, ignore_errors=True)
    first.stderr = f"{first.stderr.rstrip()} (left: {', '.join(left) or 'nothing'})"
    return first


def clock(one: Command) -> Ended:
    """The clock jumps ahead, then back."""
    offset = one.place / "offset"
    offset.write_text("0")
    (one.place / "sitecustomize.py").write_text(CLOCK)

    def jump(process: subprocess.Popen[str]) -> None:
        for days in (1, -1):
            wait(one, process, 1 / 3)
            following = one.place / "offset.new"
            following.write_text(str(days * DAY))
            following.replace(offset)

    path = os.pathsep.join([str(one.place), *filter(None, [os.environ.get("PYTHONPATH")])])
    return one.run(jump, PYTHONPATH=path, **{OFFSET: str(offset)})


def twice(one: Command) -> Ended:
    """Another process of the same command begins in the same folder."""
    others: list[Ended] = []

    def begin(process: subprocess.Popen[str]) -> None:
        wait(one, process, 1 / 10)  # it takes seconds to load
        others.append(one.run())

    first = one.run(begin)
    (other,) = others
    first.stderr += f"\nthe second: exit code {other.returncode}: {last_line(other, one.out)}"
    if "Traceback" in other.stderr:
        first.stderr += "\nTraceback of the second"
    return first


def stopped(one: Command) -> Ended:
    """A worker, or the command itself, is stopped."""

    def stop(process: subprocess.Popen[str]) -> None:
        until = time.monotonic() + one.seconds * 0.5
        while not (workers := worker_ids(process.pid)) and time.monotonic() < until:
            time.sleep(0.2)
        if workers:
            time.sleep(3)  # until it trains
            os.kill(workers[0], signal.SIGSTOP)
            return
        wait(one, process, 0)
        process.send_signal(signal.SIGSTOP)
        time.sleep(STOPPED_SECONDS)
        process.send_signal(signal.SIGCONT)

    return one.run(stop)


MISHAPS: dict[str, Callable[[Command], Ended]] = {
    "read-only": read_only,
    "deleted": deleted,
    "clock": clock,
    "twice": twice,
    "stopped": stopped,
}


def main() -> None:
    """Let each mishap befall each command; the file says what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_argument("--mishap", action="append", choices=MISHAPS)
    parser.add_argument("--out", type=Path, required=True, help="folder to work in")
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    prepared(args.out)
    found = json.loads(args.json.read_text())["commands"] if args.json.exists() else {}
    for name in args.case or NAMES:
        rows = found.setdefault(name, {})
        missing = [mishap for mishap in args.mishap or MISHAPS if mishap not in rows]
        if not missing:
            continue
        words, patterns = CASES[name]
        whole, seconds = left_alone(words, args.out)
        for mishap in missing:
            with disk(args.out / "disk", 2**20) as place:
                one = Command(command(words, args.out, place / "run"), place / "run", seconds, args.out)
                first = MISHAPS[mishap](one)
                rows[mishap] = outcome(first, one.run(), whole, one.out, patterns)
            print(name, mishap, rows[mishap], flush=True)
            args.json.write_text(json.dumps({"commands": found, "environment": environment()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
