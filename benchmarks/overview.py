"""The picture at the top of the README: networks of three budgets, drawn from the whole space and from Elite Spaces.

    python benchmarks/overview.py

Every dot is a training of `results/proof16_c10.csv` or `results/truth16_c10.csv`. Text is grey and the ground is left
out, so that the picture can be read on a light and on a dark page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from trainings import read_rows

from netspace.report.chart import COLOURS, GREY

RESULTS = Path("benchmarks/results")
BUDGETS = ("2.5M", "5M", "10M")
OUT = Path("docs/figures/overview.svg")
TEXT = "#7d7d7d"  # at least 4:1 on white and on near black
APART = 2.6  # from budget to budget, where a population takes 1


def main() -> None:
    """Draw the picture."""
    rows = read_rows(RESULTS / "proof16_c10.csv") + read_rows(RESULTS / "truth16_c10.csv")
    mpl.rcParams.update({"svg.hashsalt": "netspace", "font.size": 10})
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for i, text in enumerate(reversed(BUDGETS)):
        groups = {f"elite {text} of seed 0": ("Elite Space", COLOURS[0]), text: ("whole search space", GREY)}
        for k, (group, (name, colour)) in enumerate(groups.items()):
            errors = np.array([100 * float(row["unseen_error"]) for row in rows if row["group"] == group])
            assert len(errors), group
            place = APART * i - k
            draw(axes, place, errors, colour)
            axes.text(-0.02, place, f"{name} ({len(errors)})", transform=axes.get_yaxis_transform(), **SIDE)
        bold = text.replace(".", "{.}")
        axes.text(-0.02, APART * i + 0.62, f"$\\bf{{{bold}}}$ FLOPs", transform=axes.get_yaxis_transform(), **SIDE)
    style(axes)
    figure.savefig(OUT, transparent=True, metadata={"Date": None})
    print(OUT)


SIDE: dict[str, Any] = {"ha": "right", "va": "center", "color": TEXT}


def draw(axes: Any, place: float, errors: np.ndarray[Any, Any], colour: str) -> None:
    """Draw a population as dots, spread where they lie close, and its mean as a line."""
    order = np.argsort(errors)
    spread = np.empty(len(errors))
    spread[order] = 0.24 * np.sin(2.4 * np.arange(len(errors)))  # an irrational step: neighbours lie apart
    axes.scatter(errors, place + spread, s=24, color=colour, alpha=0.75, linewidths=0, zorder=3)
    axes.vlines(errors.mean(), place - 0.36, place + 0.36, color=COLOURS[1], linewidth=2, zorder=4)
    axes.text(errors.mean() + 0.12, place + 0.3, f"{errors.mean():.1f} %", color=COLOURS[1], va="bottom")


def style(axes: Any) -> None:
    """Leave one axis, the error."""
    axes.set(ylim=(-1.5, APART * (len(BUDGETS) - 1) + 1.0), yticks=[])
    axes.set_xlabel("error on unseen images (%), CIFAR-10 at 16×16; every dot is a trained network")
    axes.xaxis.label.set_color(TEXT)
    axes.tick_params(colors=TEXT)
    axes.grid(axis="x", color=TEXT, alpha=0.25)
    for name, spine in axes.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color(TEXT)


if __name__ == "__main__":
    main()
