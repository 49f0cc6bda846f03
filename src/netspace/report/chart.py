"""A chart as plain data, so that the page and the picture files are drawn from one description."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

# Okabe and Ito (2008): told apart by readers with any kind of colour vision; grey is for what is background.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
GREY = "#888888"
FLOPS = "FLOPs (multiply-adds)"
Marker = Literal["circle", "diamond", "square", "triangle-up", "x", "star", "cross"]
MARKERS: tuple[Marker, ...] = ("circle", "diamond", "square", "triangle-up", "x", "star", "cross")


@dataclass(frozen=True)
class Series:
    """Points, a line, steps, a band, or intervals.

    Args:
        name: in the legend.
        x: values along the axis.
        y: values, as many as x.
        kind: how it is drawn; a band, and the interval at each x, reaches from `y` to `upper`.
        colour: hexadecimal.
        upper: the other end of a band or of intervals.
        hover: per point what is shown under the pointer, in lines.
        dashed: for lines and steps.
        marker: shape of points, so that colour alone tells nothing apart.
        filled: whether points are filled or open.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    kind: Literal["points", "line", "steps", "band", "intervals"] = "points"
    colour: str = GREY
    upper: Sequence[float] = ()
    hover: Sequence[str] = ()
    dashed: bool = False
    marker: Marker = "circle"
    filled: bool = True


@dataclass(frozen=True)
class HeatMap:
    """A matrix of numbers from 0 to 1.

    Args:
        title: above it.
        rows: names of its rows, from the bottom.
        values: one list per row, one number per column; columns are epochs.
    """

    title: str
    rows: Sequence[str]
    values: Sequence[Sequence[float]]


@dataclass(frozen=True)
class Chart:
    """One figure.

    Args:
        name: of its files.
        title: above it.
        note: below it: n, recipe, seeds.
        x: title of the horizontal axis, with the unit.
        y: title of the vertical axis, with the unit.
        series: what is drawn, the background first.
        heat_maps: drawn in a grid instead of series.
        x_ticks: where the horizontal axis is marked, and what with; empty leaves it to the drawing.
        log_x: logarithmic axis.
        log_y: logarithmic axis.
        percent: error rates shown as percent.
    """

    name: str
    title: str
    note: str
    x: str
    y: str
    series: list[Series] = field(default_factory=list)
    heat_maps: list[HeatMap] = field(default_factory=list)
    x_ticks: dict[float, str] = field(default_factory=dict)
    log_x: bool = False
    log_y: bool = False
    percent: bool = False
