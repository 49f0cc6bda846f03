"""The picture at the top of the README: networks of one budget, drawn from the whole space and from an Elite Space.

    python benchmarks/overview.py

Every dot is a row of `results/c10_16_evaluation_2.5M.csv`; the hit rates are counted. Text is grey and the ground is
left out, so that the picture can be read on a light and on a dark page.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from netspace import EliteSpace, load_elite, load_search_space
from netspace.report.chart import COLOURS, GREY

RESULTS = Path("benchmarks/results")
EVALUATION, ELITE = RESULTS / "c10_16_evaluation_2.5M.csv", RESULTS / "c10_16" / "elite-2.5M.yaml"
OUT = Path("docs/figures/overview.svg")
TEXT = "#7d7d7d"  # at least 4:1 on white and on near black


def main() -> None:
    """Draw the picture."""
    elite, rows = load_elite(ELITE), list(csv.DictReader(EVALUATION.read_text().splitlines()))
    whole = elite.budget.band(load_search_space(elite.provenance.search_space).full, elite.template)
    mpl.rcParams.update({"svg.hashsalt": "netspace", "font.size": 10})
    figure = Figure(figsize=(8, 2.9), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for place, (name, hit_rate, colour) in enumerate(
        [(f"elite-{elite.budget}", elite.candidates[0].hit_rate, COLOURS[0]), ("expanded-2.5M", whole.hit_rate, GREY)]
    ):
        errors = np.array([float(row["test_error"]) for row in rows if row["population"] == name])
        assert len(errors), name
        draw(axes, place, 100 * errors, colour)
        label(axes, place, "Elite Space" if place == 0 else "whole search space", len(errors), hit_rate)
    style(axes, elite)
    figure.savefig(OUT, transparent=True, metadata={"Date": None})
    print(OUT)


def draw(axes: Any, place: int, errors: np.ndarray[Any, Any], colour: str) -> None:
    """Draw a population as dots, spread where they lie close, and its mean as a line."""
    order = np.argsort(errors)
    spread = np.empty(len(errors))
    spread[order] = 0.26 * np.sin(2.4 * np.arange(len(errors)))  # an irrational step: neighbours lie apart
    axes.scatter(errors, place + spread, s=26, color=colour, alpha=0.75, linewidths=0, zorder=3)
    axes.vlines(errors.mean(), place - 0.38, place + 0.38, color=COLOURS[1], linewidth=2, zorder=4)
    axes.text(errors.mean() + 0.12, place + 0.4, f"mean {errors.mean():.1f} %", color=COLOURS[1], va="bottom")


def label(axes: Any, place: int, name: str, n: int, hit_rate: float) -> None:
    """Name a row: what was drawn from, and how many of its networks meet the budget."""
    bold = name.replace(" ", r"\ ")
    text = f"$\\bf{{{bold}}}$\n{hit_rate:.1%} of its networks\nmeet the budget\n{n} of them trained"
    axes.text(-0.02, place, text, transform=axes.get_yaxis_transform(), ha="right", va="center", color=TEXT)


def style(axes: Any, elite: EliteSpace) -> None:
    """Leave one axis, the error."""
    axes.set(ylim=(-0.55, 1.75), yticks=[])
    size = elite.template.image_size
    axes.set_xlabel(f"test error (%), CIFAR-10 at {size}×{size}, every network within 10 % of {elite.budget} FLOPs")
    axes.xaxis.label.set_color(TEXT)
    axes.tick_params(colors=TEXT)
    axes.grid(axis="x", color=TEXT, alpha=0.25)
    for name, spine in axes.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color(TEXT)


if __name__ == "__main__":
    main()
