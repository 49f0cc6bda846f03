"""Change every kind of file that netspace reads, read each with its command, and count how the commands end.

    PYTHONPATH=src:. OMP_NUM_THREADS=1 python benchmarks/mutated_files.py --n 60 --out runs/mutated

Each kind is changed --n times by its seed: values by shape (another type, null, a list, text, huge, NaN, a key less or
more, nesting) and bytes (flipped, cut, a line less or twice). The command runs in a fork of this process, as the entry
point runs it, beside fresh copies of the other files, with 20 s of CPU time and 3 GB of memory beyond what the
libraries take. It has to end with an exit code, and without a traceback or a warning. Run again, it goes on where it
was stopped. Pictures of reports are not drawn.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing as mp
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

from mutated_kinds import KINDS, Kind, make_files

from netspace.cli import main as commands
from netspace.cli.faults import run
from netspace.report import page, pictures
from tests.mutations import mutations

LIMIT_SECONDS, LIMIT_BYTES, MOST_MB = 20.0, 3 * 2**30, 2048
WAIT_SECONDS = 120.0  # for what computes nothing; the machine may be busy
Found = dict[str, Any]


def main() -> None:
    """Read mutations of all kinds, or go on with that; the last lines are the counts and each fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=60, help="of each kind; kinds of slow commands take a part of it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="kinds whose names hold this text")
    parser.add_argument("--out", type=Path, required=True, help="folder of results.jsonl and the files at fault")
    parser.add_argument("--json", type=Path, help="file to write the counts to")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    vars(page)[pictures.save_pictures.__name__] = lambda chart, folder: []
    log = args.out / "results.jsonl"
    found = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    with tempfile.TemporaryDirectory() as base:
        make_files(Path(base))
        for kind in KINDS:
            if not args.only or args.only in kind.name:
                done = 1 + max((one["number"] for one in found if one["kind"] == kind.name), default=-1)
                for one in _read_all(kind, Path(base), max(args.n // kind.slow, 4), done, args):
                    found.append(one)
                    with log.open("a") as stream:
                        print(json.dumps(one), file=stream)
    summary = _summary(found)
    if args.json:
        args.json.write_text(json.dumps(summary, indent=1) + "\n")
    print(json.dumps(summary, indent=1))


def _read_all(kind: Kind, base: Path, n: int, done: int, args: argparse.Namespace) -> Iterator[Found]:
    """Yield what came of the file and of each mutation; a process that crashed or hung is replaced for the next."""
    right = (base / kind.file).read_bytes()
    contents = [right, *mutations(right, kind.syntax, n, seed=args.seed)]
    while done < len(contents):
        here, there = mp.Pipe()
        process = mp.get_context("fork").Process(target=_serve, args=(there, kind, base, contents, done), daemon=True)
        process.start()
        there.close()
        while done < len(contents):
            came = _received(here)
            if came is None:
                process.kill()
                process.join()
                came = {"code": process.exitcode, "fault": f"the process ended or hung ({process.exitcode})"}
            one = {"kind": kind.name, "number": done, **came}
            if done == 0 and came["code"] != 0:
                one["fault"] = f"the file that is right is refused: {came.get('said', '')}"
            if one.get("fault"):
                (args.out / f"{kind.name.replace(' ', '-')}-{done}").write_bytes(contents[done])
                print(one, flush=True)
            yield one
            done += 1
            if not process.is_alive():
                break
        process.kill()


def _received(pipe: Connection) -> Found | None:
    try:
        return pipe.recv() if pipe.poll(WAIT_SECONDS) else None
    except EOFError:
        return None


def _serve(pipe: Connection, kind: Kind, base: Path, contents: list[bytes], first: int) -> None:
    """Read one mutation after the other, each in a folder of its own."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + LIMIT_BYTES, resource.RLIM_INFINITY))
    signal.signal(signal.SIGPROF, _too_long)
    named = {word.partition("/")[0] for word in (kind.file, *kind.command.split())}
    parts = [part for part in base.iterdir() if part.name in named]
    for number in range(first, len(contents)):
        with tempfile.TemporaryDirectory() as folder:
            for part in parts:
                copy = shutil.copytree if part.is_dir() else shutil.copy
                copy(part, Path(folder) / part.name)
            (Path(folder) / kind.file).write_bytes(contents[number])
            os.chdir(folder)
            pipe.send(_read(kind))
            os.chdir("/")
    os._exit(0)


class _TooLong(BaseException):
    """The time that a command may take is over."""


def _too_long(number: int, frame: FrameType | None) -> None:
    raise _TooLong


def _read(kind: Kind) -> Found:
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    before, started, told = _memory("VmRSS"), time.process_time(), io.StringIO()
    sys.argv, fault = ["netspace", *kind.command.split()], ""
    signal.setitimer(signal.ITIMER_PROF, LIMIT_SECONDS)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(told):
            code = run(kind.call or commands.app)
    except _TooLong:
        code, fault = -1, f"longer than {LIMIT_SECONDS:.0f} s of CPU time"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    text = told.getvalue()
    if "Traceback (most recent call last)" in text or "Warning:" in text:
        fault = _place(text)
    megabytes = _memory("VmHWM") - before
    if megabytes > MOST_MB:
        fault = fault or f"{megabytes} MB"
    seconds = round(time.process_time() - started, 2)
    return {"code": code, "seconds": seconds, "MB": megabytes, "fault": fault, "said": text[-300:]}


def _place(text: str) -> str:
    """Return the line of ours that a traceback or warning comes from, and its error."""
    lines = re.findall(r"netspace/(\S+\.py)\"?[,:] ?(?:line )?(\d+)", text)
    last = next((line for line in reversed(text.strip().splitlines()) if "Error" in line or "Warning" in line), "")
    return f"{':'.join(lines[-1]) if lines else '?'} {last.strip()[:160]}"


def _memory(what: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what))
    return int(line.split()[1]) // 1024


def _summary(found: list[Found]) -> dict[str, Any]:
    kinds = {kind.name: Counter(str(one["code"]) for one in found if one["kind"] == kind.name) for kind in KINDS}
    ended = [one for one in found if "seconds" in one]
    return {
        "files": len(found),
        "exit codes": dict(Counter(str(one["code"]) for one in found)),
        "longest seconds": max((one["seconds"] for one in ended), default=0),
        "most MB": max((one["MB"] for one in ended), default=0),
        "kinds": {name: dict(codes) for name, codes in kinds.items() if codes},
        "faults": dict(Counter(f"{one['kind']}: {one['fault']}" for one in found if one["fault"]).most_common()),
    }


if __name__ == "__main__":
    main()
