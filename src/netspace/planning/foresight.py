"""What a command says of its time: one line before its work, and one line after it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from netspace.analysis import Interval
from netspace.errors import NetspaceError
from netspace.planning.plan import Plan

Say = Callable[[str], None]


class Foresight:
    """Says what work is about to take, and at its end what it took; nothing where there is no plan, or nobody to tell.

    Args:
        say: told both lines; None measures nothing.
    """

    def __init__(self, say: Say | None) -> None:
        self._say, self._plan, self._begun = say, None, 0.0  # type: Say | None, Plan | None, float

    def begin(self, glance: Callable[[], Plan | None]) -> None:
        """Say the plan of what is about to begin.

        Args:
            glance: measures it; None where it is soon through. What is wrong with the work, the work itself says.
        """
        if self._say is None:
            return
        try:
            self._plan = glance()
        except NetspaceError:
            self._plan = None
        if self._plan is not None:
            self._say(f"plan: {plan_line(self._plan)}")
        self._begun = time.monotonic()

    def end(self) -> None:
        """Say what it took, beside what was planned; for work that has come to its end."""
        if self._plan is not None and self._say is not None:
            self._say(outcome_line(time.monotonic() - self._begun, self._plan))


def plan_line(plan: Plan) -> str:
    """Return a plan in one line, as `about 12 min (9 to 16), 24 trainings, 1.1 GB memory, bf16-mixed on cpu`."""
    counts: Counter[str] = Counter()
    for step in plan.steps:
        counts[step.unit or step.what] += step.count
    parts = [f"{n:,} {unit if n > 1 else unit.removesuffix('s')}" for unit, n in counts.items() if n]
    seconds, unit = _span(plan.seconds)
    memory = f"{plan.memory / 1e9:.1f} GB memory, {plan.precision} on {plan.device}"
    return f"about {seconds.replace(' (', f' {unit} (')}, {' and '.join(parts)}, {memory}"


def outcome_line(seconds: float, plan: Plan) -> str:
    """Return what work took beside what was planned, as `took 13 min, planned 12 (9 to 16)`."""
    planned, unit = _span(plan.seconds)
    own, size = unit_of(seconds)
    planned = planned if own == unit else planned.replace(" (", f" {unit} (")
    return f"took {_number(seconds / size)} {own}, planned {planned}"


def unit_of(seconds: float) -> tuple[str, int]:
    """Return the largest unit in which a time is 2 or more, or the second, and its length in seconds."""
    units = (("d", 86400), ("h", 3600), ("min", 60))
    return next(((unit, size) for unit, size in units if seconds >= 2 * size), ("s", 1))


def _span(seconds: Interval) -> tuple[str, str]:
    """Return a time with its range as numbers of one unit, and the unit."""
    unit, size = unit_of(seconds.value)
    value, low, high = (_number(part / size) for part in seconds)
    return f"{value} ({low} to {high})", unit


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}".removesuffix(".0")
