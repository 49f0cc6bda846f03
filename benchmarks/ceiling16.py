"""What is known of honest trainings: how one seed ranks another, a model all others, and rivals that cost nothing.

    python benchmarks/ceiling16.py benchmarks/results/truth16_c10.csv

Per band, Kendall's τ to `unseen_error` with a bootstrap interval over networks: of another seed's training, of a model
fitted to all other networks of the table, of what was read of the same training (which shares its luck), and of the
mean log width, the total depth and FLOPs, which need no training. Then, over all bands, what each reading of one
training says of another seed's unseen error.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from few_readings import Table, truth16_table
from numpy.typing import NDArray
from signals import READINGS, readings_of
from trainings import point_of, read_rows

from netspace.analysis import Interval, bootstrap, kendall_tau
from netspace.surrogate.features import mean_log_width
from netspace.surrogate.validation import left_out_predictions

FloatArray = NDArray[np.float64]
FEWEST = 4
RESAMPLES = 1000


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    given = parser.parse_args()
    rows, table = read_rows(given.table), truth16_table(given.table, given.table.stem)
    print(f"{len(rows)} trainings of {len(table.costs)} networks\n")
    print("| band | networks | unseen error | what | n | τ (95 %) |\n| --- | --- | --- | --- | --- | --- |")
    for name, band in zip(("2.5M", "5M", "10M"), table.bands, strict=True):
        inside = (table.costs >= band[0]) & (table.costs <= band[1])
        if inside.sum() < FEWEST:
            continue
        spread = f"{table.truth[inside].min():.1f} to {table.truth[inside].max():.1f} %"
        for what, score, truth in compared(rows, table, inside, band):
            tau = bootstrap(kendall_tau, score, truth, rng=np.random.default_rng(0))
            print(f"| {name} | {inside.sum()} | {spread} | {what} | {len(score)} | {tau:.2f} |")
    first, second = two_seeds(rows, (0, np.inf))
    if len(first):
        apart = np.sqrt(((first - second) ** 2).mean())
        print(f"\n{len(first)} networks, two seeds: they differ by {apart:.2f} points (root mean square)")
    tell_readings(rows, table.bands)


def tell_readings(rows: list[dict[str, str]], bands: Sequence[tuple[int, int]]) -> None:
    """Print how readings of one training rank the errors of another, mean over bands and over both ways round."""
    pairs = [found for band in bands if len(found := twice(rows, band)) >= FEWEST]
    if not pairs:
        return
    print(f"\n| reading, {sum(map(len, pairs))} networks | τ to another seed's unseen error (95 %) |\n| --- | --- |")
    for i, name in enumerate(("unseen error (the ceiling)", *READINGS)):
        arrays = [np.array([(read(a)[i], error(b), read(b)[i], error(a)) for a, b in band]) for band in pairs]
        rng = np.random.default_rng(0)
        again = [mean_tau([band[rng.integers(len(band), size=len(band))] for band in arrays]) for _ in range(RESAMPLES)]
        tau = Interval(mean_tau(arrays), *np.nanquantile(again, [0.025, 0.975]))
        print(f"| {name} | {tau:.2f} |")


def mean_tau(bands: list[FloatArray]) -> float:
    """Return the mean τ of bands of networks, each of shape (n, 4): a reading and the other's error, both ways."""
    ways = [kendall_tau(band[:, i], band[:, i + 1]) for band in bands for i in (0, 2)]
    return float(np.mean(ways))


def read(row: dict[str, str]) -> list[float]:
    """Return the unseen error of a training, and its readings in the order of READINGS."""
    return [error(row), *readings_of(row)]


def error(row: dict[str, str]) -> float:
    """Return the error on unseen images."""
    return float(row["unseen_error"])


def compared(
    rows: list[dict[str, str]], table: Table, inside: NDArray[np.bool_], band: tuple[int, int]
) -> list[tuple[str, FloatArray, FloatArray]]:
    """Return what ranks networks of a band, with what it is held against."""
    widths = mean_log_width(table.grid, table.points)
    assert widths is not None
    depth = table.points[:, table.grid.places("depth")].sum(1)
    width = table.points[:, table.grid.places("width")]
    model = left_out_predictions("gaussian process", table.features, table.truth, rng=np.random.default_rng(0))
    scores = {
        "a model of all other networks": model,
        "mean log width": -widths,
        "harmonic mean width": (1 / width).mean(1),
        "last width": -width[:, -1],
        "total depth": -depth,
        "FLOPs": -table.costs,
    }
    found = [(name, np.asarray(score, np.float64)[inside], table.truth[inside]) for name, score in scores.items()]
    own = [row for row in rows if row["unseen_error"] and band[0] <= int(row["flops"]) <= band[1]]
    unseen = np.array([float(row["unseen_error"]) for row in own])
    for name, column in (("its validation error", "validation_error"), ("its last training loss", "loss")):
        found.append((name, np.array([float(row[column].split()[-1]) for row in own]), unseen))
    first, second = two_seeds(rows, band)
    return ([("another seed", first, second)] if len(first) >= FEWEST else []) + found


def two_seeds(rows: list[dict[str, str]], band: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    """Return the errors of networks that were trained twice, in %, by their first and by their second training."""
    both = np.array([[error(first), error(second)] for first, second in twice(rows, band)]).reshape(-1, 2)
    return 100 * both[:, 0], 100 * both[:, 1]


def twice(rows: list[dict[str, str]], band: tuple[float, float]) -> list[list[dict[str, str]]]:
    """Return the first two rows of each network of a band that was trained twice."""
    found: dict[tuple[int, ...], list[dict[str, str]]] = {}
    for row in rows:
        if row["unseen_error"] and band[0] <= int(row["flops"]) <= band[1]:
            found.setdefault(point_of(row), []).append(row)
    return [trained[:2] for trained in found.values() if len(trained) > 1]


if __name__ == "__main__":
    main()
