"""A time limit on stand-alone trainings: whether it is long enough, and when no further one may begin."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence

from netspace.errors import NetspaceError
from netspace.evaluate.pool import Counts
from netspace.records import NetworkStore
from netspace.settings import Recipe

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


class TimeLimit:
    """Ends the trainings of populations so that the last one is done within a time.

    Trainings of earlier calls count: a run that is stopped and continued gets no more time than one that is not.

    Args:
        seconds: for all trainings together, as a clock shows it.
        jobs: processes that train at the same time.
        populations: whose networks are withdrawn when time is up.
        least: trainings below which there is no answer; they are done even where time is up.
        why: the reason for it, as in `a model of error needs 6 of them`.
    """

    def __init__(self, seconds: float, jobs: int, populations: Sequence[str], *, least: int, why: str) -> None:
        self._seconds, self._jobs, self._populations, self._least, self._why = seconds, jobs, populations, least, why

    def room(self, done: list[float], each: float, recipe: Recipe) -> int:
        """Return how many trainings fit in all, those that are done included.

        Args:
            done: seconds of each that is done.
            each: seconds of one more.
            recipe: of the trainings.

        Raises:
            NetspaceError: where they are fewer than the least; says what would be needed.
        """
        missing = max(self._least - len(done), 0)
        left, needed = self._seconds - sum(done) / self._jobs, math.ceil(missing / self._jobs) * each
        if missing and needed > left:
            whole = format_duration(self._seconds - left + needed)
            raise NetspaceError(
                f"a time limit of {format_duration(self._seconds)} is too short: a training by recipe '{recipe.name}' "
                f"takes about {format_duration(each)} here, and {self._why}; give {whole} or more, or a shorter recipe"
            )
        return max(len(done) + self._jobs * max(math.floor(left / each), 0), self._least)

    def watch(self, store: NetworkStore, then: Callable[[Counts], None], *, before: float) -> Callable[[Counts], None]:
        """Return what is to be called when counts change: it withdraws what waits when no further one would be done.

        A process begins the next network the moment it ends one, so it is looked ahead by two trainings.

        Args:
            store: of the trainings.
            then: called with the counts after that.
            before: seconds of the trainings of earlier calls.
        """
        begun = time.monotonic()

        def changed(counts: Counts) -> None:
            seconds = seconds_done(store, self._populations)
            begun_so_far = len(seconds) + counts.get("claimed", 0)
            spent = before / self._jobs + time.monotonic() - begun
            late = bool(seconds) and spent + 2 * sum(seconds) / len(seconds) > self._seconds
            if late and counts.get("waiting") and begun_so_far >= self._least:
                store.withdraw(self._populations)
                counts = store.counts()
            then(counts)

        return changed


def seconds_done(store: NetworkStore, populations: Sequence[str] | None = None) -> list[float]:
    """Return the seconds of each training that is done, of some populations or of all; none where no store is there."""
    rows = store.rows() if store.begun else []
    own = (row for row in rows if populations is None or row["population"] in populations)
    return [row["seconds"] for row in own if row["seconds"] is not None]
