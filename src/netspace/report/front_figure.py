"""The front of spaces that `netspace front` left: its figure and its table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from netspace.records import FRONT_FILE
from netspace.records.front_file import read_front
from netspace.report.chart import COLOURS, FLOPS, Chart, Series
from netspace.report.ranges import SHORT, plural, shown_ranges
from netspace.report.tables import TextTable
from netspace.runs import FRONT

BLUE, ORANGE = COLOURS[0], COLOURS[1]
GOLDEN = 0.6180339887498949


def front_files(folders: list[Path]) -> list[Path]:
    """Return where `netspace front` wrote its answer, among run folders and inside them."""
    places = [place / FRONT_FILE for folder in folders for place in (folder, folder / FRONT)]
    return [file for file in dict.fromkeys(places) if file.exists()]


def front_charts(file: Path) -> list[Chart]:
    """Draw predicted error against cost: all spaces, the best of each budget, what is tied with it, the search's own.

    One chart for each kind of cost.

    Args:
        file: `front.json` as `netspace front` wrote it.
    """
    document = read_front(file)
    kinds = dict.fromkeys(answer.get("kind", "flops") for answer in document["budgets"])
    return [_chart(file, document, kind) for kind in kinds]


def _chart(file: Path, document: dict[str, Any], kind: str) -> Chart:
    """Draw the answers at budgets of one kind of cost."""
    own = [answer for answer in document["budgets"] if answer.get("kind", "flops") == kind]
    answers = sorted(own, key=lambda a: a["target"])
    shown = f"spaces of sufficient hit rate ({_counts(answers)})"
    series = [Series(shown, *_cloud(answers))]
    series += [_tied(answers)] if any(a["ties"] for a in answers) else []
    series += _best(answers)
    series += [_searched(answers)] if any(a["searched"] for a in answers) else []
    run, y = _run(file), "predicted error (%)"
    name, axis, cost = (f"front-{run}", FLOPS, "FLOPs") if kind == "flops" else (f"front-{run}-{kind}", kind, kind)
    look: dict[str, Any] = {"x_ticks": {a["target"]: a["budget"] for a in answers}, "log_x": True, "percent": True}
    title = f"Front of spaces: predicted error against {cost} ({run})"
    return Chart(name, title, _note(document), axis, y, series, **look)


def front_tables(file: Path) -> list[TextTable]:
    """Return the best space of each budget. Args as for front_charts."""
    document = read_front(file)
    mark = "" if document["trustworthy"] else " (!)"
    rows = []
    for answer in sorted(document["budgets"], key=lambda a: a["target"]):
        best, found = answer["spaces"][0], answer["searched"]
        ties = f"{answer['ties']} of the next {len(answer['spaces']) - 1}"
        own = "" if found is None else f"{found['error']:.2%} ({found['hit_rate']:.1%})"
        rows.append(
            [
                ", ".join([answer["budget"], *answer.get("constraints", [])]),
                *shown_ranges(best["space"]).values(),
                _error(best) + mark,
                ties,
                f"{best['hit_rate']:.1%}",
                own,
            ]
        )
    shape = ("budget", *(plural(knob) for knob in shown_ranges(document["budgets"][0]["spaces"][0]["space"])))
    columns = (*shape, "predicted error (95 %)", "tied with it", "hit rate", "the search's elite (hit rate)")
    return [TextTable(f"Front of spaces: the best of each budget ({_run(file)})", columns, rows)]


def _run(file: Path) -> str:
    folder = file.absolute().parent
    return folder.parent.name if folder.name == FRONT else folder.name


def _counts(answers: list[dict[str, Any]]) -> str:
    least, most = (pick(a["able"]["spaces"] for a in answers) for pick in (min, max))
    return f"n = {least}" if least == most else f"n = {least} to {most} a budget"


def _cloud(answers: list[dict[str, Any]]) -> tuple[list[float], list[float]]:
    pairs = [(a, k, error) for a in answers for k, error in enumerate(a["able"]["errors"])]
    return [_spread(a, k) for a, k, _ in pairs], [error for _, _, error in pairs]


def _spread(answer: dict[str, Any], k: int) -> float:
    """Place a budget's k-th space somewhere in the band, in which its members lie; where in it means nothing."""
    low, high = answer["band"]
    return float(low + (high - low) * ((k + 1) * GOLDEN % 1))


def _tied(answers: list[dict[str, Any]]) -> Series:
    found = [(a, k, c) for a in answers for k, c in enumerate(a["spaces"]) if k and c["tied"]]
    x, y = [_spread(a, k) for a, k, _ in found], [c["error"]["value"] for _, _, c in found]
    texts = [_hover(a, c) for a, _, c in found]
    return Series("tied with the best", x, y, colour=BLUE, hover=texts, filled=False)


def _best(answers: list[dict[str, Any]]) -> list[Series]:
    """Return the intervals of the best spaces, the line through those that no cheaper one equals, and the spaces."""
    best = [a["spaces"][0] for a in answers]
    x, y = [a["target"] for a in answers], [c["error"]["value"] for c in best]
    on = [i for i in range(len(y)) if y[i] < min(y[:i], default=float("inf"))]
    low, high = ([c["error"][end] for c in best] for end in ("low", "high"))
    texts = [_hover(a, c) for a, c in zip(answers, best, strict=True)]
    line = [Series("front", [x[i] for i in on], [y[i] for i in on], "line", BLUE, dashed=True)] if len(on) > 1 else []
    bars = Series("95 % interval of the best", x, low, "intervals", BLUE, high)
    return [*line, bars, Series("best space of a budget", x, y, colour=BLUE, hover=texts, marker="square")]


def _searched(answers: list[dict[str, Any]]) -> Series:
    pairs = [(a, a["searched"]) for a in answers if a["searched"]]
    x, y, texts = [a["target"] for a, _ in pairs], [c["error"] for _, c in pairs], [_hover(*p) for p in pairs]
    return Series("elite of the search, same predictor", x, y, colour=ORANGE, hover=texts, marker="x")


def _hover(answer: dict[str, Any], one: dict[str, Any]) -> str:
    ranges = "\n".join(f"{SHORT.get(knob, knob)}={text}" for knob, text in shown_ranges(one["space"]).items())
    error = _error(one) if isinstance(one["error"], dict) else f"{one['error']:.2%}"
    return f"{answer['budget']}\n{ranges}\npredicted error {error}\nhit rate {one['hit_rate']:.1%}"


def _error(one: dict[str, Any]) -> str:
    return "{value:.2%} ({low:.2%}…{high:.2%})".format(**one["error"])


def _note(document: dict[str, Any]) -> str:
    """Say what the errors are predicted from, and whether that is to be trusted."""
    chosen = next(s for s in document["signals"] if s["name"] == document["signal"])
    best = chosen["models"][0]
    known = best["within"]["value"] is not None
    within = "{value:.2f} ({low:.2f}…{high:.2f})".format(**best["within"]) if known else "unknown"
    text = f"Signal {chosen['name']}: {best['model']}, τ within bands {within} against {chosen['against']}."
    told = [] if not document["trustworthy"] else ["Within bands it ranks better than FLOPs alone."]
    told += document["warnings"]
    told.append("Intervals hold what the fit does not know of a space's mean, not the spread of its members.")
    return " ".join([text, *told, "Where in a budget's band a space is drawn means nothing."])
