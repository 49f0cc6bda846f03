"""What a score of the super network is read off: how each reading ranks networks within bands, and what it costs.

python benchmarks/score_images.py RUN benchmarks/results/own_table_tiny.csv [MORE.csv] [--error validation_error]

RUN is a finished search with a super network. The truth is the mean error of each network over the rows of the tables.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from scipy.stats import kendalltau
from torch import Tensor
from trainings import truth_of
from within_bands import kendall_within

from netspace import Architecture
from netspace.models import recalibrate
from netspace.search import SpaceSearch, open_search
from netspace.search.scoring import BATCH

WAYS = ((512, 2000), (128, 2000), (128, 384), (128, 256))  # images to recalibrate, and to score
FIRST = 512  # where the images that are scored begin
READINGS = ("error", "expected error", "cross-entropy")


def main() -> None:
    """Print, for each number of images, milliseconds of processor a score and τ of each reading."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument("--error", default="validation_error", help="column of the tables")
    parser.add_argument("--n", type=int, default=170, help="networks, evenly over the tables")
    given = parser.parse_args()
    torch.set_num_threads(1)
    search, known = open_search(given.run), truth_of(given.tables, given.error)
    points = sorted(known)[:: max(len(known) // given.n, 1)]
    errors, costs = (np.array([known[point][i] for point in points]) for i in range(2))
    print(f"{len(points)} networks; τ within bands (overall)")
    print(f"| to recalibrate | to score | ms | {' | '.join(READINGS)} |\n| --- | --- | --- | --- | --- | --- |")
    for calibration, scored in WAYS:
        begun = time.process_time()
        logits = torch.stack([logits_of(search, point, calibration, scored) for point in points])
        taken = 1000 * (time.process_time() - begun) / len(points)
        readings = read(logits, search.theta_set.labels[FIRST : FIRST + scored])
        told = (f"{kendall_within(r, errors, costs):.2f} ({kendalltau(r, errors)[0]:.2f})" for r in readings)
        print(f"| {calibration} | {scored} | {taken:.0f} | {' | '.join(told)} |", flush=True)


@torch.no_grad()
def logits_of(search: SpaceSearch, point: tuple[int, ...], calibration: int, scored: int) -> Tensor:
    """Return what one network says of the images that are scored, shape (scored, classes)."""
    network = search.supernet.extract(Architecture.of(point[0::2], point[1::2]))
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = search.theta_set.images
    recalibrate(network, (search.normalise(part) for part in images[:calibration].split(BATCH)))
    parts = images[FIRST : FIRST + scored].split(BATCH)
    return torch.cat([network(search.normalise(part)) for part in parts])


def read(logits: Tensor, labels: Tensor) -> list[np.ndarray]:
    """Return each reading of all networks, in the order of READINGS."""
    wrong = (logits.argmax(2) != labels).double().mean(1)
    chosen = logits.log_softmax(2).gather(2, labels[None, :, None].expand(len(logits), -1, 1))[..., 0].double()
    return [wrong.numpy(), (1 - chosen.exp()).mean(1).numpy(), -chosen.mean(1).numpy()]


if __name__ == "__main__":
    main()
