"""A space profiled on this machine: its design measured, the model fitted, and judged by networks it has not seen."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch

from netspace.cost.device_profile import MEDIAN, P90, TAU, Device, DeviceProfile, Measurement, ProfileError
from netspace.processor import processor
from netspace.profiling.design import BLOCKS, Design, design
from netspace.profiling.fitting import error_of, fit_weights, predicted
from netspace.profiling.subjects import Subject
from netspace.profiling.targets import TARGETS, check_target, runtime_of
from netspace.profiling.timing import ROUNDS, Timing, time_calls
from netspace.spaces import NetworkSpace, NetworkTemplate

CALM = 0.1  # the largest spread of rounds, in the median of all calls, of a machine that can be trusted


def profile_space(
    space: NetworkSpace,
    template: NetworkTemplate,
    *,
    name: str,
    target: str,
    batch: int = 1,
    threads: int = 1,
    seed: int = 0,
    blocks: int = BLOCKS,
    rounds: int = ROUNDS,
    clock: Callable[[], float] | None = None,
    on_progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> DeviceProfile:
    """Measure blocks and whole networks of a space on this machine, and fit what its networks take.

    Args:
        space: whose blocks.
        template: of its networks.
        name: of the search space, for the file.
        target: what runs them: a key of TARGETS.
        batch: images a call.
        threads: of the runtime.
        seed: of the design.
        blocks: draws of blocks.
        rounds: how often each call is timed, all in turn.
        clock: seconds; None is the thread's own time with one thread, which leaves out what else runs, else wall time.
        on_progress: called with what is done, how much of it, and of how much.

    Raises:
        NetspaceError: where the target is unknown or its packages are not installed.
    """
    check_target(target)
    found = design(space, template, seed=seed, blocks=blocks)
    subjects: list[Subject] = [*found.blocks, *found.known, *found.unseen]
    clock = clock or (time.thread_time if threads == 1 else time.perf_counter)
    with _threads(threads):
        calls = []
        for done, one in enumerate(subjects, start=1):
            calls.append(TARGETS[target](*one.module(batch), threads))
            on_progress("built", done, len(subjects))
        timings = time_calls(calls, clock=clock, rounds=rounds, on_round=lambda d, n: on_progress("round", d, n))
    device = Device(processor(), runtime_of(target), batch, threads)
    return _fitted(found, timings, DeviceProfile(device, template, name, {"call": 0.0}))


def _fitted(found: Design, timings: Sequence[Timing], empty: DeviceProfile) -> DeviceProfile:
    """Return a profile with the model of what was measured, in the order of the design, and its error."""
    subjects: list[Subject] = [*found.blocks, *found.known, *found.unseen]
    works, times = [one.work for one in subjects], [one.nanoseconds for one in timings]
    n, seen = len(found.blocks), len(subjects) - len(found.unseen)
    weights = fit_weights(works[:n], times[:n], works[n:seen], times[n:seen])
    error = None
    if len(found.unseen) > 1:
        error = error_of(predicted(weights, works[seen:]), np.array(times[seen:], np.float64))
    measured = tuple(_measurement(*one, unseen=i >= seen) for i, one in enumerate(zip(subjects, timings, strict=True)))
    return replace(empty, weights=weights, error=error, notes=notes_on(error, timings), measurements=measured)


def notes_on(error: ProfileError | None, timings: Sequence[Timing] = ()) -> tuple[str, ...]:
    """Say why a profile can't be trusted; nothing where it can."""
    notes = []
    spread = statistics.median(one.spread for one in timings) if timings else 0.0
    if spread > CALM:
        notes.append(
            f"cannot be trusted: the machine is busy; repeated timings lie {spread:.0%} above the least (median of all "
            f"calls, at most {CALM:.0%} on a calm one); profile again when nothing else runs"
        )
    if error is None:
        notes.append("cannot be trusted: too few whole networks were measured to say how far predictions lie")
    elif not error.reached:
        notes.append(
            f"cannot be trusted: {error}; wanted are at most {MEDIAN:.0%} and {P90:.0%}, and a τ of {TAU} or more"
        )
    return tuple(notes)


def _measurement(subject: Subject, timing: Timing, *, unseen: bool) -> Measurement:
    return Measurement(subject.told, timing.nanoseconds, timing.spread, unseen)


@contextmanager
def _threads(threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
