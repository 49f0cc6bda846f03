"""How long work shows its progress: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from netspace.cost import format_amount
from netspace.records import NetworkStore
from netspace.search import EpochRecord


def describe(record: EpochRecord) -> str:
    """Return loss and, per budget, expected FLOPs and entropy of Θ, on one line."""
    budgets = "  ".join(
        f"{name}: E[FLOPs] {format_amount(state['expected_cost'])}, entropy {state['entropy']:.2f}"
        for name, state in record.budgets.items()
    )
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


class EpochProgress:
    """A context that takes epochs and shows them on stderr.

    Args:
        describe: what to say of an epoch beside its place and the time left.
    """

    def __init__(self, describe: Callable[[Any], str] = describe) -> None:
        self._describe = describe
        self._bar: Progress | None = None
        self._seconds: list[float] = []
        if sys.stderr.isatty():
            columns = (TextColumn("epoch {task.completed}/{task.total}"), BarColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, TextColumn("{task.description}"), console=Console(stderr=True))
            self._task = self._bar.add_task("first epoch", total=None)

    def __enter__(self) -> EpochProgress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, record: Epoch) -> None:
        """Show one epoch."""
        self._seconds.append(record.seconds)
        if self._bar is not None:
            self._bar.update(
                self._task, total=record.epochs, completed=record.epoch, description=self._describe(record)
            )
            return
        left = (record.epochs - record.epoch) * sum(self._seconds) / len(self._seconds)
        line = (
            f"epoch {record.epoch}/{record.epochs}  {record.seconds:.0f} s, ETA {left:.0f} s  {self._describe(record)}"
        )
        print(line, file=sys.stderr, flush=True)


class PopulationProgress:
    """Shows, one line per change, how many networks are trained, the time left, and the best so far."""

    def __init__(self, store: NetworkStore) -> None:
        self._store, self._started, self._before = store, time.monotonic(), -1

    def __call__(self, counts: dict[str, int]) -> None:
        """Show the counts of each status."""
        total = sum(counts.values())
        done = total - counts.get("waiting", 0) - counts.get("claimed", 0)
        if self._before < 0:
            self._before = done
        trained = done - self._before
        if not trained:
            return
        left = (total - done) * (time.monotonic() - self._started) / trained
        ok = [row["validation_error"] for row in self._store.rows() if row["status"] == "ok"]
        best = f", best validation error {min(ok):.2%}" if ok else ""
        failed = done - len(ok)
        print(f"networks {done}/{total}, {failed} failed, ETA {left:.0f} s{best}", file=sys.stderr, flush=True)
