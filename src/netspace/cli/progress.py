"""How long work shows its progress: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from netspace.cost import format_amount
from netspace.names import shown
from netspace.records import NetworkStore
from netspace.search import EpochRecord


class _TimeLeft(ProgressColumn):
    """Counts down to the moment that was last expected to be the end."""

    def render(self, task: Task) -> Text:
        ends = task.fields.get("ends")
        return Text("ETA –" if ends is None else f"ETA {_clock(ends - time.monotonic())}")


class ProgressDisplay:
    """A context that shows on stderr how far work has come.

    Args:
        unit: what is counted, as `epoch`.
        console: where to; None is stderr.
    """

    def __init__(self, unit: str, console: Console | None = None) -> None:
        self._unit, self._console = unit, console or Console(stderr=True)
        self._bar: Progress | None = None
        if self._console.is_terminal:
            count = TextColumn(unit + " {task.completed}/{task.total}", markup=False)
            text = TextColumn("{task.description}", markup=False)
            self._bar = Progress(count, BarColumn(24), _TimeLeft(), text, console=self._console)
            self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: int, total: int, text: str, *, seconds_left: float | None) -> None:
        """Show the state of the work.

        Args:
            done: units that are done.
            total: all units.
            text: what is known so far.
            seconds_left: until the end, as expected; None before anything was done.
        """
        text = shown(text)
        if self._bar is None:
            if seconds_left is not None:
                line = f"{self._unit} {done}/{total}  ETA {_clock(seconds_left)}  {text}"
                print(line, file=self._console.file, flush=True)
            return
        ends = None if seconds_left is None else time.monotonic() + seconds_left
        self._bar.update(self._task, total=total, completed=done, description=text, ends=ends)
        self._bar.start()


def describe(record: EpochRecord) -> str:
    """Return loss and, per budget, expected cost and entropy of Θ, on one line."""
    parts = []
    for name, state in record.budgets.items():
        kind = name.rpartition("=")[0] or "FLOPs"
        cost = format_amount(state["expected_cost"], kind)
        parts.append(f"{name}: E[{kind}] {cost}, entropy {state['entropy']:.2f}")
    budgets = "  ".join(parts)
    return f"loss {record.loss:.3f}  {budgets}" + ("  (warm-up)" if record.warmup else "")


class Epoch(Protocol):
    """An epoch that is done: its place, and its wall time in seconds."""

    @property
    def epoch(self) -> int:
        """From 1."""
        ...

    @property
    def epochs(self) -> int:
        """Of the whole work."""
        ...

    @property
    def seconds(self) -> float:
        """Wall time."""
        ...


class EpochProgress(ProgressDisplay):
    """Shows work that goes in epochs: epochs done, the time left, and what is known of the last one.

    Args:
        describe: what to say of an epoch; of a search loss, expected FLOPs and entropy of Θ.
        console: where to; None is stderr.
    """

    def __init__(self, describe: Callable[[Any], str] = describe, console: Console | None = None) -> None:
        super().__init__("epoch", console)
        self._describe = describe
        self._seconds: list[float] = []

    def __call__(self, record: Epoch) -> None:
        """Show one epoch."""
        self._seconds.append(record.seconds)
        left = (record.epochs - record.epoch) * sum(self._seconds) / len(self._seconds)
        self.show(record.epoch, record.epochs, self._describe(record), seconds_left=left)


class PopulationProgress(ProgressDisplay):
    """Shows populations: networks done, the time left, how many failed, and the best so far.

    Args:
        store: the networks.
        console: where to; None is stderr.
    """

    def __init__(self, store: NetworkStore, console: Console | None = None) -> None:
        super().__init__("networks", console)
        self._store, self._started = store, time.monotonic()
        self._before: int | None = None
        self._shown = 0

    def __call__(self, counts: dict[str, int]) -> None:
        """Show the counts of each status."""
        total = sum(counts.values())
        done = total - counts.get("waiting", 0) - counts.get("claimed", 0)
        if self._before is None:
            self._before, self._started = done, time.monotonic()
        elif done == self._shown:
            return
        self._shown, trained = done, done - self._before
        best = self._store.best_error()
        text = f"{counts.get('failed', 0) + counts.get('diverged', 0)} failed"
        text += "" if best is None else f", best validation error {best:.2%}"
        left = (total - done) * (time.monotonic() - self._started) / trained if trained else None
        self.show(done, total, text, seconds_left=left)


def _clock(seconds: float) -> str:
    """Write a time as `40 s`, `12 min` or `2 h 05 min`."""
    whole = max(round(seconds), 0)
    if whole < 120:
        return f"{whole} s"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
