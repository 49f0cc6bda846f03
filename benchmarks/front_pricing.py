"""How long it takes to judge every space of a grid at many budgets, how much memory, and how sure the figures are.

    python benchmarks/front_pricing.py --space expanded --json benchmarks/results/front_pricing.json

Errors of the networks that the predictor is fitted to are a formula with noise: what is measured is the arithmetic.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netspace import Budget, CostModel, load_search_space
from netspace.cost import LogUniformDraws
from netspace.surrogate.contest import shortlist
from netspace.surrogate.features import model_features
from netspace.surrogate.grid import members
from netspace.surrogate.judging import Judged, Members, least_hit_rate
from netspace.surrogate.predictors import FITS

FloatArray = NDArray[np.float64]
PAPER = ("200M", "400M", "600M", "1.6G", "3.2G", "4G", "6.4G", "8G", "12G", "16G", "24G", "32G")
SMALL = ("2.5M", "5M", "10M", "20M", "30M", "40M", "60M", "80M", "120M", "160M", "240M", "320M")


def main() -> None:
    """Fit, judge, print a row per budget and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="expanded")
    parser.add_argument("--model", choices=sorted(FITS), default="gaussian process")
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    found = measure(args.space, args.model, args.rows)
    print(
        f"{found['spaces']:,} spaces × {len(found['budgets'])} budgets: {found['seconds']} s "
        f"({found['processor_seconds']} s of processor), {found['peak_mb']} MB"
    )
    for row in found["budgets"]:
        print("| " + " | ".join(str(v) for v in row.values()) + " |")
    if args.json is not None:
        args.json.write_text(json.dumps(found, indent=1))


def measure(name: str, model_name: str, rows: int) -> dict[str, Any]:
    """Judge all spaces of a preset at twelve budgets with a model fitted to so many networks."""
    search_space, rng = load_search_space(name), np.random.default_rng(0)
    grid = search_space.grid
    model = CostModel(search_space.template(32, 3, 10))
    points = LogUniformDraws(model, search_space.full, rng=rng).draw(rows, rng=rng)
    costs = model(points)
    errors = formula(points, costs) + 0.3 * rng.normal(size=rows)
    predictor = FITS[model_name](model_features(grid, points, costs), errors, rng=rng)
    budgets = [Budget.parse(text) for text in (PAPER if name == "expanded" else SMALL)]
    started, busy = time.perf_counter(), time.process_time()
    everyone = members(search_space, model, hit_rate=0.5)
    judged = everyone.judge(lambda p, c: predictor.predict(model_features(grid, p, c)), [b.interval for b in budgets])
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        **{"space": name, "model": model_name, "rows": rows, "spaces": search_space.num_spaces},
        **{"seconds": round(seconds, 1), "processor_seconds": round(busy, 1), "peak_mb": peak},
        "budgets": [row(b, j, everyone) for b, j in zip(budgets, judged, strict=True)],
    }


def formula(points: NDArray[np.int64], costs: NDArray[np.int64]) -> FloatArray:
    """Return errors in points that fall with size, with an interior best of depth against width."""
    logs = np.log(points)
    shape = (logs[:, 0::2].mean(1) - logs[:, 1::2].mean(1) + 3) ** 2
    return np.asarray(40 * (costs / 1e7) ** -0.15 + shape - 0.5 * logs[:, 1::2].min(1), np.float64)


def row(budget: Budget, judged: Judged, everyone: Members) -> dict[str, Any]:
    """Return what is known at one budget: the best space, and the standard errors of the figures compared."""
    floor = least_hit_rate(judged, 0.5)
    ahead = shortlist(judged, 32, hit_rate=floor)
    seen = np.isfinite(judged.error)
    return {
        "budget": str(budget),
        "judged": int(seen.sum()),
        "best": everyone.choice(int(ahead[0])),
        "error": round(float(judged.error[ahead[0]]), 3),
        "hit rate": round(float(judged.hit_rate[ahead[0]]), 3),
        "standard error of the best 32": round(float(judged.sampling[ahead].max()), 4),
        "median standard error of all": round(float(np.median(judged.sampling[seen])), 3),
        "spread of spaces": round(float(judged.error[seen].std()), 2),
    }


if __name__ == "__main__":
    main()
