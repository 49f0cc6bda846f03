"""The answer in words: which space, how good it is, against what, how sure that is, and what to do next."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from netspace.analysis import Comparison, Interval, compare_all, mean_share
from netspace.documents import to_plain
from netspace.records import EliteSpace, Population, by_budget
from netspace.report.material import Material
from netspace.report.next_step import (
    NextStep,
    compare_step,
    evaluate_step,
    largest_n,
    learn_step,
    more_step,
    network_step,
)
from netspace.report.ranges import in_words

SURE = 0.05  # largest p, corrected by Holm, at which a difference counts as shown
BASELINES = {
    "expanded": "the whole search space",
    "random-spaces": "random spaces of the grid",
    "uniform-width": "networks of one width throughout",
    "linear-width": "networks whose widths grow by a constant",
}


def answer(material: Material) -> list[str]:
    """Return what a reader wants to know first, one sentence or two a line; a command is a line of its own.

    Args:
        material: of one or several searches and evaluations, finished or not.
    """
    lines = [*_progress(material)]
    steps: list[NextStep] = []
    errors, populations = material.errors(), material.populations()
    compared = {(a, b): (c, p) for a, b, c, p in compare_all(errors, material.pairs())}
    beaten = {b if _told(c, p) > 0 else a for (a, b), (c, p) in compared.items() if _told(c, p) and _first(material, b)}
    groups = by_budget(material.population(name) for name in populations)
    judged: list[EliteSpace] = []
    for group in groups:
        firsts = [p for p in group if p.kind == "elite"] or [p for p in group if p.kind == "space"]
        for one in firsts:
            elite, file = _elite_of(material, one)
            judged += [] if elite is None else [elite]
            recipe = _evaluation_of(material, one)[0].get("recipe")
            by = f" with recipe {recipe['name']}" if isinstance(recipe, dict) and "name" in recipe else ""
            lines += [f"{_space_text(material, one, elite)} {_error_text(errors[one.name], by)}"]
            pairs = [(b, c, p) for (a, b), (c, p) in compared.items() if a == one.name]
            lines += [_verdict(one, material.population(b), errors[b], c, p) for b, c, p in pairs]
            if one.name not in beaten:
                pairs += [(a, _mirrored(c), p) for (a, b), (c, p) in compared.items() if b == one.name]
                steps.append(_after(material, one, file, _of_baselines(material, pairs)))
    untrained = [pair for pair in _elites(material) if not any(pair[0] is elite for elite in judged)]
    lines += [_chosen_text(elite) for elite, _ in untrained]
    lines += _failures(material)
    return lines + _steps(material, steps, untrained)


def _mirrored(c: Comparison) -> Comparison:
    """Return a comparison seen from its other side."""
    return c._replace(beats=Interval(1 - c.beats.value, 1 - c.beats.high, 1 - c.beats.low))


def _first(material: Material, name: str) -> bool:
    return material.population(name).kind in ("elite", "space")


def _of_baselines(material: Material, pairs: list[tuple[str, Comparison, float]]) -> list[tuple[Comparison, float]]:
    """Return the comparisons with baselines, or with other spaces where there are none."""
    own = [(c, p) for b, c, p in pairs if not _first(material, b)]
    return own or [(c, p) for _, c, p in pairs]


def _progress(material: Material) -> list[str]:
    lines = []
    last = material.epochs[-1] if material.epochs else None
    if last is not None and last["epoch"] < last["epochs"]:
        lines.append(f"The search is still going on: epoch {last['epoch']} of {last['epochs']}.")
    waiting = [row for row in material.waiting if not row["gate"]]
    if waiting:
        done = sum(not row["gate"] for row in (*material.networks, *material.failures))
        rest = "what follows is of those" if done else "there is nothing to compare yet"
        lines.append(f"{done} of {done + len(waiting)} networks are trained so far; {rest}.")
    return lines


def _elites(material: Material) -> list[tuple[EliteSpace, Path | None]]:
    files: list[Path | None] = [*material.elite_files]
    files += [None] * (len(material.elites) - len(files))
    return list(zip(material.elites, files, strict=True))


def _elite_of(material: Material, one: Population) -> tuple[EliteSpace | None, Path | None]:
    """Return the Elite Space that a population was drawn from, where the report has it, and its file."""
    alike = [(e, f) for e, f in _elites(material) if one.kind == "elite" and one.of(e.budget)]
    if one.space:
        alike = [(e, f) for e, f in alike if to_plain(e.space) == json.loads(one.space)]
    of_run = [(e, f) for e, f in alike if f is not None and one.run and f.resolve().parent.name == one.run]
    if of_run or len(alike) == 1:
        return (of_run or alike)[0]
    return None, Path(one.source) if one.kind == "elite" and one.source else None


def _space_text(material: Material, one: Population, elite: EliteSpace | None) -> str:
    """Say which space it is, and how often its networks meet the budget, as far as this is known."""
    space = json.loads(one.space) if one.space else None if elite is None else to_plain(elite.space)
    size = material.space_sizes().get(one.name)
    rate = None if elite is None else elite.candidates[0].hit_rate
    if size and size.get("members"):
        rate = size["in_band"] / size["members"]
    parts = [f"has {in_words(space)}"] if space else []
    parts += [f"meets the budget with {_share(rate)} of its networks"] if rate is not None else []
    return f"At {_budget(one)} {_what(one)} {' and '.join(parts) or 'was evaluated'}."


def _budget(one: Population) -> str:
    amount = one.budget or "" if one.cost not in (None, "flops") else f"{one.budget} FLOPs"
    return f"{amount} with {one.constraints}" if one.constraints else amount


def _share(share: float) -> str:
    """Write a share in per cent, small ones with a figure after the point."""
    return f"{share:.0%}" if share >= 0.1 or share == 0 else f"{share:.1%}"


def _error_text(errors: list[float], by: str) -> str:
    interval = mean_share(errors)
    if len(errors) < 2:
        return f"Trained from scratch{by}, one network of it gets {interval.value:.1%} of the test images wrong."
    return (
        f"Trained from scratch{by}, its networks get {interval.value:.1%} of the test images wrong on average "
        f"({interval.low:.1%} to {interval.high:.1%}, n = {len(errors)})."
    )


def _verdict(one: Population, other: Population, errors: list[float], c: Comparison, p: float) -> str:
    """Say how a space stands against another population: how much better or worse, and how sure that is."""
    against = BASELINES.get(other.subject, other.subject) if other.kind == "baseline" else other.name
    what, mean = _what(one), mean_share(errors)
    told = {1: f"{what} is better", -1: f"{what} is worse", 0: "these networks do not tell the two apart"}[_told(c, p)]
    return (
        f"Against {against} ({mean.value:.1%}, n = {len(errors)}): a network of {what} beats one of the others with "
        f"probability {c.beats:.2f}, so {told}."
    )


def _what(one: Population) -> str:
    what = "the Elite Space" if one.kind == "elite" else f"the space {one.subject}"
    return what if one.name == f"{one.subject}-{one.budget}" else f"{what} ({one.name})"


def _told(c: Comparison, p: float) -> int:
    """Return 1 where a comparison shows the first to be better, −1 worse, 0 where it shows nothing."""
    if p > SURE or c.beats.low <= 0.5 <= c.beats.high:
        return 0
    return 1 if c.beats.value > 0.5 else -1


def _chosen_text(elite: EliteSpace) -> str:
    best = elite.candidates[0]
    text = f"At {elite.budget.words} the search chose the space with {in_words(to_plain(elite.space))}; "
    text += f"{_share(best.hit_rate)} of its networks meet the budget (± {elite.budget.tolerance:.0%}). "
    chance = f"{elite.chance}: {best.probability:.2f}" + (
        ", so others may be as good" if best.probability < 0.5 else ""
    )
    how = {"P(Θ)": "It is the likeliest under Θ", "P(best)": "It is the best by a model of networks that were trained"}
    text += f"{how.get(elite.chance, 'It is the best by scores of the super network alone')} ({chance}). "
    gate = elite.provenance.fidelity
    if gate is not None and not gate.trustworthy:
        text += f"Its fidelity gate is closed: NOT TRUSTWORTHY (τ {gate.tau:.2f}, n = {gate.n}). "
    return text + "How good its networks are is not known before some are trained."


def _failures(material: Material) -> list[str]:
    rows = [row for row in material.failures if not row["gate"]]
    if not rows:
        return []
    counts = ", ".join(f"{n} {status}" for status, n in sorted(Counter(row["status"] for row in rows).items()))
    total = len(rows) + sum(not row["gate"] for row in (*material.networks, *material.waiting))
    return [f"{len(rows)} of {total} trainings did not go well ({counts}): they are left out of the errors above."]


def _after(
    material: Material,
    one: Population,
    file: Path | None,
    results: list[tuple[Comparison, float]],
) -> NextStep:
    """Say what to do about a space whose networks were trained."""
    evaluation, folder = _evaluation_of(material, one)
    template = evaluation.get("template")
    told = [_told(c, p) for c, p in results]
    n, most = evaluation.get("n"), largest_n(evaluation)
    if not told and len(material.populations()[one.name]) > 1:
        return compare_step(evaluation)
    if -1 in told and one.kind == "elite":
        return learn_step(file, folder)
    step = network_step(file, one, template if isinstance(template, dict) else {})
    if told and all(t == 1 for t in told):
        return step
    if isinstance(n, int) and n >= most:
        return NextStep(
            f"A space here has only {most} networks within the budget, so no more can be drawn. {step.text}",
            step.command,
        )
    return more_step(evaluation, waiting=False)


def _evaluation_of(material: Material, one: Population) -> tuple[dict[str, Any], Path]:
    """Return what was asked of the evaluation that a population belongs to, and its folder."""
    row = next(row for row in material.networks if row["population"] == one.name and not row["gate"])
    folder = str(row.get("folder", ""))
    return next((e for e in material.evaluations if e.get("folder") == folder), {}), Path(folder)


def _steps(material: Material, steps: list[NextStep], untrained: list[tuple[EliteSpace, Path | None]]) -> list[str]:
    """Return the lines of what to do next: what goes on first, then what was not judged, then each space's own."""
    waiting = [e for e in material.evaluations if any(row["folder"] == e.get("folder") for row in material.waiting)]
    found = [more_step(evaluation, waiting=True) for evaluation in waiting]
    if found:
        return [line for step in found for line in step.lines()]
    folders: dict[Path, list[tuple[EliteSpace, Path]]] = {}
    for elite, file in untrained:
        if file is not None:
            folders.setdefault(file.parent, []).append((elite, file))
    steps = [*steps, *(evaluate_step(material, pairs) for pairs in folders.values())]
    return [line for step in dict.fromkeys(steps) for line in step.lines()]
