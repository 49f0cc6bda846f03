"""A plan: the steps of a command with the time of each, as a value and as text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from netspace.analysis import Interval
from netspace.settings import FP32

UNSURE = 0.1  # share by which a machine differs from itself a minute later, at least


@dataclass(frozen=True)
class PlannedStep:
    """A part of a command.

    Args:
        what: is done, in the plural, such as `trainings by recipe 'quick'`.
        count: how many.
        seconds: of all of them, one after the other, from the fastest to the slowest that was measured.
        shared: whether `--jobs` do some of them at a time.
        unit: what they are in one word, in the plural, such as `trainings`; steps of one unit are counted together.
    """

    what: str
    count: int
    seconds: Interval
    shared: bool = False
    unit: str = ""


@dataclass(frozen=True)
class Plan:
    """What a command would do.

    Args:
        steps: in their order.
        jobs: trainings at a time.
        device: where.
        precision: of the arithmetic.
        memory: bytes that a process took while it was measured; each job takes about as much.
        disk: bytes that are written, the largest part of them; 0 where that is next to nothing.
    """

    steps: tuple[PlannedStep, ...]
    jobs: int = 1
    device: str = "cpu"
    precision: str = FP32
    memory: int = 0
    disk: int = 0

    @property
    def seconds(self) -> Interval:
        """Time of the whole, as a clock shows it, with a range; 0 without steps."""
        each = [self.of(step) for step in self.steps] or [Interval(0.0, 0.0, 0.0)]
        value, low, high = (sum(part) for part in zip(*each, strict=True))
        return Interval(value, min(low, value * (1 - UNSURE)), max(high, value * (1 + UNSURE)))

    def of(self, step: PlannedStep) -> Interval:
        """Return the time of one step, as a clock shows it."""
        together = min(self.jobs, max(step.count, 1)) if step.shared else 1
        return Interval(*(part / together for part in step.seconds))

    def then(self, other: Plan) -> Plan:
        """Return the plan of this and of what comes after it, on the same device with the same jobs."""
        memory, disk = max(self.memory, other.memory), self.disk + other.disk
        return replace(self, steps=(*self.steps, *other.steps), memory=memory, disk=disk)

    def to_plain(self) -> dict[str, Any]:
        """Return the plan as plain data; times in seconds, memory and disk in bytes."""
        steps = [{"what": s.what, "count": s.count, **_plain(self.of(s))} for s in self.steps]
        about = {"jobs": self.jobs, "device": self.device, "precision": self.precision}
        return {"steps": steps, **_plain(self.seconds), **about, "memory": self.memory, "disk": self.disk}


def _plain(seconds: Interval) -> dict[str, float]:
    return {"seconds": round(seconds.value, 1), "low": round(seconds.low, 1), "high": round(seconds.high, 1)}
