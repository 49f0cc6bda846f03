"""How good are the spaces that methods choose, where the error of every network is known?

    python benchmarks/truth.py --out benchmarks/results/truth_nats
    python benchmarks/truth.py --table FILE --columns d1,w1,d2,w2 --depths d1,d2 --cost flops --error test_err --out DIR

The default table is NATS-Bench's size space (CIFAR-10). The truth of a space at a budget is the mean error of its
members within 10 % of the budget. A method reads at most `--evaluations` errors: `front` for all budgets together, the
others for each budget (NSGA-II too is one run). Read again from tables blurred by noise to a Kendall τ. A
run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from truth_methods import BLURRED, METHODS, Problem

from netspace.analysis import kendall_tau, mean_interval
from netspace.cost import Budget
from netspace.errors import NetspaceError
from netspace.records.measured import MeasuredColumns, MeasuredNetworks, read_measured
from netspace.surrogate.judging import EnumeratedMembers, Judged

FloatArray = NDArray[np.float64]
NATS = Path("../shared/data/nats_sss/nats_sss_cifar10.csv")
NATS_COLUMNS = MeasuredColumns(("c0", "c1", "c2", "c3", "c4"), "flops", "test_acc", accuracy=True)
NATS_BUDGETS = ("20M", "40M", "60M", "80M", "120M", "160M", "200M")
EXACT = 1.0
MOVED = ("score", "gumbel", "single network (TAS-like)")


def main() -> None:
    """Run methods, seeds and blurs; print the tables, write CSV, JSON and a picture."""
    args = arguments()
    torch.set_num_threads(1)
    table = read_measured(args.table or NATS, columns(args))
    for text in table.notes:
        print(f"note: {text}")
    members = EnumeratedMembers(table.grid, table.points, table.costs)
    errors = table.errors[members.order]
    if args.budgets:
        budgets = [Budget.parse(text) for text in args.budgets.split(",")]
    else:
        budgets = [b for b in default_budgets(args, table) if contested(members, b)]
        print(f"budgets: {', '.join(str(b) for b in budgets) or 'none has two spaces within 10 %; give --budgets'}")
    evaluations = min(args.evaluations, len(errors) // 2)
    if evaluations < args.evaluations:
        print(f"note: half of the table's {len(errors):,} networks are {evaluations}: no method reads more")
    truths = [judge(members, errors, b) for b in budgets]
    rows = earlier(args)
    equal = all(len({len(one) for one in axis.ranges}) == 1 for axis in table.grid.axes)
    if not equal:
        print(f"note: {', '.join(MOVED)} need ranges of equal length on each axis and are left out; give --ranges")
    for name, tau in [cell for cell in cells(args) if equal or cell[0] not in MOVED]:
        for seed in range(args.seeds):
            if any((r["method"], r["tau"], r["seed"]) == (name, tau, seed) for r in rows):
                continue
            rng = np.random.default_rng([seed, round(100 * tau)])
            read = errors if tau == EXACT else errors + blur(errors, tau) * rng.normal(size=len(errors))
            problem = Problem(members, read, tuple(b.interval for b in budgets), evaluations)
            begun = time.process_time()
            chosen = METHODS[name](problem, rng)
            seconds = (time.process_time() - begun) / len(budgets)
            for budget, space, truth in zip(budgets, chosen, truths, strict=True):
                key = {"method": name, "tau": tau, "seed": seed, "budget": str(budget)}
                rows.append({**key, **outcome(truth, space), "seconds": round(seconds, 3)})
            write_rows(args, rows)
        print(line(name, tau, rows), flush=True)
        write_summary(args, rows, table, evaluations)


def cells(args: argparse.Namespace) -> list[tuple[str, float]]:
    """Return methods and blurs in the order of what they cost."""
    names = args.methods.split(",") if args.methods else list(METHODS)
    exact = [(n, EXACT) for n in names]
    taus = [float(text) for text in args.taus.split(",") if text]
    blurred = [(n, tau) for n in names if n in BLURRED for tau in taus]
    return sorted([*exact, *blurred], key=lambda cell: (cell[0] in MOVED, cell[1] != EXACT and cell[0] in MOVED))


def earlier(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the outcomes that a run of the same command left when it was stopped."""
    file = args.out.with_suffix(".csv")
    if not file.exists():
        return []
    with file.open(newline="") as stream:
        found = list(csv.DictReader(stream))
    whole, text = ("space", "seed"), ("method", "budget")
    return [
        {
            k: v if k in text else v == "True" if k == "missed" else int(v) if k in whole else float(v)
            for k, v in row.items()
        }
        for row in found
    ]


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, help="CSV; default: NATS-Bench's size space")
    parser.add_argument("--columns", help="knobs from the input on, as c0,c1,c2")
    parser.add_argument("--depths", default="", help="those of the knobs that are depths")
    parser.add_argument("--cost", default="flops")
    parser.add_argument("--error", default="test_error")
    parser.add_argument("--accuracy", action="store_true", help="the error column is an accuracy in %%")
    parser.add_argument("--ranges", default="", help="as c0=4,c1=2; default: two values to a range")
    parser.add_argument("--budgets", default="", help="as 20M,40M")
    parser.add_argument("--evaluations", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--methods", default="", help=f"of {', '.join(METHODS)}")
    parser.add_argument("--taus", default="0.9,0.8,0.7,0.6", help="of the blurred tables; empty for none")
    parser.add_argument("--out", type=Path, required=True, help="path of the files, without their endings")
    return parser.parse_args()


def columns(args: argparse.Namespace) -> MeasuredColumns:
    """Return the columns asked for, or those of NATS-Bench."""
    if args.table is None:
        return NATS_COLUMNS
    if not args.columns:
        raise NetspaceError("--table needs --columns, the knobs from the input on, as c0,c1,c2")
    ranges = dict(part.split("=") for part in args.ranges.split(",") if part)
    depths = tuple(name for name in args.depths.split(",") if name)
    whole = {name: int(number) for name, number in ranges.items()}
    return MeasuredColumns(tuple(args.columns.split(",")), args.cost, args.error, args.accuracy, depths, whole)


def default_budgets(args: argparse.Namespace, table: MeasuredNetworks) -> list[Budget]:
    """Return the issue's budgets for NATS-Bench; for another table seven, evenly over the orders of its costs."""
    if args.table is None:
        return [Budget.parse(text) for text in NATS_BUDGETS]
    low, high = np.quantile(table.costs, [0.02, 0.9])
    return [Budget(int(float(f"{target:.2g}"))) for target in np.geomspace(low, high, 7)]


def contested(members: EnumeratedMembers, budget: Budget) -> bool:
    """Say whether two spaces or more have a network within a budget."""
    return len(np.unique(members.space[members.rows(budget.interval)])) >= 2


def judge(members: EnumeratedMembers, errors: FloatArray, budget: Budget) -> Judged:
    """Return the truth at a budget."""
    rows = members.rows(budget.interval)
    judged = members.judge_errors(errors[rows], rows)
    if not contested(members, budget):
        raise NetspaceError(f"budget {budget}: fewer than two spaces have a network within 10 %; give another")
    return judged


def blur(errors: FloatArray, tau: float) -> float:
    """Return the standard deviation of normal noise that leaves a Kendall τ to the errors, by bisection."""
    rng = np.random.default_rng(0)
    some = errors[rng.permutation(len(errors))[:3000]]
    noise = rng.normal(size=len(some))
    low, high = 0.0, 50 * float(errors.std())
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if kendall_tau(some + middle * noise, some) > tau else (low, middle)
    return (low + high) / 2


def outcome(truth: Judged, space: int) -> dict[str, Any]:
    """Return rank percentile (100: the best), regret, hit rate; a space that misses the budget counts as the worst."""
    able = truth.error[np.isfinite(truth.error)]
    error = truth.error[space] if np.isfinite(truth.error[space]) else able.max()
    return {
        "space": space,
        "missed": bool(~np.isfinite(truth.error[space])),
        "percentile": float(100 * (able > error).sum() / (len(able) - 1)),
        "regret": float(error - able.min()),
        "hit_rate": float(truth.hit_rate[space]),
    }


def per_seed(rows: list[dict[str, Any]], name: str, tau: float, key: str) -> dict[int, float]:
    """Return the mean over budgets of the outcomes of each seed."""
    own = [r for r in rows if r["method"] == name and r["tau"] == tau]
    seeds = sorted({r["seed"] for r in own})
    return {seed: float(np.mean([r[key] for r in own if r["seed"] == seed])) for seed in seeds}


def summary(rows: list[dict[str, Any]], name: str, tau: float) -> dict[str, Any]:
    """Return a method's means over budgets and seeds with 95 % intervals over seeds, and its distance from `front`."""
    found: dict[str, Any] = {"method": name, "tau": tau}
    for key in ("percentile", "regret", "hit_rate", "missed", "seconds"):
        own = per_seed(rows, name, tau, key)
        found["seeds"] = len(own)
        found[key] = [round(v, 4) for v in mean_interval(list(own.values()))]
    best = per_seed(rows, "front", tau, "regret")
    behind = [regret - best[seed] for seed, regret in per_seed(rows, name, tau, "regret").items() if seed in best]
    if name != "front" and behind:
        found["behind_front"] = [round(v, 4) for v in mean_interval(behind)]
    return found


def line(name: str, tau: float, rows: list[dict[str, Any]]) -> str:
    """Return a row of the table."""
    s = summary(rows, name, tau)
    ends = ["{:.3f} ({:.3f} to {:.3f})".format(*s[k]) if k in s else "" for k in ("regret", "behind_front")]
    percentile = "{:.1f} ({:.1f} to {:.1f})".format(*s["percentile"])
    shown = (name, f"{tau:g}", percentile, *ends, f"{s['hit_rate'][0]:.0%}", f"{s['missed'][0]:.0%}")
    return "| " + " | ".join((*shown, f"{s['seconds'][0]:.2f} s")) + " |"


def write_rows(args: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    """Write every outcome as CSV; the same command goes on from there."""
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with args.out.with_suffix(".csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows({k: round(v, 4) if isinstance(v, float) else v for k, v in r.items()} for r in rows)


def write_summary(args: argparse.Namespace, rows: list[dict[str, Any]], table: MeasuredNetworks, n: int) -> None:
    """Write the summaries as JSON and the picture as PNG."""
    keys = sorted({(r["method"], r["tau"]) for r in rows}, key=lambda k: (-k[1], list(METHODS).index(k[0])))
    found = [summary(rows, name, tau) for name, tau in keys]
    about = {"table": str(args.table or NATS), "networks": len(table.errors), "spaces": table.grid.num_spaces}
    about |= {"notes": list(table.notes), "evaluations": n, "seeds": args.seeds}
    about |= {"processor_seconds": round(sum(r["seconds"] for r in rows))}
    args.out.with_suffix(".json").write_text(json.dumps({**about, "summaries": found}, indent=1))
    draw(found, args.out.with_suffix(".png"))


def draw(found: Sequence[dict[str, Any]], file: Path) -> None:
    """Draw regret against the τ of what is read; methods that were read from the exact table alone as marks at 1."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    for name in METHODS:
        own = sorted((s for s in found if s["method"] == name), key=lambda s: -s["tau"])
        if own:
            x, (y, low, high) = [s["tau"] for s in own], np.array([s["regret"] for s in own]).T
            style = "o-" if len(own) > 1 else "D"
            axes.errorbar(x, y, yerr=[y - low, high - y], fmt=style, capsize=3, markersize=4, label=name)
    axes.set(xlabel="Kendall τ of what is read to the truth", ylabel="mean regret, points of error", ylim=(0, None))
    axes.invert_xaxis()
    axes.legend(fontsize=8)
    figure.savefig(file, dpi=120)


if __name__ == "__main__":
    try:
        main()
    except NetspaceError as error:
        raise SystemExit(f"error: {error}") from None
