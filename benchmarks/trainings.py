"""Trainings that end up as rows of a CSV file, one after another; what is there already is not trained again.

Rows are appended as they come, whole lines, so several processes may share one file, each with its own `part`.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import packed
import torch

from netspace import DataSettings, load_images
from netspace.cost import cost
from netspace.data import ImageData, ImageSet
from netspace.evaluate import Training, TrainingData, classification_error
from netspace.evaluate.step import own_stream
from netspace.evaluate.train import DivergedError
from netspace.settings import Recipe
from netspace.spaces import Architecture, NetworkTemplate

UNSEEN = 15_000
KEY = ("group", "recipe", "seed")


@dataclass(frozen=True)
class Item:
    """One training to do: of which group of networks, by which recipe (its `name` is what the row says), which seed."""

    group: str
    architecture: Architecture
    recipe: Recipe
    seed: int

    @property
    def key(self) -> tuple[str, ...]:
        """What tells a row from every other one, as it is written: group, recipe and seed, then depths and widths."""
        return (self.group, self.recipe.name, str(self.seed), *self.knobs.values())

    @property
    def knobs(self) -> dict[str, str]:
        """Depth and width of each stage, by column."""
        pairs = zip(self.architecture.depths, self.architecture.widths, strict=True)
        stages = [{f"d{i}": str(d), f"w{i}": str(w)} for i, (d, w) in enumerate(pairs, start=1)]
        return {name: value for stage in stages for name, value in stage.items()}


def load(dataset: str, size: int = 16) -> ImageData:
    """Return a data set's images at a size; those of a packed file (packed.py) as they are."""
    if dataset.endswith(packed.SUFFIX):
        return packed.unpack(Path(dataset))
    return load_images(DataSettings(dataset, image_size=size))


def train_items(
    items: Sequence[Item],
    images: ImageData,
    template: NetworkTemplate,
    file: Path,
    part: str = "0/1",
    *,
    device: str = "cpu",
    jobs: int = 1,
) -> None:
    """Train what the file lacks, and append a row for each.

    Args:
        items: in the order of training.
        images: whose training split is trained on.
        template: of all networks.
        file: CSV to add to; made where there is none.
        part: as `0/2`: every second item from the first on.
        device: `cpu` or `cuda`.
        jobs: threads, each with a training of its own; of use on a GPU, which one small network leaves idle.
    """
    torch.set_num_threads(1)
    on = torch.device(device)
    number, parts = (int(text) for text in part.split("/"))
    names = (*KEY, *items[0].knobs)
    done = {tuple(row[name] for name in names) for row in read_rows(file)}
    own = [item for item in items[number::parts] if item.key not in done]
    split: dict[tuple[int | None, float], tuple[TrainingData, ImageSet]] = {}
    for item in own:
        of = (item.recipe.train_images, item.recipe.validation_share)
        if of not in split:
            split[of] = TrainingData.of(images, item.recipe, on), unseen(images, item.recipe).to(on)

    def row_of(item: Item) -> dict[str, str]:
        with own_stream(on):
            return train_row(item, template, *split[item.recipe.train_images, item.recipe.validation_share])

    pool = ThreadPoolExecutor(jobs)
    try:
        waiting = {pool.submit(row_of, item): item for item in own}
        for place, future in enumerate(as_completed(waiting)):
            row, item = future.result(), waiting[future]
            append_row(file, row)
            shown = row["unseen_error"] or "diverged"
            print(f"{place + 1}/{len(own)} {item.group} {item.architecture}: {shown} in {row['seconds']} s", flush=True)
    finally:
        pool.shutdown(cancel_futures=True)


def train_row(item: Item, template: NetworkTemplate, data: TrainingData, others: ImageSet) -> dict[str, str]:
    """Train one network and return its row; `seconds` are of processor, on a GPU those that have passed."""
    clock = time.perf_counter if data.device.type == "cuda" else time.process_time
    begun = clock()
    training, costs = (
        Training(item.architecture, template, data, item.recipe, seed=item.seed),
        cost(item.architecture, template),
    )
    unseen_error = ""
    try:
        while training.epoch < item.recipe.epochs:
            training.train_epoch()
        unseen_error = f"{classification_error(training.network, others, data.normalise):.5f}"
    except DivergedError:
        pass
    curves = {name: " ".join(f"{entry[name]:.5g}" for entry in training.curve) for name in CURVES}
    seconds = f"{clock() - begun:.1f}"
    amounts = {"flops": str(costs.flops), "params": str(costs.params)}
    told = dict(zip(KEY, item.key[: len(KEY)], strict=True)) | item.knobs | amounts | curves
    return told | {"unseen_error": unseen_error, "seconds": seconds}


CURVES = ("loss", "validation_error", "validation_loss")


def unseen(images: ImageData, recipe: Recipe) -> ImageSet:
    """Return training images that a recipe neither trains nor validates on, at most 15 000; never the test split."""
    order = np.random.default_rng(0).permutation(len(images.train))  # as TrainingData.of draws
    rows = torch.from_numpy(order[recipe.train_images or len(order) :][:UNSEEN])
    if not len(rows):
        raise SystemExit(f"recipe {recipe.name} leaves no image unseen; lower its train_images")
    return ImageSet(images.train.images[rows], images.train.labels[rows])


def read_rows(file: Path) -> list[dict[str, str]]:
    """Return the rows of a file; none where there is none."""
    if not file.exists():
        return []
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def point_of(row: dict[str, str]) -> tuple[int, ...]:
    """Return depth and width of stage 1, of stage 2, … of a row's network."""
    return tuple(int(value) for name, value in row.items() if name[0] in "dw" and name[1:].isdigit())


def append_row(file: Path, row: dict[str, str]) -> None:
    """Append a row in one write, with the header where the file is new; one process at a time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        text = io.StringIO()
        writer = csv.DictWriter(text, list(row), lineterminator="\n")
        if not os.fstat(stream.fileno()).st_size:
            writer.writeheader()
        writer.writerow(row)
        stream.write(text.getvalue())
        stream.flush()
        os.fsync(stream.fileno())


def interleaved(*lists: Sequence[Item]) -> Iterable[Item]:
    """Yield the items of several lists so that each is equally far along at every moment."""
    placed = [((i + 0.5) / len(items), k, item) for k, items in enumerate(lists) for i, item in enumerate(items)]
    return [item for _, _, item in sorted(placed, key=lambda one: one[:2])]


def truth_of(
    tables: Sequence[Path], error: str, groups: Sequence[str] | None = None
) -> dict[tuple[int, ...], tuple[float, float]]:
    """Return mean error and cost of each network of a table, or of those that two tables know.

    Args:
        tables: one, or two of one row for each network.
        error: their column.
        groups: of the rows; None takes all.
    """
    found: dict[tuple[int, ...], list[tuple[float, float]]] = {}
    for row in (row for table in tables for row in read_rows(table)):
        if (not groups or row["group"] in groups) and row[error]:
            found.setdefault(point_of(row), []).append((float(row[error]), float(row["flops"])))
    if len(tables) > 1:  # only what both know, or single trainings would be mixed with means of two
        found = {point: values for point, values in found.items() if len(values) > 1}
    return {point: (float(np.mean([e for e, _ in values])), values[0][1]) for point, values in found.items()}
