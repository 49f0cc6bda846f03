"""The report's tables, as titles, columns and rows of text."""

from __future__ import annotations

from dataclasses import dataclass

from netspace.analysis import compare_all, draws_until, summarise
from netspace.cost import format_amount
from netspace.records import EliteSpace
from netspace.report.material import Material
from netspace.report.standing import standings


@dataclass(frozen=True)
class TextTable:
    """A table.

    Args:
        title: above it.
        columns: their names.
        rows: one text per column.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[list[str]]


def evaluation_tables(material: Material) -> list[TextTable]:
    """Return the tables about trained populations: their errors, which beats which, and what failed."""
    tables = [_populations(material), *_standings(material), _comparisons(material), _failures(material)]
    return [table for table in tables if table.rows]


def all_tables(material: Material) -> list[TextTable]:
    """Return every table that the material has data for."""
    tables = [
        *(_elites(material), _populations(material), *_standings(material), _comparisons(material)),
        *(_fidelity(material), _provenance(material), _failures(material)),
    ]
    return [table for table in tables if table.rows]


def _elites(material: Material) -> TextTable:
    rows = []
    for elite in material.elites:
        best = elite.candidates[0]
        shown = best.space.shown(" · ")
        depths, widths, more = shown.pop("depth"), shown.pop("width"), ", ".join(f"{k} {v}" for k, v in shown.items())
        widths += f" ({more.replace('_', ' ')})" if more else ""
        quantiles = " / ".join(
            format_amount(x, elite.budget.kind) for x in (best.cost.q05, best.cost.median, best.cost.q95)
        )
        away = f"{best.cost.median / elite.budget.target - 1:+.1%}"
        draws = draws_until(best.hit_rate)
        rate = f"{best.hit_rate:.1%}"
        chance = f"{best.probability:.2f}, {elite.chance}"
        rows.append([elite.budget.told, depths, widths, rate, quantiles, away, f"{draws:.1f}", chance, _trust(elite)])
    columns = (
        "budget",
        "depths",
        "widths",
        "hit rate",
        "cost 5 / 50 / 95 %",
        "median − target",
        "expected draws",
        "chance",
        "gate",
    )
    return TextTable("Elite Spaces", columns, rows)


def _trust(elite: EliteSpace) -> str:
    fidelity = elite.provenance.fidelity
    if fidelity is None:
        return "not asked"
    return f"{'open' if fidelity.trustworthy else 'NOT TRUSTWORTHY'}, τ {fidelity.tau:.2f}"


def _populations(material: Material) -> TextTable:
    rows = [
        [
            s.name,
            str(s.n),
            f"{s.mean.value:.2%} ({s.mean.low:.2%}…{s.mean.high:.2%})",
            f"{s.median.value:.2%}",
            f"{s.best:.2%}",
        ]
        for s in summarise(material.errors())
    ]
    return TextTable(
        "Populations: test error of the last epoch", ("population", "n", "mean (95 %)", "median", "best"), rows
    )


def _standings(material: Material) -> list[TextTable]:
    """Return the tables of distances to the front, and of the draws that a good network takes."""
    fronts, samples = [], []
    for s in standings(material):
        reference = f"{format_amount(s.reference[0])}, {s.reference[1]:.1%}"
        distances = [f"{s.mean_distance:.2%}", f"{s.median_distance:.2%}"]
        fronts.append([s.name, str(s.n), *distances, f"{s.hypervolume:.3g}", reference])
        if s.samples is not None:
            draws = s.samples.near_front
            interval = "exact" if s.samples.exact else f"{_draws(draws.low)}…{_draws(draws.high)}"
            near = f"{s.samples.near} of {s.samples.n}"
            samples.append([s.name, _draws(s.samples.in_band), near, f"{_draws(draws.value)} ({interval})"])
    front = "Front of all networks: distance in error, and hypervolume (log10 FLOPs × error) up to the reference"
    columns = ("population", "n", "mean distance", "median distance", "hypervolume", "reference")
    margin = f"{100 * material.near:.3g} point{'' if material.near == 0.01 else 's'} of error"
    title = f"Samples needed: expected draws until one is in band, and also within {margin} of the front"
    needed = ("population", "draws until in band", "near the front", "draws until in band and near (95 %)")
    return [TextTable(front, columns, fronts), TextTable(title, needed, samples)]


def _draws(draws: float) -> str:
    return "∞" if draws == float("inf") else f"{draws:.1f}" if draws < 1000 else f"{draws:,.0f}"


def _comparisons(material: Material) -> TextTable:
    errors = material.errors()
    rows = [
        [a, b, f"{c.beats.value:.2f} ({c.beats.low:.2f}…{c.beats.high:.2f})", f"{p:.2g}", f"{c.kolmogorov_smirnov:.2f}"]
        for a, b, c, p in compare_all(errors, material.pairs())
    ]
    return TextTable("Spaces compared", ("A", "B", "P(A beats B) (95 %)", "p (Holm)", "KS distance"), rows)


def _fidelity(material: Material) -> TextTable:
    rows = [
        [a["score"], a["group"], str(a["n"]), "{:.2f} ({:.2f}…{:.2f})".format(*a["tau"]), f"{a['rho'][0]:.2f}"]
        for a in material.fidelity.get("agreements", [])
    ]
    columns = ("score", "networks", "n", "Kendall τ (95 %)", "Spearman ρ")
    return TextTable("Fidelity: agreement with stand-alone validation error", columns, rows)


def _provenance(material: Material) -> TextTable:
    rows = []
    for elite in material.elites:
        p = elite.provenance
        found = [p.dataset, p.data, p.search_space, p.estimator, str(p.epochs), str(p.seed), p.config, p.netspace]
        rows.append([str(elite.budget), *found])
    columns = ("budget", "data set", "images", "search space", "estimator", "epochs", "seed", "config", "netspace")
    return TextTable("Provenance", columns, rows)


def _failures(material: Material) -> TextTable:
    rows = [[r["population"], str(r["place"]), r["status"], str(r["reason"])] for r in material.failures]
    return TextTable("Trainings that did not go well", ("population", "place", "status", "reason"), rows)
