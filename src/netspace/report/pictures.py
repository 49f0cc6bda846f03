"""Charts as PNG and SVG files, for papers and slides."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from textwrap import fill
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from netspace.documents import write_atomically
from netspace.report.chart import GREY, Chart, Series

NOTE_COLUMNS = 130
SHAPES = {"circle": "o", "diamond": "D", "square": "s", "triangle-up": "^", "x": "X", "star": "*", "cross": "P"}


def save_pictures(chart: Chart, folder: Path) -> list[Path]:
    """Write a chart as PNG (200 dots an inch) and SVG; return both paths."""
    figure = _heat_maps(chart) if chart.heat_maps else _plane(chart)
    figure.text(0.01, -0.02, fill(chart.note, NOTE_COLUMNS), fontsize=7, color="#555555", va="top")
    FigureCanvasAgg(figure)
    paths = [folder / f"{chart.name}.{suffix}" for suffix in ("png", "svg")]
    for path in paths:
        drawn, dates = BytesIO(), {"Date": None} if path.suffix == ".svg" else None
        figure.savefig(drawn, format=path.suffix[1:], dpi=200, bbox_inches="tight", metadata=dates)
        write_atomically(path, drawn.getvalue())
    return paths


def _plane(chart: Chart) -> Figure:
    figure = Figure(figsize=(7, 4.6), layout="constrained")
    axes = figure.add_subplot()
    for series in chart.series:
        _draw(axes, series)
    axes.set(title=chart.title, xlabel=chart.x, ylabel=chart.y)
    axes.set_xscale("log" if chart.log_x else "linear")
    axes.set_yscale("log" if chart.log_y else "linear")
    if chart.x_ticks:
        axes.set_xticks(list(chart.x_ticks), list(chart.x_ticks.values()))
        axes.set_xticks([], minor=True)
    for axis, title in ((axes.xaxis, chart.x), (axes.yaxis, chart.y)):
        if chart.percent and "%" in title:
            axis.set_major_formatter(PercentFormatter(1, symbol=""))
    axes.grid(alpha=0.25)
    axes.legend(fontsize=7)
    return figure


def _draw(axes: Any, series: Series) -> None:
    style = {"color": series.colour, "label": series.name, "linestyle": "--" if series.dashed else "-"}
    if series.kind == "points":
        face = series.colour if series.filled else "none"
        edge = {"facecolors": face, "edgecolors": series.colour, "linewidths": 0 if series.filled else 1}
        size, above = (10, 1) if series.colour == GREY else (26, 3)  # lines lie at 2
        edge |= {"marker": SHAPES[series.marker], "zorder": above, "label": series.name}
        axes.scatter(series.x, series.y, s=size, alpha=0.8, **edge)
    elif series.kind == "band":
        axes.fill_between(series.x, series.y, series.upper, step="post", alpha=0.15, linewidth=0, color=series.colour)
    elif series.kind == "intervals":
        axes.vlines(series.x, series.y, series.upper, colors=series.colour, label=series.name)
    elif series.kind == "steps":
        axes.step(series.x, series.y, where="post", **style)
    else:
        axes.plot(series.x, series.y, **style)


def _heat_maps(chart: Chart) -> Figure:
    rows = -(-len(chart.heat_maps) // 2)
    figure = Figure(figsize=(8, 1.7 * rows + 0.8), layout="constrained")
    figure.suptitle(chart.title, fontsize=10)
    grid = figure.subplots(rows, 2, squeeze=False)
    for axes, heat_map in zip(grid.flat, chart.heat_maps, strict=False):
        extent = (0.5, len(heat_map.values[0]) + 0.5, -0.5, len(heat_map.rows) - 0.5)
        image = axes.imshow(
            heat_map.values, origin="lower", aspect="auto", vmin=0, vmax=1, cmap="cividis", extent=extent
        )
        axes.set_title(heat_map.title, fontsize=8)
        axes.set_yticks(range(len(heat_map.rows)), heat_map.rows, fontsize=6)
        axes.tick_params(axis="x", labelsize=6)
        axes.set_xlabel(chart.x, fontsize=7)
    figure.colorbar(image, ax=list(grid.flat), shrink=0.6)
    return figure
