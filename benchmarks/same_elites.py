"""Run the same seeded searches with two revisions, and compare what they write, byte for byte.

    python benchmarks/same_elites.py --before REV
    python benchmarks/same_elites.py --before REV --after REV --only tiny --keep runs/same --json same.json

Without --after the working tree is compared. Each revision is checked out into a temporary git worktree, and runs in a
process of its own with one thread; the files compared are elite files, architecture files and front.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from shlex import split
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PATTERNS = ("elite-*.yaml", "architecture-*.yaml", "front.json")
SHOWN = 40  # characters before and after the first difference of a line
RECIPE = """
name: short
epochs: 1
batch_size: 32
warmup_epochs: 0
train_images: 200
validation_share: 0.25
"""
FOUR = """
name: four
stem_width: 8
strides: [1, 2, 1, 2]
stages:
- &stage
  depth: {low: 1, high: 4, ranges: 2}
  width: {low: 8, high: 32, step: 8, ranges: 2}
- *stage
- *stage
- *stage
"""


class Case(NamedTuple):
    """A search and what is asked of it afterwards.

    Args:
        name: of its folder.
        space: preset or file.
        budgets: its targets.
        settings: of `--set`.
        further: commands on its folder, as they follow `netspace`.
        image_size: pixels.
    """

    name: str
    space: str
    budgets: str
    settings: str
    further: tuple[str, ...] = ()
    image_size: int = 8

    @property
    def commands(self) -> list[list[str]]:
        """The arguments of each command."""
        given = ["--dataset", "fashion", "--space", self.space, "--image-size", str(self.image_size)]
        given += [part for budget in self.budgets.split() for part in ("--budget", budget)]
        given += [part for setting in self.settings.split() for part in ("--set", f"search.{setting}")]
        search = ["search", *given, "--device", "cpu", "--seed", "1", "--out", self.name]
        return [search, *(split(text.format(run=self.name)) for text in self.further)]


def nas(elite: str, method: str, more: str = "") -> str:
    """Return a command that picks networks in a run."""
    name = f"{Path(elite).stem}-{method}"
    given = f"--method {method} --samples 3 --candidates 10 --seed 1 --out {{run}}/picked-{name}"
    return f"nas {elite} --run {{run}} {given} {more}"


QUICK = "epochs=4 warmup_epochs=1 steps_per_epoch=12 batch_size=32"
FEW = "epochs=3 warmup_epochs=1 steps_per_epoch=6 batch_size=16"
PRICED = "front.recipe=recipe.yaml"
CASES = (
    Case(
        "tiny-score",
        "tiny",
        "200K 400K",
        f"estimator=score {QUICK}",
        (
            nas("{run}/elite-200K.yaml", "random"),
            nas("{run}/elite-400K.yaml", "differentiable", "--finetune-epochs 1"),
            nas("tiny", "evolution", "--budget 300K"),
            "front {run} --budget 250K --evaluations 16 --signal supernet --out {run}/answer",
        ),
    ),
    Case("tiny-score-28", "tiny", "2M 3M", f"estimator=score penalty_form=members {FEW}", image_size=28),
    Case("tiny-gumbel", "tiny", "200K 400K", f"estimator=gumbel {QUICK}"),
    Case("tiny-gumbel-members", "tiny", "200K 400K", f"estimator=gumbel penalty_form=members {QUICK}"),
    Case(
        "tiny-front",
        "tiny",
        "200K 400K",
        f"estimator=front front.evaluations=40 {QUICK}",
        (
            "front {run} --budget 150K --budget 300K --budget 600K --evaluations 40 --out {run}/answer",
            "front {run} --refine --min-hit-rate 0.3 --evaluations 40 --out {run}/refined",
        ),
    ),
    Case(
        "tiny-front-calibrated",
        "tiny",
        "300K",
        f"estimator=front front.evaluations=16 front.calibration=8 {PRICED} {FEW}",
    ),
    Case(
        "tiny-population",
        "tiny",
        "200K 400K",
        f"estimator=population front.population=10 {PRICED}",
        ("front {run} --budget 150K --budget 300K --out {run}/answer",),
    ),
    Case("small-score-members", "small", "1M 5M", f"estimator=score penalty_form=members penalty=1 {FEW}"),
    Case("small-score-centre", "small", "1M 5M", f"estimator=score {FEW}", (nas("{run}/elite-1M.yaml", "random"),)),
    Case("small-gumbel-members", "small", "2M", f"estimator=gumbel penalty_form=members {FEW}"),
    Case("small-gumbel-centre", "small", "2M", f"estimator=gumbel {FEW}"),
    Case(
        "small-front",
        "small",
        "1M 5M",
        f"estimator=front front.evaluations=24 {FEW}",
        ("front {run} --budget 700K --budget 2M --evaluations 24 --out {run}/answer",),
    ),
    Case("four-score", "four.yaml", "1M", f"estimator=score {FEW}"),
    Case("four-front", "four.yaml", "1M", f"estimator=front front.evaluations=16 {FEW}"),
    Case("expanded-gumbel", "expanded", "20M", "epochs=2 warmup_epochs=1 steps_per_epoch=2 batch_size=4"),
)
# Run in a process of its own, with the revision's source first on the path: one line for each command.
DRIVER = """
import contextlib, json, os, sys, time
from netspace.cli.main import app
for args in json.load(sys.stdin):
    start = time.perf_counter()
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        try:
            code = app(args, standalone_mode=False)
        except Exception as error:
            code = f"{type(error).__name__}: {error}"
    if code:
        sys.exit(f"netspace {' '.join(args)} ended with {code}")
    print(json.dumps([args, round(time.perf_counter() - start, 2)]), flush=True)
"""


def main() -> None:
    """Run both sides, print a table of files, and exit with 1 where any differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", required=True, help="revision that is the measure")
    parser.add_argument("--after", help="revision that is held against it; default: the working tree")
    parser.add_argument("--only", default="", help="run the cases alone whose name matches this regular expression")
    parser.add_argument("--keep", type=Path, help="new folder to keep what both wrote; default: a temporary one")
    parser.add_argument("--json", type=Path, help="file to write")
    args = parser.parse_args()
    cases = [case for case in CASES if re.search(args.only, case.name)]
    if not cases:
        parser.error(f"--only {args.only} matches none of {', '.join(case.name for case in CASES)}")
    if args.keep is not None and args.keep.exists():
        parser.error(f"{args.keep} is there already; give a new folder")
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.keep or Path(temporary) / "runs").resolve()
        seconds = {}
        for side, revision in (("before", args.before), ("after", args.after)):
            print(f"{side}: {revision or 'working tree'}", flush=True)
            with checked_out(revision) as source:
                seconds[side] = run(cases, source, folder / side)
        found = [row for case in cases for row in compare(case, folder)]
    print_rows(found)
    if args.json is not None:
        result = {"before": args.before, "after": args.after, "seconds": seconds, "files": found}
        args.json.write_text(json.dumps(result, indent=1) + "\n")
    equal = sum(not row["difference"] for row in found)
    print(f"{equal} of {len(found)} files are equal, byte for byte; {sum(seconds.values()):.0f} s")
    sys.exit(equal < len(found))


@contextmanager
def checked_out(revision: str | None) -> Iterator[Path]:
    """Give the root of a revision's source, in a worktree that is gone afterwards; None is the working tree."""
    if revision is None:
        yield ROOT
        return
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary) / "source"
        git = ["git", "-C", str(ROOT), "worktree"]
        if subprocess.run([*git, "add", "--detach", str(place), revision], capture_output=True).returncode:
            sys.exit(f"git cannot check out '{revision}'; name a commit, a tag or a branch of this repository")
        try:
            yield place
        finally:
            subprocess.run([*git, "remove", "--force", str(place)], check=True)


def run(cases: list[Case], source: Path, folder: Path) -> float:
    """Run all commands of some cases in a folder with the source of one revision; return the seconds that it took."""
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "four.yaml").write_text(FOUR)
    start = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(source / "src"), "OMP_NUM_THREADS": "1"}
    commands = [command for case in cases for command in case.commands]
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(commands))
    process.stdin.close()
    for line in process.stdout:
        words, seconds = json.loads(line)
        print(f"  {seconds:6.1f} s  netspace {words[0]} --out {words[words.index('--out') + 1]}", flush=True)
    if process.wait():
        sys.exit(f"the commands of {source} did not run to their end")
    for checkpoint in folder.glob("*/checkpoint-*"):  # those of `expanded` hold more than a gigabyte
        shutil.rmtree(checkpoint)
    return time.perf_counter() - start


def compare(case: Case, folder: Path) -> list[dict[str, str]]:
    """Return a row for each file of a case that either side wrote, with the first difference or nothing.

    Raises:
        ValueError: where there is no file at all, so that nothing would be compared.
    """
    sides = [folder / side / case.name for side in ("before", "after")]
    names = {str(p.relative_to(side)) for side in sides for pattern in PATTERNS for p in side.rglob(pattern)}
    if not names:
        raise ValueError(f"{case.name} left no file to compare in {folder}")
    return [
        {"case": case.name, "file": name, "difference": difference(*(s / name for s in sides))}
        for name in sorted(names)
    ]


def difference(before: Path, after: Path) -> str:
    """Say in one line how two files differ; nothing where they are equal."""
    for side, file in (("before", before), ("after", after)):
        if not file.exists():
            return f"not written by the one {side}"
    if before.read_bytes() == after.read_bytes():
        return ""
    lines = zip_longest(*(file.read_text().splitlines() for file in (before, after)), fillvalue="(ends)")
    for number, (old, new) in enumerate(lines, start=1):
        if old != new:
            alike = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
            start = max(alike - SHOWN, 0)
            shown = (line[start : start + 2 * SHOWN].strip() for line in (old, new))
            return f"line {number}: {' → '.join(shown)}"
    return "in its line ends"


def print_rows(found: list[dict[str, str]]) -> None:
    """Print the table."""
    print("| search | file | byte for byte |")
    print("| --- | --- | --- |")
    for row in found:
        print(f"| {row['case']} | {row['file']} | {row['difference'] or 'equal'} |")


if __name__ == "__main__":
    main()
