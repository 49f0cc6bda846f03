"""How a plan is printed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from netspace.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from netspace.analysis import Interval
    from netspace.data import ImageData
    from netspace.planning import Plan


def print_plan(plan: Plan, json: bool, *, images: ImageData, reading: float) -> None:
    """Print a plan for people, or as one JSON value.

    Args:
        plan: of all that comes after the images are read.
        json: print one JSON value.
        images: that were read.
        reading: seconds that it took.
    """
    from netspace.analysis import Interval
    from netspace.planning import PlannedStep

    read = PlannedStep("images read", len(images.train) + len(images.test), Interval(reading, reading, reading))
    plan = replace(plan, steps=(read, *plan.steps))
    if json:
        print_json(plan.to_plain())
        return
    rows = [[step.what, f"{step.count:,}", _time(plan.of(step))] for step in plan.steps]
    print_table("Plan", ("step", "how many", "time here"), rows)
    written = f", about {plan.disk / 1e6:,.0f} MB on disk" if plan.disk >= 1e6 else ""
    together = f", {plan.jobs} trainings at a time" if plan.jobs > 1 else ""
    say(f"together {_time(plan.seconds)} on {plan.device} in {plan.precision}{together}{written}")
    say(f"a process took {plan.memory / 1e9:.1f} GB of memory while this was measured; nothing was written")


def _time(seconds: Interval) -> str:
    value, low, high = (duration(part) for part in seconds)
    return value if low == high else f"{value} ({low} to {high})"


def duration(seconds: float) -> str:
    """Write seconds in the largest unit that leaves two digits or more."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
