"""How a search shows its progress: a bar on a terminal, one plain line per epoch elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from netspace.cost import format_amount
from netspace.search import EpochRecord


def describe(record: EpochRecord) -> str:
    """Return loss and, per budget, expected FLOPs and entropy of Θ, on one line."""
    budgets = "  ".join(
        f"{name}: E[FLOPs] {format_amount(state['expected_cost'])}, entropy {state['entropy']:.2f}"
        for name, state in record.budgets.items()
    )
    return f"loss {record.loss:.3f}  {budgets}" + ("  (warm-up)" if record.warmup else "")


class EpochProgress:
    """A context that takes EpochRecords and shows them on stderr."""

    def __init__(self) -> None:
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

    def __call__(self, record: EpochRecord) -> None:
        """Show one epoch."""
        self._seconds.append(record.seconds)
        if self._bar is not None:
            self._bar.update(self._task, total=record.epochs, completed=record.epoch, description=describe(record))
            return
        left = (record.epochs - record.epoch) * sum(self._seconds) / len(self._seconds)
        line = f"epoch {record.epoch}/{record.epochs}  {record.seconds:.0f} s, ETA {left:.0f} s  {describe(record)}"
        print(line, file=sys.stderr, flush=True)
