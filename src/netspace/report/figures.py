"""From the records of trained networks to charts, and all charts of a report."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from netspace.analysis import Edf, compare, complexity_weights, edf_band, error_edf, pareto_front
from netspace.cost import format_amount
from netspace.names import shown
from netspace.records import by_budget
from netspace.records.fidelity_file import SUPERNET
from netspace.report.chart import COLOURS, FLOPS, GREY, MARKERS, Chart, Marker, Series
from netspace.report.material import Material
from netspace.report.search_figures import search_charts

COSTS_DIFFER = 0.05  # largest p of Kolmogorov and Smirnov's test at which two populations' costs are told apart
COST_BINS = 5


def all_charts(material: Material) -> list[Chart]:
    """Return every chart that the material has data for."""
    charts = [*error_against_flops(material), *error_distributions(material), *fidelity_scatter(material)]
    return charts + (search_charts(material) if material.epochs else [])


def hover(row: dict[str, Any]) -> str:
    """Return what is shown under the pointer at a network: where it is in the store, its depths, widths, costs."""
    costs = ", ".join(f"{format_amount(row[kind])} {kind}" for kind in ("flops", "params", "activations"))
    place = f"{row['population']} #{row['place']} (row {row['id']})"
    knobs = "".join(f" {name}={values}" for name, values in row.get("knobs", {}).items())
    return f"{shown(place)}\nd={row['depth']} w={row['width']}{knobs}\n{costs}\ntest error {row['test_error']:.2%}"


def _note(material: Material, n: int) -> str:
    recipes = sorted({str(e.get("recipe", {}).get("name")) for e in material.evaluations})
    seeds = sorted({str(e.get("seed")) for e in material.evaluations})
    return f"n = {n} networks, recipe {', '.join(recipes) or 'of the gate'}, seed {', '.join(seeds) or '0'}"


def error_against_flops(material: Material) -> list[Chart]:
    """Draw the cloud of the whole space, its front, and every other population over it (the paper's S3 and S4).

    Each elite has a colour and a filled marker of its own; what was drawn without a search has open markers, one
    shape for each baseline and each space that was given. Without networks of the whole space the front is that of all.
    """
    populations = material.populations()
    if not populations:
        return []
    keys, looks = _keys(material), _looks(material)
    groups: dict[str, list[dict[str, Any]]] = {key: [] for key in looks}
    for name, rows in populations.items():
        groups[keys[name]] += rows
    cloud = groups.pop("expanded", [])
    everything = [row for rows in populations.values() for row in rows]
    series = [_points("whole space in band", cloud, WHOLE)] if cloud else []
    dearest = max(row["flops"] for row in everything)
    front = ("front of the whole space", cloud) if cloud else ("front of all", everything)
    series.append(_front(*front, dearest))
    series += [_points(key, rows, looks[key]) for key, rows in groups.items()]
    note = _note(material, len(everything))
    title = "Error against FLOPs"
    return [Chart("error-flops", title, note, FLOPS, "test error (%)", series, log_x=True, percent=True)]


class _Look(NamedTuple):
    """How a group of networks is told apart in every figure."""

    colour: str
    marker: Marker
    filled: bool


WHOLE = _Look(GREY, "circle", True)


def _keys(material: Material) -> dict[str, str]:
    """Return what each population is drawn with: itself for an elite, what it was drawn from for the others."""
    known = {name: material.population(name) for name in material.populations()}
    spaces = {(p.source, p.space): p for p in known.values() if p.kind == "space"}
    shared = {p.subject for p in spaces.values() if sum(p.subject == other.subject for other in spaces.values()) > 1}
    whole = {name: p.kind == "elite" or (p.kind == "space" and p.subject in shared) for name, p in known.items()}
    return {name: name if whole[name] else p.subject or name for name, p in known.items()}


def _looks(material: Material) -> dict[str, _Look]:
    """Give every group its look: the whole space, then baselines from the palette's end, then elites by their costs."""
    populations, keys = material.populations(), _keys(material)
    cheapest = {name: min(row["flops"] for row in rows) for name, rows in populations.items()}
    elites = sorted((n for n in populations if material.population(n).kind == "elite"), key=lambda n: cheapest[n])
    kinds = sorted({keys[name] for name in populations} - {*elites, "expanded"})
    looks = {"expanded": WHOLE} if "expanded" in keys.values() else {}
    for i, kind in enumerate(kinds):
        looks[kind] = _Look(COLOURS[(5 - i) % len(COLOURS)], MARKERS[-1 - i % len(MARKERS)], False)
    for i, name in enumerate(elites):
        looks[name] = _Look(COLOURS[i % len(COLOURS)], MARKERS[1 + i % (len(MARKERS) - 1)], True)
    return looks


def _front(name: str, rows: list[dict[str, Any]], dearest: int) -> Series:
    kept = pareto_front([r["flops"] for r in rows], [r["test_error"] for r in rows])
    points = sorted((r["flops"], r["test_error"]) for r, on in zip(rows, kept, strict=True) if on)
    points.append((dearest, points[-1][1]))
    return Series(name, [x for x, _ in points], [y for _, y in points], "steps", GREY, dashed=True)


def _points(name: str, rows: list[dict[str, Any]], look: _Look) -> Series:
    x, y, texts = [r["flops"] for r in rows], [r["test_error"] for r in rows], [hover(r) for r in rows]
    label = f"{name} (n = {len(rows)})"
    return Series(label, x, y, colour=look.colour, hover=texts, marker=look.marker, filled=look.filled)


def error_distributions(material: Material) -> list[Chart]:
    """Draw, per budget, the error EDFs of the elites and their baselines with bootstrap bands."""
    charts: list[Chart] = []
    drawn: list[str | None] = []
    populations = {name: rows for name, rows in material.populations().items() if len(rows) > 1}
    looks, keys = _looks(material), _keys(material)
    colours = {name: looks[keys[name]].colour for name in populations}
    for group in by_budget(material.population(name) for name in populations):
        elites = [one.name for one in group if one.kind == "elite"]
        others = [one.name for one in group if one.kind != "elite"]
        names = others + elites  # the last one lies on top
        series = [line for name in names for line in _distribution(name, populations[name], colours[name])]
        compared = others if elites else []
        matched = [x for name in compared for x in _at_costs(populations, elites[0], name, colour=colours[name])]
        note = _note(material, sum(len(populations[name]) for name in names)) + "; bands: pointwise bootstrap, 95 %"
        if matched:
            note += f"; dashed: networks weighed so that their costs are spread as those of {elites[0]}"
        alike = drawn.count(group[0].budget)
        drawn.append(group[0].budget)
        chart_name = f"edf-{group[0].budget}" + (f"-{alike + 1}" if alike else "")
        title = f"Share of networks with at most this error, budget {group[0].budget}"
        title += f" ±{group[0].tolerance or 0:.0%} of {group[0].cost}" if alike else ""
        title += f" with {group[0].constraints}" if group[0].constraints else ""
        x, y = "test error (%)", "share of networks"
        charts.append(Chart(chart_name, title, note, x, y, series + matched, percent=True))
    return charts


def _distribution(name: str, rows: list[dict[str, Any]], colour: str) -> list[Series]:
    errors = np.array([row["test_error"] for row in rows])
    edf = error_edf(errors)
    low, high = edf_band(errors, edf.error, rng=np.random.default_rng(0))
    band = Series(f"{name} 95 %", edf.error.tolist(), low.tolist(), kind="band", colour=colour, upper=high.tolist())
    return [band, _steps(f"{name} (n = {len(errors)})", edf, colour)]


def _steps(name: str, edf: Edf, colour: str, *, dashed: bool = False) -> Series:
    """Return an EDF as a line of steps, the first of which rises from 0."""
    x, y = [edf.error[0], *edf.error], [0.0, *edf.share]
    return Series(name, [*map(float, x)], [*map(float, y)], kind="steps", colour=colour, dashed=dashed)


def _at_costs(populations: dict[str, list[dict[str, Any]]], elite: str, name: str, *, colour: str) -> list[Series]:
    """Return the EDF of a baseline weighed to the elite's costs (NDS), where its own costs differ from them."""
    own, other = ([row["flops"] for row in populations[key]] for key in (name, elite))
    if compare(own, other).kolmogorov_smirnov_p >= COSTS_DIFFER:
        return []
    weights = complexity_weights(own, other, COST_BINS)
    if not weights.any():
        return []
    edf = error_edf([row["test_error"] for row in populations[name]], weights)
    return [_steps(f"{name}, at the costs of {elite}", edf, colour, dashed=True)]


def fidelity_scatter(material: Material) -> list[Chart]:
    """Draw the super network's score against the stand-alone error, a colour per band."""
    networks = material.fidelity.get("networks", [])
    if not networks:
        return []
    bands = sorted({n["band"] for n in networks if n["band"] is not None})
    series = []
    for i, band in enumerate([None, *bands]):
        chosen = [n for n in networks if n["band"] == band]
        if not chosen:
            continue
        x, y = [n["scores"][SUPERNET] for n in chosen], [n["validation_error"] for n in chosen]
        name = f"{band or 'across all costs'} (n = {len(chosen)})"
        texts = [f"{n['population']} #{n['place']}" for n in chosen]
        colour = COLOURS[(i - 1) % len(COLOURS)] if band else GREY
        series.append(Series(name, x, y, colour=colour, hover=texts, marker=MARKERS[i % len(MARKERS)]))
    note = f"n = {len(networks)} networks, each trained once from scratch"
    y_title = "stand-alone validation error (%)"
    x_title = "super network's held-out error (%)"
    return [Chart("fidelity", "Fidelity of the super network", note, x_title, y_title, series, percent=True)]
