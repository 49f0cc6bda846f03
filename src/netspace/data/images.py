"""A data set as one uint8 tensor per split, with a test split that is read but stays sealed until it is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from netspace.data.kept import KeptImages, keep, key_of, load_kept
from netspace.data.reading import read_source
from netspace.data.source import open_source
from netspace.data.summary import DataSummary
from netspace.errors import NetspaceError
from netspace.settings import DataSettings


@dataclass(frozen=True)
class ImageSet:
    """Images and labels of one split.

    Args:
        images: shape (n, channels, size, size), uint8.
        labels: class indices, shape (n,), int64.
    """

    images: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> ImageSet:
        """Return the set on a device."""
        return ImageSet(self.images.to(device), self.labels.to(device))

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class ImageData:
    """A data set: its training images, and its sealed test images.

    Args:
        settings: as resolved: size and channels are those of the data.
        classes: class names.
        train: the training split.
        test: the test split; `sealed_test` hands it out.
        digests: 64 bits of the encoded content of each training image, shape (n,), uint64.
        summary: what was read.
        keys: names under which the images may be kept; none where a change of the data would not be seen.
    """

    settings: DataSettings
    classes: list[str]
    train: ImageSet
    test: ImageSet = field(repr=False)
    digests: NDArray[np.uint64] = field(repr=False)
    summary: DataSummary = field(repr=False)
    keys: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Image size in pixels, channels, number of classes."""
        return self.train.images.shape[-1], self.train.images.shape[1], len(self.classes)

    def check_shape(self, wanted: tuple[int, int, int], whose: str, instead: str) -> None:
        """Raise NetspaceError where the images are of another size, channels or number of classes.

        Args:
            wanted: those that they should have.
            whose: what has these, as the message says it.
            instead: what to give instead.
        """
        if self.shape != wanted:
            raise NetspaceError(
                f"dataset '{self.settings.dataset}' has (image size, channels, classes) {self.shape}, but {whose} "
                f"{wanted}; {instead}"
            )

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change where a training image or label does, wherever the data lie."""
        digest = hashlib.blake2b(digest_size=8)
        digest.update(self.train.images.cpu().numpy().tobytes())
        digest.update(self.train.labels.cpu().numpy().tobytes())
        return digest.hexdigest()

    def sealed_test(self) -> ImageSet:
        """Return the test split: only to report a finished network's error, never to choose anything."""
        return self.test

    def keep(self, folder: Path) -> None:
        """Keep the decoded images in a folder, where `load_images` finds them; nothing where they came from there."""
        if not self.keys:
            return
        parts = (self.train, self.test)
        images, labels = (np.concatenate([getattr(part, k).numpy() for part in parts]) for k in ("images", "labels"))
        digests = np.concatenate([self.digests, np.zeros(len(self.test), np.uint64)])
        about = {"classes": self.classes, "summary": self.summary.to_plain()}
        keep(KeptImages(images, labels, digests, len(self.train), about), list(self.keys), folder)


def load_images(
    settings: DataSettings,
    *,
    kept: Iterable[Path] = (),
    on_progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> ImageData:
    """Read a data set: its training images, and its test images or those that are sealed where it has none.

    Args:
        settings: where the images are, and how they are read.
        kept: folders that may hold the decoded images of an earlier command.
        on_progress: called every few seconds with how many images are read and of how many, where that is known.

    Raises:
        NetspaceError: names what is wrong: unreadable, empty, unlabelled, of one class, of mixed channels, a class with
            too few images, none to train on or none to seal.
    """
    source = open_source(settings)
    key = key_of(source, settings)
    there = load_kept(key, kept)
    found = there or read_source(source, settings, on_progress)
    summary = DataSummary.of_plain({**found.about["summary"], "dataset": settings.dataset})
    resolved = DataSettings(**{**vars(settings), "image_size": summary.image_size, "channels": summary.channels})
    images, labels, n = torch.from_numpy(found.images), torch.from_numpy(found.labels), found.train
    train, test = (ImageSet(images[rows], labels[rows]) for rows in (slice(n), slice(n, None)))
    keys = () if there or key is None else (key, key_of(source, resolved) or key)
    return ImageData(resolved, found.about["classes"], train, test, found.digests[:n], summary, keys=keys)
