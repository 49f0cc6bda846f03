"""Commands that are killed and starved of memory and disk, and how an end is compared with that of a run left alone."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netspace.records import NetworkStore

SEARCH = "search --dataset fashion --image-size 12 --space tiny --budget 200K --estimator"
FEW = "--set search.epochs=6 --set search.warmup_epochs=2"
EVALUATE = "evaluate tiny --budget 200K --baseline expanded --dataset fashion --image-size 12 --n"
BRIEF = "--set search.front.population=6 --set search.front.recipe=benchmarks/short_recipe.yaml"
ELITES = ("elite-*.yaml",)
CASES: dict[str, tuple[str, tuple[str, ...]]] = {  # a command, and which files are to be equal byte for byte
    "search by gumbel": (f"{SEARCH} gumbel {FEW}", ELITES),
    "search by score": (f"{SEARCH} score {FEW}", ELITES),
    "search by front": (f"{SEARCH} front {FEW}", ELITES),
    "search by population": (f"{SEARCH} population {BRIEF} --jobs 2", ELITES),
    "evaluate --jobs 2": (f"{EVALUATE} 4 --jobs 2 --recipe benchmarks/short_recipe.yaml", ()),
    # More networks, since to reach a cluster takes seconds. Start one and name it in RAY_ADDRESS.
    "evaluate --pool ray": (f"{EVALUATE} 12 --pool ray --recipe benchmarks/short_recipe.yaml", ()),
    "train": (
        "train {out}/architecture.yaml --dataset fashion --recipe quick --set train_images=1500 --set epochs=4",
        ("model.safetensors",),
    ),
    "auto": (
        "auto --data fashion --image-size 12 --budget 200K --space tiny --recipe benchmarks/short_recipe.yaml",
        ("network/model.safetensors", "search/elite-*.yaml", "export/model.py"),
    ),
}
Place = tuple[str, int]


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


def prepared(place: Path) -> None:
    """Make a folder to work in, with the file that a command of CASES reads."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "architecture.yaml").write_text("depth: [1, 1, 1]\nwidth: [8, 8, 16]\n")


def command(words: str, place: Path, out: Path) -> list[str]:
    """Return the command line of netspace.

    Args:
        words: as in CASES.
        place: that `prepared` made.
        out: the folder to write.
    """
    return [sys.executable, "-m", "netspace", *shlex.split(words.format(out=place)), "--out", str(out)]


def run(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command, and return how it ended."""
    return subprocess.run(words, capture_output=True, text=True, check=False)


def left_alone(words: str, place: Path) -> tuple[Path, float]:
    """Run a command whole, in a new folder; return the folder, and the seconds that it took.

    Args:
        words: as in CASES.
        place: that `prepared` made.
    """
    whole = place / "whole"
    shutil.rmtree(whole, ignore_errors=True)
    begun = time.monotonic()
    assert run(command(words, place, whole)).returncode == 0
    return whole, time.monotonic() - begun


def judge(outcome: Outcome, whole: Path, killed: Path, patterns: Sequence[str]) -> None:
    """Add to an outcome what a run that came to its end has to show, and remove its folder."""
    outcome.rounds += 1
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


def outcome(
    first: subprocess.CompletedProcess[str],
    second: subprocess.CompletedProcess[str],
    whole: Path,
    folder: Path,
    patterns: Sequence[str],
) -> dict[str, object]:
    """Say how a command ended that met with a mishap, and what the next run made of it.

    Args:
        first: that met with it.
        second: of the same command, after it.
        whole: folder of a run that was left alone.
        folder: of the two runs, which is removed.
        patterns: of files that are to be equal.
    """
    found = Outcome()
    judge(found, whole, folder, patterns)
    counted = {name: getattr(found, name) for name in ("lost", "twice", "different", "left")}
    return {
        "code": first.returncode,
        "said": last_line(first, folder),
        "traceback": "Traceback" in first.stderr + second.stderr,
        "then": second.returncode,
        **({"then_said": last_line(second, folder)} if second.returncode else {}),
        **counted,
    }


def last_line(ended: subprocess.CompletedProcess[str], folder: Path) -> str:
    """Return the last line that a command said on stderr, without the name of its folder."""
    return (ended.stderr.strip().splitlines() or [""])[-1].replace(str(folder), "RUN")[:200]


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


@contextmanager
def disk(place: Path, kib: int) -> Iterator[Path]:
    """Mount a file system in memory of so many KiB; it is gone in the end."""
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
        shutil.rmtree(place)


def worker_ids(parent: int) -> list[int]:
    """Return the processes that a process started to work for it (Linux)."""
    with suppress(FileNotFoundError):
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [int(child) for child in children if "netspace.evaluate.worker" in _command_line(child)]
    return []


def _command_line(process: str) -> str:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/cmdline").read_text()
    return ""
