"""What `netspace front` prints: what ranks networks, the best spaces at each budget, ties, refinements, warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netspace.cli.output import print_table, say
from netspace.documents import to_plain
from netspace.surrogate import BudgetAnswer, Front, Refined, Signal, pareto_spaces
from netspace.surrogate.validation import Ranked

FloatArray = NDArray[np.float64]
CLOUD = 150


def print_front(
    front: Front,
    answers: Sequence[BudgetAnswer],
    signals: Sequence[Signal],
    *,
    refined: Mapping[str, Refined],
    top: int,
) -> None:
    """Print the tables of answers.

    Args:
        front: all spaces, with the signal that was taken.
        answers: one per budget.
        signals: all that could be fitted.
        refined: by the budget's name.
        top: spaces shown for each budget.
    """
    columns = ("signal", "model", "τ within bands (95 %)", "above FLOPs alone", "measured against")
    print_table("What ranks networks", columns, [_signal_row(s, front.signal) for s in signals])
    for text in front.signal.warnings:
        say(text)
    shape = ("depth per stage", "width per stage")
    shown = (*shape, "predicted error (95 %)", "behind the best", "hit rate", "draws", front.signal.chance)
    for answer in answers:
        rows = [_row(front, answer, i) for i in range(min(top, len(answer.contenders)))]
        by = "" if front.signal.misfit or len(answer.contenders) == 1 else " by their scores"
        print_table(f"Spaces at {answer.budget}: {_ties(answer)}{by}", shown, rows)
        if answer.applied < answer.asked:
            print(f"No space has a hit rate of {answer.asked:.0%}; taken instead: {answer.applied:.0%} or more.")
        if str(answer.budget) in refined:
            print(_refined(refined[str(answer.budget)]))
    if len(answers) > 1:
        rows = [[str(b), f"{c.error.value:.2%}", str(front.space(c))] for b, c in pareto_spaces(answers)]
        print_table("Front of predicted error against FLOPs", ("budget", "predicted error", "space"), rows)


def _signal_row(signal: Signal, chosen: Signal) -> list[str]:
    best = signal.ranked[0]
    tau = f"{best.within.value:.2f} ({best.within.low:.2f} to {best.within.high:.2f})"
    gain = f"{best.gain.value:+.2f} ({best.gain.low:+.2f} to {best.gain.high:+.2f})"
    name = f"{signal.name} (taken)" if signal is chosen else signal.name
    return [name, best.name, tau, gain, signal.against]


def _ties(answer: BudgetAnswer) -> str:
    able = len(answer.contenders)
    if able == 1:
        return "the only one"
    return f"{answer.ties} of the next {able - 1} cannot be told from the best"


def _row(front: Front, answer: BudgetAnswer, i: int) -> list[str]:
    c, space = answer.contenders[i], front.space(answer.contenders[i])
    behind = "best" if i == 0 else f"{c.behind.value * 100:+.2f} points" + (" (tied)" if c.tied else "")
    mark = "" if front.signal.ranked[0].beats_flops else " (!)"
    depths, widths = (" ".join(str(getattr(s, k)) for s in space.stages) for k in ("depth", "width"))
    error = f"{c.error.value:.2%} ({c.error.low:.2%} to {c.error.high:.2%}){mark}"
    return [depths, widths, error, behind, f"{c.hit_rate:.1%}", f"{c.draws:.1f}", f"{c.chance:.2f}"]


def _refined(found: Refined) -> str:
    (a, b), (x, y), (n, m) = found.hit_rate, found.error, found.networks
    return (
        f"Refined: {found.after}\n  hit rate {a:.1%} → {b:.1%}, predicted error {x:.2%} → {y:.2%}, "
        f"networks in band {n:,} → {m:,}; it is the elite file's first space."
    )


def plain_front(
    front: Front,
    answers: Sequence[BudgetAnswer],
    signals: Sequence[Signal],
    *,
    refined: Mapping[str, Refined],
    files: Sequence[Path],
    top: int,
) -> dict[str, Any]:
    """Return the same as plain data; errors are shares, 0..1. Arguments as for print_front, and the elite files.

    Per budget it also holds the spaces whose hit rate suffices (`able`: how many, and the errors of up to 150 at evenly
    spread ranks), and the space that the search found for this budget (`searched`).
    """
    return {
        "signal": front.signal.name,
        "chance": front.signal.chance,
        "trustworthy": front.signal.ranked[0].beats_flops,
        "warnings": front.signal.warnings,
        "signals": [{"name": s.name, "against": s.against, "models": [_ranked(r) for r in s.ranked]} for s in signals],
        "budgets": [
            {
                **{"budget": str(a.budget), "target": a.budget.target, "band": a.budget.interval, "file": str(file)},
                **{"hit_rate_asked": a.asked, "hit_rate_applied": a.applied, "ties": a.ties},
                "spaces": [
                    {
                        "space": to_plain(front.space(c)),
                        **{"error": c.error._asdict(), "behind": c.behind._asdict(), "tied": c.tied},
                        **{"chance": c.chance, "hit_rate": c.hit_rate, "draws": c.draws},
                    }
                    for c in a.contenders[:top]
                ],
                "refined": to_plain(refined[str(a.budget)]) if str(a.budget) in refined else None,
                "able": {"spaces": len(a.errors), "errors": _thinned(a.errors)},
                "searched": _searched(front, a),
            }
            for a, file in zip(answers, files, strict=True)
        ],
    }


def _thinned(errors: FloatArray) -> list[float]:
    """Return rising errors at evenly spread ranks, the first and the last among them."""
    places = np.linspace(0, len(errors) - 1, min(len(errors), CLOUD)).round().astype(int)
    return [round(float(e), 6) for e in errors[places]]


def _searched(front: Front, answer: BudgetAnswer) -> dict[str, Any] | None:
    found = front.searched(answer)
    return None if found is None else {"space": to_plain(found[0]), "error": found[1], "hit_rate": found[2]}


def _ranked(r: Ranked) -> dict[str, Any]:
    return {
        **{"model": r.name, "overall": r.overall, "pairs": r.pairs},
        **{"within": r.within._asdict(), "gain": r.gain._asdict()},
    }
