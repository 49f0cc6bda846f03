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
from rich.text import Text

from netspace.documents import to_json
from netspace.errors import UnfinishedError
from netspace.names import shown


def note(text: str) -> None:
    """Say one line beside the result; names in it are shown as they are."""
    print(shown(text), file=sys.stderr, flush=True)


def say(text: object) -> None:
    """Print one line of the result for people; names in it are shown as they are."""
    print(shown(text))


def tell(what: str, done: int, total: int) -> None:
    """Say beside the result how far a count has come: every tenth and the last."""
    if done % 10 == 0 or done == total:
        note(f"{what} {done}/{total}")


@contextmanager
def resumable(place: Path, how: str = "") -> Iterator[None]:
    """End with exit code 130 on Ctrl-C, and say where the work is and that the same command goes on with it.

    Work of which a part is missing ends with exit code 1 and says what, in one line.

    Args:
        place: folder or file that holds what is done.
        how: what to add, as ` from its last epoch`.
    """
    try:
        yield
    except KeyboardInterrupt:
        note(f"stopped; what is done is in {place}. Run the same command again to go on{how}.")
        raise typer.Exit(130) from None
    except UnfinishedError as error:
        note(f"error: {' '.join(str(error).split())}")
        raise typer.Exit(1) from None


def print_json(value: Any) -> None:
    """Print exactly one JSON value."""
    print(json_text(value))


def json_text(value: Any) -> str:
    """Return plain data as JSON; numbers that are not finite, which JSON lacks, become null."""
    return to_json(value)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; numbers and names alike as they are given, nothing cut and nothing read as markup."""
    table = Table(header_style="bold")
    for column in columns:
        table.add_column(Text(shown(column)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    console = Console(width=None if sys.stdout.isatty() else 180, highlight=False)
    console.print(Text(shown(title)), style="bold")
    console.print(table)


KINDS = {"flops": "FLOPs"}  # how kinds of cost are written; others as they are


def per_stage(knob: str) -> str:
    """Return the heading of a column that shows a knob."""
    return "image size" if knob == "image_size" else f"{knob.replace('_', ' ')} per stage"
