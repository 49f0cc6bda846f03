"""Decoded images kept in a run's folder, so that the next command reads them in a second."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netspace.data.rows import Source
from netspace.data.summary import DataSummary
from netspace.documents import replacing
from netspace.settings import DataSettings

VERSION = 2  # of the rules by which images are read, and of what is said of them: another one reads them anew
FOLDER = "cache"


@dataclass(frozen=True)
class KeptImages:
    """All of a data set that was read.

    Args:
        images: training images and then test images, uint8, shape (n, channels, size, size).
        labels: class indices, shape (n,), int64.
        digests: 64 bits of each one's encoded content, shape (n,), uint64.
        train: how many of them are training images.
        about: image size, channels, classes and the summary, as plain data.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    digests: NDArray[np.uint64]
    train: int
    about: dict[str, Any]


def key_of(source: Source, settings: DataSettings) -> str | None:
    """Return a name for the images of a source as some settings read them; None where a change would not be seen."""
    if source.stamp is None:
        return None
    told = (VERSION, source.stamp, settings.image_size, settings.channels, settings.test_share)
    return hashlib.blake2b(repr((*told, settings.skip_unreadable)).encode(), digest_size=8).hexdigest()


def places(*runs: Path) -> list[Path]:
    """Return where images may be kept: in the folders of runs, and beside them, as `netspace auto` does."""
    return [place / FOLDER for run in runs for place in (run, run.absolute().parent)]


def load_kept(key: str | None, folders: Iterable[Path]) -> KeptImages | None:
    """Return the images of a name from the first folder that has them whole."""
    for file in (folder / f"images-{key}.npz" for folder in folders if key is not None):
        # A file that is cut off or of another shape is as good as none: the images are read anew.
        with contextlib.suppress(Exception), np.load(file, allow_pickle=False) as arrays:
            images, labels, digests = arrays["images"], arrays["labels"], arrays["digests"]
            about = json.loads(bytes(arrays["about"]))
            train = int(arrays["train"])
            kept = KeptImages(images, labels, digests, train, about)
            if _is_whole(kept):
                return kept
    return None


def _is_whole(kept: KeptImages) -> bool:
    """Say whether the parts belong together; where one is missing or of another kind, an exception says no."""
    summary, classes = DataSummary.of_plain(kept.about["summary"]), kept.about["classes"]
    shape = (len(kept.labels), summary.channels, summary.image_size, summary.image_size)
    kinds = ((kept.images, np.uint8), (kept.labels, np.int64), (kept.digests, np.uint64))
    types = all(values.dtype == np.dtype(kind) for values, kind in kinds)
    counts = summary.train == kept.train > 0 < summary.test
    counts = counts and kept.train + summary.test == len(kept.labels) == len(kept.digests)
    known = list(summary.classes) == classes and 0 <= kept.labels.min() <= kept.labels.max() < len(classes)
    return bool(types and counts and known and kept.images.shape == shape and summary.lines)


def keep(kept: KeptImages, keys: list[str], folder: Path) -> None:
    """Write images into a folder, whole or not at all; where that is not possible, the next command reads them anew.

    Args:
        kept: the images.
        keys: their names: as the settings asked for them, and as these were resolved.
        folder: made where it is not there.
    """
    file, *others = (folder / f"images-{key}.npz" for key in dict.fromkeys(keys))
    about = np.frombuffer(json.dumps(kept.about).encode(), np.uint8)
    arrays: dict[str, Any] = {"images": kept.images, "labels": kept.labels, "digests": kept.digests}
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(file) as stream:
            np.savez(stream, about=about, train=np.int64(kept.train), **arrays)
        for other in others:
            other.unlink(missing_ok=True)
            os.link(file, other)
