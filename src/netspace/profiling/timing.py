"""How long calls take: all of them in several rounds, so that what disturbs the machine falls on none alone."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

ROUNDS, WARMUP, CALLS, SECONDS = 24, 1, 12, 0.01
Call = Callable[[], object]


class Timing(NamedTuple):
    """What one call was measured at.

    Args:
        nanoseconds: the least of all calls of all rounds: what else runs only adds to it.
        spread: by which share the median of the rounds' least lies above it.
    """

    nanoseconds: int
    spread: float


def time_calls(
    calls: Sequence[Call],
    *,
    clock: Callable[[], float] = time.perf_counter,
    rounds: int = ROUNDS,
    on_round: Callable[[int, int], None] = lambda done, total: None,
) -> list[Timing]:
    """Time calls, one after the other, in rounds.

    Args:
        calls: what is timed.
        clock: seconds.
        rounds: how often all are timed.
        on_round: called with the number of rounds that are done, and of all.

    Returns:
        for each call its timing.
    """
    found: list[list[float]] = [[] for _ in calls]
    for done in range(rounds):
        for call, seconds in zip(calls, found, strict=True):
            seconds.append(_round(call, clock))
        on_round(done + 1, rounds)
    return [_timing(seconds) for seconds in found]


def _round(call: Call, clock: Callable[[], float]) -> float:
    """Return the least of up to CALLS calls, or as many as fit into SECONDS, after WARMUP untimed ones."""
    for _ in range(WARMUP):
        call()
    seconds: list[float] = []
    while len(seconds) < 3 or (len(seconds) < CALLS and sum(seconds) < SECONDS):
        started = clock()
        call()
        seconds.append(clock() - started)
    return min(seconds)


def _timing(seconds: list[float]) -> Timing:
    least = min(seconds)
    return Timing(max(round(1e9 * least), 1), float(f"{statistics.median(seconds) / max(least, 1e-9) - 1:.3g}"))
