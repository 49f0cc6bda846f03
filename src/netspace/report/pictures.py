"""Charts as PNG and SVG files, for papers and slides."""

from __future__ import annotations

import warnings
from functools import partial
from io import BytesIO
from pathlib import Path
from textwrap import fill
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from netspace.documents import write_atomically
from netspace.names import in_matplotlib
from netspace.report.chart import GREY, Chart, Series

NOTE_COLUMNS = 130
INSIDE = 8  # entries of a legend; of more it would hide what is drawn, and stands beside it
SHAPES = {"circle": "o", "diamond": "D", "square": "s", "triangle-up": "^", "x": "X", "star": "*", "cross": "P"}


def save_pictures(chart: Chart, folder: Path) -> list[Path]:
    """Write a chart as PNG (200 dots an inch) and SVG; return both paths."""
    figure = _heat_maps(chart) if chart.heat_maps else _plane(chart)
    figure.text(0.01, -0.02, fill(in_matplotlib(chart.note), NOTE_COLUMNS), fontsize=7, color="#555555", va="top")
    FigureCanvasAgg(figure)
    paths = [folder / f"{chart.name}.{suffix}" for suffix in ("png", "svg")]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a letter that the font lacks is drawn as a box
        for path in paths:
            drawn, dates = BytesIO(), {"Date": None} if path.suffix == ".svg" else None
            figure.savefig(drawn, format=path.suffix[1:], dpi=200, bbox_inches="tight", metadata=dates)
            write_atomically(path, drawn.getvalue())
    return paths


def _plane(chart: Chart) -> Figure:
    figure = Figure(figsize=(7, 4.6), layout="constrained")
    axes = figure.add_subplot()
    drawn = [(series.name, _draw(axes, series)) for series in chart.series]
    title, x, y = map(in_matplotlib, (chart.title, chart.x, chart.y))
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.set_xscale("log" if chart.log_x else "linear")
    axes.set_yscale("log" if chart.log_y else "linear")
    if chart.x_ticks:
        axes.set_xticks(list(chart.x_ticks), [*map(in_matplotlib, chart.x_ticks.values())])
        axes.set_xticks([], minor=True)
    for axis, title in ((axes.xaxis, chart.x), (axes.yaxis, chart.y)):
        if chart.percent and "%" in title:
            axis.set_major_formatter(PercentFormatter(1, symbol=""))
    axes.grid(alpha=0.25)
    _legend(axes, [(name, artist) for name, artist in drawn if artist is not None])
    return figure


def _legend(axes: Any, named: list[tuple[str, Any]]) -> None:
    """Name what is drawn; the texts are set afterwards, since a label that begins with an underscore is left out."""
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1)} if len(named) > INSIDE else {}
    legend = axes.legend([artist for _, artist in named], ["-"] * len(named), fontsize=7, **place)
    for text, (name, _) in zip(legend.get_texts(), named, strict=True):
        text.set_text(in_matplotlib(name))


def _draw(axes: Any, series: Series) -> Any:
    """Draw a series and return what stands for it in the legend, None for a band."""
    style = {"color": series.colour, "linestyle": "--" if series.dashed else "-"}
    if series.kind == "points":
        face = series.colour if series.filled else "none"
        edge = {"facecolors": face, "edgecolors": series.colour, "linewidths": 0 if series.filled else 1}
        size, above = (10, 1) if series.colour == GREY else (26, 3)  # lines lie at 2
        edge |= {"marker": SHAPES[series.marker], "zorder": above}
        return axes.scatter(series.x, series.y, s=size, alpha=0.8, **edge)
    if series.kind == "band":
        axes.fill_between(series.x, series.y, series.upper, step="post", alpha=0.15, linewidth=0, color=series.colour)
        return None
    if series.kind == "intervals":
        return axes.vlines(series.x, series.y, series.upper, colors=series.colour)
    draw = partial(axes.step, where="post") if series.kind == "steps" else axes.plot
    (line,) = draw(series.x, series.y, **style)
    return line


def _heat_maps(chart: Chart) -> Figure:
    rows = -(-len(chart.heat_maps) // 2)
    figure = Figure(figsize=(8, 1.7 * rows + 0.8), layout="constrained")
    figure.suptitle(in_matplotlib(chart.title), fontsize=10)
    grid = figure.subplots(rows, 2, squeeze=False)
    for axes, heat_map in zip(grid.flat, chart.heat_maps, strict=False):
        extent = (0.5, len(heat_map.values[0]) + 0.5, -0.5, len(heat_map.rows) - 0.5)
        image = axes.imshow(
            heat_map.values, origin="lower", aspect="auto", vmin=0, vmax=1, cmap="cividis", extent=extent
        )
        axes.set_title(in_matplotlib(heat_map.title), fontsize=8)
        axes.set_yticks(range(len(heat_map.rows)), [*map(in_matplotlib, heat_map.rows)], fontsize=6)
        axes.tick_params(axis="x", labelsize=6)
        axes.set_xlabel(in_matplotlib(chart.x), fontsize=7)
    figure.colorbar(image, ax=list(grid.flat), shrink=0.6)
    return figure
