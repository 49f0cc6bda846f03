"""From a run's records to charts."""

from __future__ import annotations

from typing import Any

import numpy as np

from netspace.analysis import edf_band, error_edf, pareto_front
from netspace.cost import format_amount
from netspace.records import split_population
from netspace.report.chart import COLOURS, GREY, Chart, HeatMap, Series
from netspace.report.material import Material

FLOPS = "FLOPs (multiply-adds)"


def all_charts(material: Material) -> list[Chart]:
    """Return every chart that the material has data for."""
    charts = [*error_against_flops(material), *error_distributions(material), *fidelity_scatter(material)]
    return charts + (search_charts(material) if material.epochs else [])


def hover(row: dict[str, Any]) -> str:
    """Return what is shown under the pointer at a network: where it is in the store, its depths, widths, costs."""
    costs = ", ".join(f"{format_amount(row[kind])} {kind}" for kind in ("flops", "params", "activations"))
    place = f"{row['population']} #{row['place']} (row {row['id']})"
    return f"{place}<br>d={row['depth']} w={row['width']}<br>{costs}<br>test error {row['test_error']:.2%}"


def _note(material: Material, n: int) -> str:
    recipes = sorted({str(e.get("recipe", {}).get("name")) for e in material.evaluations})
    seeds = sorted({str(e.get("seed")) for e in material.evaluations})
    return f"n = {n} networks, recipe {', '.join(recipes) or 'of the gate'}, seed {', '.join(seeds) or '0'}"


def error_against_flops(material: Material) -> list[Chart]:
    """Draw each elite's networks over the cloud of all others and the front of them all (the paper's S3 and S4)."""
    populations = material.populations()
    if not populations:
        return []
    elites = {name: rows for name, rows in populations.items() if split_population(name)[0] == "elite"}
    cloud = [row for name, rows in populations.items() if name not in elites for row in rows]
    everything = [row for rows in populations.values() for row in rows]
    series = [_points("baselines in band", cloud, GREY)] if cloud else []
    on = pareto_front([r["flops"] for r in everything], [r["test_error"] for r in everything])
    front = sorted((r["flops"], r["test_error"]) for r, kept in zip(everything, on, strict=True) if kept)
    x, y = ([point[k] for point in front] for k in (0, 1))
    series.append(Series("Pareto front of all", x, y, "line", GREY, dashed=True))
    series += [_points(name, rows, COLOURS[i % len(COLOURS)]) for i, (name, rows) in enumerate(sorted(elites.items()))]
    note = _note(material, len(everything))
    title = "Error against FLOPs"
    return [Chart("error-flops", title, note, FLOPS, "test error (%)", series, log_x=True, percent=True)]


def _points(name: str, rows: list[dict[str, Any]], colour: str) -> Series:
    x, y = [r["flops"] for r in rows], [r["test_error"] for r in rows]
    return Series(f"{name} (n = {len(rows)})", x, y, colour=colour, hover=[hover(r) for r in rows])


def error_distributions(material: Material) -> list[Chart]:
    """Draw, per budget, the error EDFs of the elite and its baselines with bootstrap bands."""
    charts = []
    populations = {name: rows for name, rows in material.populations().items() if len(rows) > 1}
    for budget in sorted({split_population(name)[1] for name in populations}):
        names = sorted(
            (n for n in populations if split_population(n)[1] == budget),
            key=lambda n: (split_population(n)[0] != "elite", n),
        )
        series = []
        for i, name in enumerate(names):
            errors, colour = np.array([row["test_error"] for row in populations[name]]), COLOURS[i % len(COLOURS)]
            edf = error_edf(errors)
            low, high = edf_band(errors, edf.error, rng=np.random.default_rng(0))
            x = edf.error.tolist()
            label = f"{name} (n = {len(errors)})"
            series.append(Series(f"{name} 95 %", x, low.tolist(), kind="band", colour=colour, upper=high.tolist()))
            series.append(Series(label, x, edf.share.tolist(), kind="steps", colour=colour))
        note = _note(material, sum(len(populations[name]) for name in names)) + "; bands: pointwise bootstrap, 95 %"
        title = f"Share of networks with at most this error, budget {budget}"
        charts.append(Chart(f"edf-{budget}", title, note, "test error (%)", "share of networks", series, percent=True))
    return charts


def fidelity_scatter(material: Material) -> list[Chart]:
    """Draw the super network's score against the stand-alone error, a colour per band."""
    networks = material.fidelity.get("networks", [])
    if not networks:
        return []
    bands = sorted({n["band"] for n in networks if n["band"] is not None})
    series = []
    for i, band in enumerate([None, *bands]):
        chosen = [n for n in networks if n["band"] == band]
        x, y = [n["scores"]["super network"] for n in chosen], [n["validation_error"] for n in chosen]
        name = f"{band or 'across all costs'} (n = {len(chosen)})"
        texts = [f"{n['population']} #{n['place']}" for n in chosen]
        series.append(Series(name, x, y, colour=COLOURS[(i - 1) % len(COLOURS)] if band else GREY, hover=texts))
    note = f"n = {len(networks)} networks, each trained once from scratch"
    y_title = "stand-alone validation error (%)"
    x_title = "super network's held-out error (%)"
    return [Chart("fidelity", "Fidelity of the super network", note, x_title, y_title, series, percent=True)]


def search_charts(material: Material) -> list[Chart]:
    """Draw the search: expected FLOPs and entropy of each Θ, Θ itself, and the exposure of channels and blocks."""
    epochs = material.epochs
    x, budgets = [record["epoch"] for record in epochs], list(epochs[-1]["budgets"])
    warmup = sum(record["warmup"] for record in epochs)
    note = f"{len(epochs)} epochs, of them {warmup} warm-up"
    targets = {str(elite.budget): elite.budget.target for elite in material.elites}
    cost, entropy = [], []
    for i, name in enumerate(budgets):
        colour = COLOURS[i % len(COLOURS)]
        states = [record["budgets"][name] for record in epochs]
        cost.append(Series(f"E[FLOPs], {name}", x, [s["expected_cost"] for s in states], "line", colour))
        if name in targets:
            cost.append(Series(f"target {name}", [x[0], x[-1]], [targets[name]] * 2, "line", colour, dashed=True))
        entropy.append(Series(name, x, [s["entropy"] for s in states], "line", colour))
    charts = [
        Chart("expected-flops", "Expected FLOPs under Θ", note, "epoch", FLOPS, cost, log_y=True),
        Chart("entropy", "Entropy of Θ", note, "epoch", "entropy (nats)", entropy),
    ]
    charts += [_theta(name, epochs, note) for name in budgets]
    return [*charts, _exposure(epochs, note)]


def _theta(name: str, epochs: list[dict[str, Any]], note: str) -> Chart:
    axes = [record["budgets"][name]["probabilities"] for record in epochs]
    maps = []
    for k in range(len(axes[0])):
        rows = [f"range {r + 1}" for r in range(len(axes[0][k]))]
        values = [[record[k][r] for record in axes] for r in range(len(rows))]
        maps.append(HeatMap(f"stage {k // 2 + 1} {'width' if k % 2 else 'depth'}", rows, values))
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
