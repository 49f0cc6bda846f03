"""A time limit on stand-alone trainings: whether it is long enough, and when no further one may begin."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from typing import Any

from netspace.errors import NetspaceError
from netspace.evaluate.pool import Counts
from netspace.records import NetworkStore, recovery
from netspace.settings import Recipe
from netspace.surrogate.validation import LEAST_ROWS

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> float:
    """Read a duration such as `90s`, `30m` or `1.5h`; return seconds.

    Raises:
        NetspaceError: where it is none.
    """
    match = re.fullmatch(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([smhd])\s*", text)
    if match is None or float(match[1]) <= 0:
        raise NetspaceError(f"time limit '{text[:80]}' is no duration; write it as 90s, 30m or 1.5h")
    return float(match[1]) * _UNITS[match[2]]


def format_duration(seconds: float) -> str:
    """Write seconds, rounded up, as parse_duration reads them."""
    if seconds < 120:
        return f"{math.ceil(seconds)}s"
    return f"{math.ceil(seconds / 60)}m" if seconds < 7200 else f"{math.ceil(seconds / 360) / 10:g}h"


class Deadline:
    """A time by which a command shall be done, counted from when this is made.

    Args:
        seconds: for all of it, what is measured and read before the work included.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self._begun = seconds, time.monotonic()

    @property
    def left(self) -> float:
        """Seconds until then, as a clock shows them; below 0 when it is over."""
        return self.seconds - (time.monotonic() - self._begun)

    def too_short(self, needed: float, why: str, instead: str) -> NetspaceError:
        """Return the error of a time that is too short.

        Args:
            needed: seconds, from now on.
            why: what takes so long.
            instead: what else may be given.
        """
        return _too_short(self.seconds, self.seconds - self.left + needed, why, instead)

    def __str__(self) -> str:
        return format_duration(self.seconds)


def _too_short(limit: float, needed: float, why: str, instead: str) -> NetspaceError:
    """Return the error of a limit, in seconds, of which so many would be needed in all."""
    return NetspaceError(
        f"a time limit of {format_duration(limit)} is too short: {why}; give {format_duration(needed)} or more, or "
        f"{instead}"
    )


class TimeLimit:
    """Ends the trainings of a population so that the last one is done within a time.

    Trainings of earlier calls count: a run that is stopped and continued gets no more time than one that is not.

    Args:
        seconds: for all trainings together, as a clock shows it.
        jobs: processes that train at the same time.
        population: whose networks are withdrawn when time is up.
    """

    def __init__(self, seconds: float, jobs: int, population: str) -> None:
        self._seconds, self._jobs, self._population = seconds, jobs, population

    def __str__(self) -> str:
        return format_duration(self._seconds)

    def room(self, done: list[dict[str, Any]], each: float, recipe: Recipe) -> int:
        """Return how many trainings fit in all, those that are done included.

        Args:
            done: rows of those that are done; of these the ones that went well count for the model.
            each: seconds of one more.
            recipe: of the trainings.

        Raises:
            NetspaceError: where they are fewer than a model needs; says what would be needed.
        """
        missing = max(LEAST_ROWS - len(_well(done)), 0)
        left, needed = self._seconds - spent(done) / self._jobs, math.ceil(missing / self._jobs) * each
        if missing and needed > left:
            why = (
                f"a training by recipe '{recipe.name}' takes about {format_duration(each)} here, and a model of error "
            )
            why += f"needs {LEAST_ROWS} of them"
            raise _too_short(self._seconds, self._seconds - left + needed, why, "a shorter recipe")
        return len(done) + max(self._jobs * max(math.floor(left / each), 0), missing)

    def watch(self, store: NetworkStore, then: Callable[[Counts], None]) -> Callable[[Counts], None]:
        """Return what is to be called when counts change: it withdraws what waits when no further one would be done.

        A process begins the next network the moment it ends one, so it is looked ahead by two trainings.

        Args:
            store: of the trainings.
            then: called with the counts after that.
        """
        begun, before = time.monotonic(), spent(recovery.done(store))

        def changed(counts: Counts) -> None:
            done = recovery.done(store)
            each, for_model = mean_seconds(done), len(_well(done)) + counts.get("claimed", 0)
            late = each and before / self._jobs + time.monotonic() - begun + 2 * each > self._seconds
            if late and counts.get("waiting") and for_model >= LEAST_ROWS:
                store.withdraw(self._population)
                counts = store.counts()
            then(counts)

        return changed


def mean_seconds(done: list[dict[str, Any]]) -> float | None:
    """Return what a training took on average, of those that went well; None where none did."""
    well = _well(done)
    return spent(well) / len(well) if well else None


def spent(done: list[dict[str, Any]]) -> float:
    """Return the seconds that all trainings took, one after the other."""
    return sum(row["seconds"] or 0.0 for row in done)


def _well(done: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in done if row["status"] == "ok"]
