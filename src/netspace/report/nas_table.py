"""NAS in the Elite Spaces against NAS in the whole search space: the paper's Table 1 from a run's own rows."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from netspace.analysis import Interval, mean_share
from netspace.cost import format_amount, paper_scale
from netspace.documents import parse_yaml
from netspace.records.nas_file import NAS_FILE, read_nas
from netspace.report.chart import COLOURS, FLOPS, Chart, Series
from netspace.report.figures import hover
from netspace.report.tables import TextTable
from netspace.runs import TABLE, Run

SIDES = ("nas-elite", "nas-expanded")


@dataclass(frozen=True)
class NasCell:
    """One target and one space, over the seeds that are trained.

    Args:
        target: FLOPs.
        side: `nas-elite` or `nas-expanded` (the whole search space).
        flops: mean of the chosen networks'.
        away: mean of |FLOPs/target − 1|.
        draws: mean number of networks drawn until one lay in band.
        expected_draws: its mean expectation.
        error: mean test error over seeds with its Student t interval.
        seeds: how many.
        rows: of the store.
    """

    target: int
    side: str
    flops: float
    away: float
    draws: float
    expected_draws: float
    error: Interval
    seeds: int
    rows: list[int]


def nas_folders(folders: list[Path]) -> list[Path]:
    """Return where `netspace table` wrote, among run folders and inside them."""
    return [place for folder in folders for place in (folder, folder / TABLE) if (place / NAS_FILE).exists()]


def nas_cells(folder: Path) -> list[NasCell]:
    """Read what `netspace table` found and trained, by target and side; empty where it never ran."""
    if not (folder / NAS_FILE).exists():
        return []
    document = read_nas(folder / NAS_FILE)
    trained = {(row["population"], row["place"]): row for row in Run(folder).store().rows() if row["status"] == "ok"}
    groups: dict[tuple[int, str], list[tuple[dict[str, Any], dict[str, Any]]]] = {}
    for found in document["found"]:
        row = trained.get((found["population"], found["place"]))
        if row is not None:
            groups.setdefault((found["target"], found["side"]), []).append((found, row))
    return [_cell(target, side, pairs) for (target, side), pairs in sorted(groups.items())]


def _cell(target: int, side: str, pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> NasCell:
    flops = np.array([row["flops"] for _, row in pairs], float)
    return NasCell(
        target,
        side,
        float(flops.mean()),
        float(np.abs(flops / target - 1).mean()),
        float(np.mean([found["draws"] for found, _ in pairs])),
        float(np.mean([found["expected_draws"] for found, _ in pairs])),
        mean_share([row["test_error"] for _, row in pairs]),
        len(pairs),
        [row["id"] for _, row in pairs],
    )


def nas_charts(folder: Path) -> list[Chart]:
    """Draw the networks that NAS chose, inside the elites and in the whole space, as the paper's figures S3 and S4."""
    cells = nas_cells(folder)
    if not cells:
        return []
    document = read_nas(folder / NAS_FILE)
    rows = {row["id"]: row for row in Run(folder).store().rows()}
    series = []
    for colour, side in zip(COLOURS, SIDES, strict=False):
        chosen = [rows[i] for cell in cells if cell.side == side for i in cell.rows]
        x, y = [row["flops"] for row in chosen], [row["test_error"] for row in chosen]
        series.append(Series(f"{side} (n = {len(chosen)})", x, y, colour=colour, hover=[hover(row) for row in chosen]))
    note = f"NAS ({document['nas']['method']}), recipe {document['recipe']}, {_seeds(cells)}"
    return [Chart("nas", "Networks that NAS chose", note, FLOPS, "test error (%)", series, log_x=True, percent=True)]


def nas_tables(folder: Path) -> list[TextTable]:
    """Return the table of a run, and the published rows beside it where data set and targets are the paper's."""
    cells = nas_cells(folder)
    if not cells:
        return []
    document = read_nas(folder / NAS_FILE)
    by = {(cell.target, cell.side): cell for cell in cells}
    targets = sorted({cell.target for cell in cells})
    rows = [[format_amount(t), *(x for side in SIDES for x in _columns(by.get((t, side))))] for t in targets]
    both = [[by[t, side] for t in targets if all((t, s) in by for s in SIDES)] for side in SIDES]
    if both[0]:
        rows.append(["average", *(x for side in both for x in _average(side))])
    columns = ["target"]
    for name in ("elite", "whole"):
        columns += [f"{name} FLOPs (Δ)", f"{name} #samples (expected)", f"{name} test error (95 %)"]
    title = f"NAS ({document['nas']['method']}) in Elite Spaces and in the whole space, recipe {document['recipe']}"
    title += f", {_seeds(cells)}"
    own = TextTable(title, tuple(columns), rows)
    return [own, *_published(document, targets)]


def _seeds(cells: list[NasCell]) -> str:
    n = max(cell.seeds for cell in cells)
    return f"{n} seed{'s' if n > 1 else ''}"


def _columns(cell: NasCell | None) -> list[str]:
    if cell is None:
        return ["", "", ""]
    error = cell.error
    return [
        f"{format_amount(cell.flops)} ({cell.away:.1%})",
        f"{cell.draws:.1f} ({cell.expected_draws:.1f})",
        f"{error.value:.2%}" + (f" ({error.low:.2%}…{error.high:.2%})" if cell.seeds > 1 else ""),
    ]


def _average(cells: list[NasCell]) -> list[str]:
    values = np.array([(c.away, c.draws, c.expected_draws, c.error.value) for c in cells])
    away, draws, expected, error = values.mean(axis=0)
    return [f"({away:.1%})", f"{draws:.1f} ({expected:.1f})", f"{error:.2%}"]


def _published(document: dict[str, Any], targets: list[int]) -> list[TextTable]:
    """Return the paper's rows of the same data set and targets, whose space is `expanded` at 32×32.

    At another image size the same networks cost in proportion to its pixels; their errors are those of 32×32.
    """
    name, size = Path(document["dataset"]).name.lower().replace("-", ""), document["image_size"]
    if document["search_space"] != "expanded":
        return []
    scale = paper_scale(size)
    text = (resources.files("netspace") / "report/published/hong2021.yaml").read_text(encoding="utf-8")
    published = parse_yaml(text, "hong2021.yaml")
    rows = [
        [format_amount(row["target"]), *(x for side in ("elite", "expanded") for x in _published_columns(row[side]))]
        for row in published.get(name, [])
        if round(row["target"] * scale) in targets
    ]
    columns = ("target", "elite FLOPs (Δ)", "#samples", "error", "whole FLOPs (Δ)", "#samples", "error")
    title = f"Published, with another recipe: {published['source']}"
    title += "" if scale == 1 else f"; at 32×32, where the same networks cost {1 / scale:.4g} times as much"
    return [TextTable(title, columns, rows)] if rows else []


def _published_columns(cell: dict[str, float]) -> list[str]:
    return [f"{format_amount(cell['flops'])} ({cell['away']} %)", f"{cell['samples']}", f"{cell['error']:.2f} %"]
