"""A table as text for other programs: Markdown, CSV, LaTeX."""

from __future__ import annotations

import csv
import io

from netspace.names import in_latex, in_markdown
from netspace.report.tables import TextTable


def to_markdown(table: TextTable) -> str:
    """Return a Markdown table below its title."""
    lines = [f"**{in_markdown(table.title)}**", "", _line(table.columns), _line(["---"] * len(table.columns))]
    return "\n".join([*lines, *(_line(row) for row in table.rows)]) + "\n"


def to_csv(table: TextTable) -> str:
    """Return comma-separated values, the columns' names first; every text exactly as it is."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return stream.getvalue()


def to_latex(table: TextTable) -> str:
    """Return a LaTeX tabular with its title as caption; it needs the package booktabs."""
    rows = [_escaped(table.columns), r"\midrule", *(_escaped(row) for row in table.rows)]
    start = [r"\begin{table}", rf"\caption{{{in_latex(table.title)}}}"]
    start += [rf"\begin{{tabular}}{{{'l' * len(table.columns)}}}", r"\toprule"]
    return "\n".join([*start, *rows, r"\bottomrule", r"\end{tabular}", r"\end{table}"]) + "\n"


TEXTS = {"markdown": to_markdown, "csv": to_csv, "latex": to_latex}


def _line(cells: object) -> str:
    assert isinstance(cells, (list, tuple))
    return "| " + " | ".join(map(in_markdown, cells)) + " |"


def _escaped(row: object) -> str:
    assert isinstance(row, (list, tuple))
    return " & ".join(map(in_latex, row)) + r" \\"
