"""What commands print: results on stdout, all else on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from netspace.documents import to_json


def note(text: str) -> None:
    """Say something beside the result."""
    print(text, file=sys.stderr, flush=True)


def tell(what: str, done: int, total: int) -> None:
    """Say beside the result how far a count has come: every tenth and the last."""
    if done % 10 == 0 or done == total:
        note(f"{what} {done}/{total}")


@contextmanager
def resumable(place: Path, how: str = "") -> Iterator[None]:
    """End with exit code 130 on Ctrl-C, and say where the work is and that the same command goes on with it.

    Args:
        place: folder or file that holds what is done.
        how: what to add, as ` from its last epoch`.
    """
    try:
        yield
    except KeyboardInterrupt:
        note(f"stopped; what is done is in {place}. Run the same command again to go on{how}.")
        raise typer.Exit(130) from None


def print_json(value: Any) -> None:
    """Print exactly one JSON value."""
    print(json_text(value))


def json_text(value: Any) -> str:
    """Return plain data as JSON; numbers that are not finite, which JSON lacks, become null."""
    return to_json(value)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; numbers and names alike as they are given, nothing cut."""
    table = Table(header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console(width=None if sys.stdout.isatty() else 180, highlight=False)
    console.print(title, style="bold", markup=False)
    console.print(table)
