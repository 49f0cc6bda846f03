"""The command `netspace results`, and how an evaluation is printed: its populations, and how they compare."""

from __future__ import annotations

import csv
import sys
from dataclasses import asdict
from io import BytesIO, StringIO
from json import loads
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from netspace.cli.options import Near
from netspace.cli.output import json_text, print_json, print_table
from netspace.documents import write_atomically
from netspace.errors import NetspaceError
from netspace.records import NetworkStore, Population


def results_command(
    folder: Annotated[Path, typer.Argument(help="Run folder of an evaluation.", metavar="DIR")],
    format: Annotated[Literal["table", "json", "csv", "parquet"], typer.Option(help="Parquet needs --out.")] = "table",
    out: Annotated[Path | None, typer.Option(help="File to write; default: stdout.")] = None,
    near: Near = 1.0,
) -> None:
    """Show or export an evaluation's networks, one row each."""
    store = NetworkStore(folder)
    rows = _without_none(store.rows())
    if not rows:
        raise NetspaceError(f"{store.file} holds no networks yet; run its `netspace evaluate` again to its end")
    if format == "table" and out is None:
        print_evaluation(folder, near)
        return
    if out is None and format != "parquet":
        sys.stdout.write(json_text(rows) + "\n" if format == "json" else _csv(rows))
        return
    if out is None or format == "table":
        raise NetspaceError(
            "--format parquet writes a file; name it with --out"
            if out is None
            else "--out writes networks as csv, json or parquet; name one with --format"
        )
    write_atomically(out, _parquet(rows) if format == "parquet" else _csv(rows) if format == "csv" else json_text(rows))


def _without_none(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave the further knobs out where no network has any."""
    if any(row["knobs"] for row in rows):
        return rows
    return [{key: value for key, value in row.items() if key != "knobs"} for row in rows]


def _csv(rows: list[dict[str, Any]]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    content = BytesIO()
    plain = [{**row, "knobs": json_text(row["knobs"])} if "knobs" in row else row for row in rows]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(plain), content)
    return content.getvalue()


def print_evaluation(folder: Path, near: float = 1.0, *, json: bool = False) -> None:
    """Print an evaluation's populations and how they compare.

    Args:
        folder: of the evaluation.
        near: points of test error above the front that still count as near it.
        json: print one JSON value.
    """
    from netspace.analysis import compare_all, summarise
    from netspace.report import answer, evaluation_tables, gather, standings

    material = gather([folder], near=near / 100)
    if not json:
        for table in evaluation_tables(material):
            print_table(table.title, table.columns, table.rows)
        print(*map(_printable, answer(material)), sep="\n")
        return
    errors = material.errors()
    print_json(
        {
            "populations": [
                {**_fields(material.population(s.name)), "n": s.n}
                | {"mean": s.mean._asdict(), "median": s.median._asdict()}
                for s in summarise(errors)
            ],
            "standings": [standing.to_plain() for standing in standings(material)],
            "comparisons": [
                {"a": a, "b": b, "beats": c.beats._asdict(), "p": c.mann_whitney_p, "p_holm": p}
                for a, b, c, p in compare_all(errors, material.pairs())
            ],
            "answer": answer(material),
            "networks": _without_none(NetworkStore(folder).rows()),
        }
    )


def _printable(line: str) -> str:
    """Return a line with what would steer a terminal written out, since names of folders are in it."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


def _fields(population: Population) -> dict[str, Any]:
    """Return what a population is, its budget as text beside its parts, its space as data."""
    plain = asdict(population)
    return {**plain, "budget": population.budget, "space": loads(population.space) if population.space else None}
