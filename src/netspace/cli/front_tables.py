"""What `netspace front` prints: what ranks networks, the best spaces at each budget, ties, refinements, warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netspace.cli.output import KINDS, per_stage, print_table, say
from netspace.documents import to_plain
from netspace.surrogate import BudgetAnswer, Judge, Refined, Signal, pareto_spaces
from netspace.surrogate.validation import Ranked

FloatArray = NDArray[np.float64]
CLOUD = 150


def print_front(
    judge: Judge,
    answers: Sequence[BudgetAnswer],
    signals: Sequence[Signal],
    *,
    refined: Mapping[str, Refined],
    top: int,
) -> None:
    """Print the tables of answers.

    Args:
        judge: all spaces, with the signal that was taken.
        answers: one per budget.
        signals: all that could be fitted.
        refined: by the budget's name.
        top: spaces shown for each budget.
    """
    columns = (
        "signal",
        "model",
        "τ within bands (95 %)",
        "above FLOPs alone",
        "above mean log width",
        "measured against",
    )
    print_table("What ranks networks", columns, [_signal_row(s, judge.signal) for s in signals])
    for text in judge.signal.warnings:
        say(text)
    shape = [per_stage(name) for name in judge.run.space.full.shown()]
    shown = (*shape, "predicted error (95 %)", "behind the best", "hit rate", "draws", "median", judge.signal.chance)
    for answer in answers:
        rows = [_row(judge, answer, i) for i in range(min(top, len(answer.contenders)))]
        by = "" if judge.signal.misfit or len(answer.contenders) == 1 else " by their scores"
        print_table(f"Spaces at {answer.budget.told}: {_ties(answer)}{by}", shown, rows)
        if answer.looked is not None:
            print(judge.sampled(answer.looked))
        if answer.passed_over is not None:
            print(_trade(judge, answer, answer.passed_over))
        if answer.applied < answer.asked:
            print(
                f"No space whose median meets the budget has a hit rate of {answer.asked:.0%}; taken instead: "
                f"{answer.applied:.0%} or more."
            )
        if str(answer.budget) in refined:
            print(_refined(refined[str(answer.budget)]))
    for kind in dict.fromkeys(answer.budget.kind for answer in answers):
        own = [answer for answer in answers if answer.budget.kind == kind]
        if len(own) > 1:
            rows = [[str(b), f"{c.error.value:.2%}", str(judge.space(c))] for b, c in pareto_spaces(own)]
            title = KINDS.get(kind, kind)
            print_table(f"Front of predicted error against {title}", ("budget", "predicted error", "space"), rows)


def _signal_row(signal: Signal, chosen: Signal) -> list[str]:
    best = signal.ranked[0]
    name = f"{signal.name} (taken)" if signal is chosen else signal.name
    beyond = "" if best.beyond is None else f"{best.beyond:+.2f}"
    return [name, best.name, f"{best.within:.2f}", f"{best.gain:+.2f}", beyond, signal.against]


def _trade(judge: Judge, answer: BudgetAnswer, place: int) -> str:
    """Say what is given up, and for what, where the space of least predicted error is not the one handed out."""
    taken, least = answer.contenders[0], answer.contenders[place]
    return (
        f"Handed out for meeting the budget better: hit rate {taken.hit_rate:.1%}, median {answer.off[0]:+.1%}, "
        f"instead of {least.hit_rate:.1%} and {answer.off[place]:+.1%} of {judge.space(least)}, "
        f"whose predicted error is {100 * (taken.error.value - least.error.value):.2f} points lower."
    )


def _ties(answer: BudgetAnswer) -> str:
    able = len(answer.contenders)
    if able == 1:
        return "the only one"
    return f"{answer.ties} of the next {able - 1} cannot be told from the best"


def _row(judge: Judge, answer: BudgetAnswer, i: int) -> list[str]:
    c, space = answer.contenders[i], judge.space(answer.contenders[i])
    behind = "best" if i == 0 else f"{c.behind.value * 100:+.2f} points" + (" (tied)" if c.tied else "")
    mark = "" if judge.signal.ranked[0].beats_flops else " (!)"
    error = f"{c.error:.2%}{mark}"
    return [
        *space.shown().values(),
        error,
        behind,
        f"{c.hit_rate:.1%}",
        f"{c.draws:.1f}",
        f"{answer.off[i]:+.1%}",
        f"{c.chance:.2f}",
    ]


def _refined(found: Refined) -> str:
    (a, b), (x, y), (n, m) = found.hit_rate, found.error, found.networks
    return (
        f"Refined: {found.after}\n  hit rate {a:.1%} → {b:.1%}, predicted error {x:.2%} → {y:.2%}, "
        f"networks in band {n:,} → {m:,}; it is the elite file's first space."
    )


def plain_front(
    judge: Judge,
    answers: Sequence[BudgetAnswer],
    signals: Sequence[Signal],
    *,
    refined: Mapping[str, Refined],
    files: Sequence[Path],
    top: int,
) -> dict[str, Any]:
    """Return the same as plain data; errors are shares, 0..1. Arguments as for print_front, and the elite files.

    Per budget it also holds its kind of cost, how many spaces the grid has and how many of them were looked at (null:
    each was judged), the spaces whose hit rate suffices (`able`: how many, and the errors of up to 150 at evenly
    spread ranks), and the space that the search found for this budget (`searched`).
    """
    return {
        "signal": judge.signal.name,
        "chance": judge.signal.chance,
        "trustworthy": judge.signal.ranked[0].beats_flops,
        "warnings": judge.signal.warnings,
        "signals": [{"name": s.name, "against": s.against, "models": [_ranked(r) for r in s.ranked]} for s in signals],
        "budgets": [
            {
                **{"budget": str(a.budget), "target": a.budget.target, "band": a.budget.interval, "file": str(file)},
                **({"constraints": [str(one) for one in a.budget.constraints]} if a.budget.constraints else {}),
                **{"kind": a.budget.kind, "spaces_of_grid": judge.run.space.num_spaces, "spaces_looked_at": a.looked},
                **{"hit_rate_asked": a.asked, "hit_rate_applied": a.applied, "ties": a.ties},
                "spaces": [
                    {
                        "space": to_plain(judge.space(c)),
                        **{"error": c.error._asdict(), "behind": c.behind._asdict(), "tied": c.tied},
                        **{"chance": c.chance, "hit_rate": c.hit_rate, "draws": c.draws, "median_off": off},
                    }
                    for c, off in zip(a.contenders[:top], a.off, strict=False)
                ],
                "refined": to_plain(refined[str(a.budget)]) if str(a.budget) in refined else None,
                "able": {"spaces": len(a.errors), "errors": _thinned(a.errors)},
                "searched": _searched(judge, a),
            }
            for a, file in zip(answers, files, strict=True)
        ],
    }


def _thinned(errors: FloatArray) -> list[float]:
    """Return rising errors at evenly spread ranks, the first and the last among them."""
    places = np.linspace(0, len(errors) - 1, min(len(errors), CLOUD)).round().astype(int)
    return [round(float(e), 6) for e in errors[places]]


def _searched(judge: Judge, answer: BudgetAnswer) -> dict[str, Any] | None:
    found = judge.searched(answer)
    return None if found is None else {"space": to_plain(found[0]), "error": found[1], "hit_rate": found[2]}


def _ranked(r: Ranked) -> dict[str, Any]:
    return {
        **{"model": r.name, "overall": r.overall, "pairs": r.pairs},
        **{"within": r.within._asdict(), "gain": r.gain._asdict()},
        "gain_over_mean_log_width": None if r.beyond is None else r.beyond._asdict(),
    }
