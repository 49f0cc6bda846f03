"""A data set read, resized and packed into one small file, to be carried to a machine that trains.

    python benchmarks/packed.py --dataset ../shared/data/cifar10 --size 16 --out .carried/c10.npz.xz
    python benchmarks/packed.py --dataset ../shared/data/cifar100 --train 40000 --test 0 --out .carried/c100.npz.xz

Scripts that take `--dataset` take such a file as well. `--train` keeps so many training images, drawn evenly.
"""

from __future__ import annotations

import argparse
import io
import lzma
from pathlib import Path

import numpy as np
import torch

from netspace import DataSettings, load_images
from netspace.data import DataSummary, ImageData, ImageSet

SUFFIX = ".npz.xz"


def main() -> None:
    """Pack a data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--size", type=int, default=16)
    parser.add_argument("--train", type=int)
    parser.add_argument("--test", type=int)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    pack(load_images(DataSettings(given.dataset, image_size=given.size)), given.out, given.train, given.test)
    print(f"{given.out}: {given.out.stat().st_size / 1e6:.1f} MB")


def pack(data: ImageData, file: Path, train: int | None = None, test: int | None = None) -> None:
    """Write a data set's images; of the training images n that are drawn evenly, of the test images the first ones."""
    order = np.random.default_rng(1).permutation(len(data.train))[:train]
    rows = torch.from_numpy(np.sort(order))
    arrays = {"train": data.train.images[rows], "train_labels": data.train.labels[rows]}
    arrays |= {"test": data.test.images[:test], "test_labels": data.test.labels[:test]}
    content = io.BytesIO()
    values = {name: value.numpy() for name, value in arrays.items()} | {"classes": np.array(data.classes)}
    np.savez(content, **values)  # type: ignore[arg-type]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(lzma.compress(content.getvalue(), preset=4))


def unpack(file: Path) -> ImageData:
    """Return the data set that was packed."""
    with np.load(io.BytesIO(lzma.decompress(file.read_bytes())), allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    train, test = (
        ImageSet(torch.from_numpy(found[part]), torch.from_numpy(found[f"{part}_labels"])) for part in ("train", "test")
    )
    classes = [str(name) for name in found["classes"]]
    size, channels = train.images.shape[-1], train.images.shape[1]
    each = [np.bincount(found[f"{part}_labels"], minlength=len(classes)) for part in ("train", "test")]
    counts = {name: (int(n), int(m)) for name, n, m in zip(classes, *each, strict=True)}
    about = (len(train), len(test), "as packed", size, channels, (size, size), (size, size))
    settings = DataSettings(str(file), image_size=size, channels=1 if channels == 1 else 3)
    summary = DataSummary(str(file), counts, *about)
    return ImageData(settings, classes, train, test, np.zeros(len(train), np.uint64), summary)


if __name__ == "__main__":
    main()
