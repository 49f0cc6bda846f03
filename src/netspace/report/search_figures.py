"""From a search's log to charts."""

from __future__ import annotations

from typing import Any

from netspace.report.chart import COLOURS, FLOPS, Chart, HeatMap, Series
from netspace.report.material import Material
from netspace.runs import Run
from netspace.spaces.architecture import MOST_STAGES


def search_charts(material: Material) -> list[Chart]:
    """Draw the search: expected cost and entropy of each Θ, Θ itself, and the exposure of channels and blocks.

    Each kind of cost has a chart of its own.

    An estimator without Θ leaves the super network's loss and the exposure.
    """
    epochs = material.epochs
    x, budgets = [record["epoch"] for record in epochs], list(epochs[-1]["budgets"])
    warmup = sum(record["warmup"] for record in epochs)
    note = f"{len(epochs)} epochs, of them {warmup} warm-up"
    targets = {str(elite.budget): elite.budget.target for elite in material.elites}
    costs: dict[str, list[Series]] = {}
    entropy = []
    for i, name in enumerate(budgets):
        colour = COLOURS[i % len(COLOURS)]
        states = [record["budgets"][name] for record in epochs]
        cost = costs.setdefault(_kind(name), [])
        cost.append(Series(f"E[{_kind(name)}], {name}", x, [s["expected_cost"] for s in states], "line", colour))
        if name in targets:
            cost.append(Series(f"target {name}", [x[0], x[-1]], [targets[name]] * 2, "line", colour, dashed=True))
        entropy.append(Series(name, x, [s["entropy"] for s in states], "line", colour))
    if not budgets:
        return [_loss(x, epochs, note), _exposure(epochs, note)]
    charts = [
        Chart(
            *(f"expected-{kind.lower()}", f"Expected {kind} under Θ", note, "epoch"),
            *(FLOPS if kind == "FLOPs" else kind, cost),
            log_y=True,
        )
        for kind, cost in costs.items()
    ]
    charts.append(Chart("entropy", "Entropy of Θ", note, "epoch", "entropy (nats)", entropy))
    charts += [_theta(name, epochs, note, _axes(material)) for name in budgets]
    return [*charts, _exposure(epochs, note)]


def _loss(x: list[int], epochs: list[dict[str, Any]], note: str) -> Chart:
    series = [Series("training", x, [record["loss"] for record in epochs], "line", COLOURS[0])]
    return Chart("loss", "Cross-entropy of the super network's sub-networks", note, "epoch", "cross-entropy", series)


def _kind(budget: str) -> str:
    kind, equals, _ = budget.partition("=")
    return kind if equals else "FLOPs"


def _axes(material: Material) -> list[str]:
    """Return the names of the axes of the space that was searched, in their order.

    Without its config: those of basic blocks.
    """
    spaces = [Run(folder).stored_space for folder in material.folders if Run(folder).log]
    if spaces[-1] is None:
        return [f"stage {i + 1} {knob}" for i in range(MOST_STAGES) for knob in ("depth", "width")]
    return [
        axis.name if axis.stage is None else f"stage {axis.stage + 1} {axis.knob.replace('_', ' ')}"
        for axis in spaces[-1].grid.axes
    ]


def _theta(name: str, epochs: list[dict[str, Any]], note: str, names: list[str]) -> Chart:
    axes = [record["budgets"][name]["probabilities"] for record in epochs]
    maps = []
    for k in range(len(axes[0])):
        rows = [f"range {r + 1}" for r in range(len(axes[0][k]))]
        values = [[record[k][r] for record in axes] for r in range(len(rows))]
        maps.append(HeatMap(names[k], rows, values))
    title = f"Probability of each range under Θ, budget {name}"
    return Chart(f"theta-{name}", title, note, "epoch", "range, from the smallest", heat_maps=maps)


def _exposure(epochs: list[dict[str, Any]], note: str) -> Chart:
    maps = []
    for i in range(len(epochs[0]["exposure"])):
        for kind in ("blocks", "channels"):
            shares = [record["exposure"][i][kind] for record in epochs]
            rows = [f"{'block' if kind == 'blocks' else 'range'} {r + 1}" for r in range(len(shares[0]))]
            maps.append(HeatMap(f"stage {i + 1} {kind}", rows, [[s[r] for s in shares] for r in range(len(rows))]))
    title = "Exposure: share of training steps in which each block and each width range's channels were on"
    return Chart("exposure", title, note, "epoch", "block, or width range", heat_maps=maps)
