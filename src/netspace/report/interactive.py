"""Charts for the page: plotly figures that follow the reader's width and light or dark setting."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from netspace.names import in_plotly
from netspace.report.chart import GREY, Chart, HeatMap, Series


def to_plotly(chart: Chart) -> Any:
    """Return a chart as a plotly figure."""
    return _heat_maps(chart) if chart.heat_maps else _plane(chart)


def _plane(chart: Chart) -> Any:
    figure = go.Figure()
    for series in chart.series:
        for trace in _traces(series):
            figure.add_trace(trace)
    figure.update_xaxes(title=in_plotly(chart.x), type="log" if chart.log_x else "linear")
    if chart.x_ticks:
        figure.update_xaxes(tickvals=list(chart.x_ticks), ticktext=[*map(in_plotly, chart.x_ticks.values())])
    figure.update_yaxes(title=in_plotly(chart.y), type="log" if chart.log_y else "linear")
    if chart.percent:
        (figure.update_xaxes if "%" in chart.x else figure.update_yaxes)(tickformat=".1%")
        if "%" in chart.x and "%" in chart.y:
            figure.update_yaxes(tickformat=".1%")
    return figure.update_layout(**_layout(), height=480)


def _traces(series: Series) -> list[Any]:
    name = in_plotly(series.name)
    line = {"color": series.colour, "dash": "dash" if series.dashed else "solid"}
    if series.kind == "points":
        background = series.colour == GREY
        marker: dict[str, Any] = {"color": series.colour, "symbol": series.marker + ("" if series.filled else "-open")}
        marker |= {"size": 6, "opacity": 0.6} if background else {"size": 9, "opacity": 0.85}
        text = "%{text}<extra></extra>" if series.hover else None
        return [
            go.Scatter(
                x=series.x,
                y=series.y,
                name=name,
                mode="markers",
                marker=marker,
                text=[_lines(text) for text in series.hover] or None,
                hovertemplate=text,
            )
        ]
    if series.kind == "band":
        edge = {"mode": "lines", "line": {"width": 0, "shape": "hv"}, "showlegend": False, "hoverinfo": "skip"}
        return [
            go.Scatter(x=series.x, y=series.y, **edge),
            go.Scatter(x=series.x, y=series.upper, fill="tonexty", fillcolor=_faint(series.colour), name=name, **edge),
        ]
    if series.kind == "intervals":  # a gap behind each of them
        x = [at for one in series.x for at in (one, one, None)]
        y = [at for ends in zip(series.y, series.upper, strict=True) for at in (*ends, None)]
        return [go.Scatter(x=x, y=y, name=name, mode="lines", line=line, hoverinfo="skip")]
    line["shape"] = "hv" if series.kind == "steps" else "linear"
    return [go.Scatter(x=series.x, y=series.y, name=name, mode="lines", line=line)]


def _lines(text: str) -> str:
    return "<br>".join(map(in_plotly, text.split("\n")))


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"


def _heat_maps(chart: Chart) -> Any:
    columns = 2
    rows = -(-len(chart.heat_maps) // columns)
    titles = [in_plotly(heat_map.title) for heat_map in chart.heat_maps]
    figure = make_subplots(rows, columns, subplot_titles=titles, vertical_spacing=0.35 / rows, horizontal_spacing=0.2)
    for k, heat_map in enumerate(chart.heat_maps):
        figure.add_trace(_heat_map(heat_map), row=k // columns + 1, col=k % columns + 1)
        figure.update_xaxes(title=in_plotly(chart.x), row=k // columns + 1, col=k % columns + 1)
    figure.update_yaxes(tickfont={"size": 11})
    figure.update_layout(**_layout(), height=190 * rows + 120)
    bar = {"thickness": 10, "xpad": 4}
    return figure.update_layout(coloraxis={"colorscale": "Cividis", "cmin": 0, "cmax": 1, "colorbar": bar})


def _heat_map(heat_map: HeatMap) -> Any:
    epochs = list(range(1, len(heat_map.values[0]) + 1))
    template = "epoch %{x}, %{y}: %{z:.3f}<extra></extra>"
    rows = [*map(in_plotly, heat_map.rows)]
    return go.Heatmap(x=epochs, y=rows, z=heat_map.values, coloraxis="coloraxis", hovertemplate=template)


def _layout() -> dict[str, Any]:
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 13},
        "margin": {"l": 60, "r": 16, "t": 40, "b": 60},
        "legend": {"orientation": "h", "y": -0.22, "traceorder": "normal"},
        "showlegend": True,
        "hovermode": "closest",
    }
