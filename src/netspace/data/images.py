"""A data set as one uint8 tensor per split, with a test split that stays sealed until it is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from netspace.data.source import Row, Source, open_source
from netspace.errors import NetspaceError
from netspace.settings import DataSettings

LARGEST_OWN_SIZE = 64
DEFAULT_SIZE = 32
_GREY_MODES = {"1", "L", "LA", "I", "F", "I;16"}


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
    """A data set: its training images, and where its sealed test images are.

    Args:
        settings: as resolved: size and channels are those of the data.
        classes: class names.
        train: the training split.
        source: where the images come from.
    """

    settings: DataSettings
    classes: list[str]
    train: ImageSet
    source: Source = field(repr=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Image size in pixels, channels, number of classes."""
        return self.train.images.shape[-1], self.train.images.shape[1], len(self.classes)

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change where a training image or label does."""
        digest = hashlib.blake2b(digest_size=8)
        digest.update(self.train.images.cpu().numpy().tobytes())
        digest.update(self.train.labels.cpu().numpy().tobytes())
        return digest.hexdigest()

    def sealed_test(self) -> ImageSet:
        """Read the test split: only to report a finished network's error, never to choose anything."""
        size, channels, _ = self.shape
        return _read(_test_rows(self.source, self.settings.test_share), size, channels, self.settings)[0]


def load_images(settings: DataSettings) -> ImageData:
    """Read the training split of a data set.

    Raises:
        NetspaceError: names what is wrong: unreadable, empty, unlabelled, of one class, of mixed channels.
    """
    source = open_source(settings)
    rows = _train_rows(source, settings.test_share)
    train, resolved = _read(rows, settings.image_size, settings.channels, settings)
    present = len(train.labels.unique())
    if present < 2:
        raise NetspaceError(f"dataset '{settings.dataset}' has {present} class; a classifier needs two or more")
    return ImageData(resolved, source.classes, train, source)


def _test_split(source: Source) -> str | None:
    for name in ("test", "validation", "valid", "val"):
        if name in source.splits and len(source.splits) > 1:
            return name
    return None


def _train_split(source: Source) -> str:
    if "train" in source.splits:
        return "train"
    return next(name for name in source.splits if name != _test_split(source))


def _every(rows: Iterable[Row], share: float, *, sealed: bool) -> Iterator[Row]:
    """Yield the sealed share of each class, spread evenly over its rows, or the rest."""
    seen: dict[int, int] = {}
    for row in rows:
        k = seen.get(row.label, 0)
        seen[row.label] = k + 1
        if (int((k + 1) * share) > int(k * share)) == sealed:
            yield row


def _train_rows(source: Source, share: float) -> Iterator[Row]:
    rows = source.rows(_train_split(source))
    return rows if _test_split(source) else _every(rows, share, sealed=False)


def _test_rows(source: Source, share: float) -> Iterator[Row]:
    split = _test_split(source)
    return source.rows(split) if split else _every(source.rows(_train_split(source)), share, sealed=True)


def _read(
    rows: Iterable[Row], size: int | None, channels: int | None, settings: DataSettings
) -> tuple[ImageSet, DataSettings]:
    """Decode rows to one tensor; the size is the data's own as long as all images agree on a small square."""
    arrays: list[np.ndarray] = []
    labels: list[int] = []
    for row in rows:
        image = row.open()
        found = 1 if image.mode in _GREY_MODES else 3
        if channels is None:
            channels = found
        elif settings.channels is None and found != channels:
            raise NetspaceError(
                f"dataset '{settings.dataset}' mixes channels: {row.name} has {found}, those before it {channels}; "
                "convert all of them with --channels 1 or --channels 3"
            )
        if size is None and not _fits(image, arrays):
            size = DEFAULT_SIZE
            arrays = [to_array(Image.fromarray(array), size, channels) for array in arrays]
        arrays.append(to_array(image, size, channels))
        labels.append(row.label)
    if not arrays:
        raise NetspaceError(f"dataset '{settings.dataset}' is empty: it has no image to train on")
    pixels = torch.from_numpy(np.stack(arrays))
    pixels = pixels[:, None] if channels == 1 else pixels.permute(0, 3, 1, 2)
    resolved = DataSettings(**{**vars(settings), "image_size": pixels.shape[-1], "channels": channels})
    return ImageSet(pixels.contiguous(), torch.tensor(labels)), resolved


def _fits(image: Image.Image, before: list[np.ndarray]) -> bool:
    square = image.width == image.height <= LARGEST_OWN_SIZE
    return square and (not before or image.height == before[0].shape[0])


def to_array(image: Image.Image, size: int | None, channels: int | None) -> np.ndarray:
    """Return an image's pixels, uint8, shape (height, width) for one channel, else (height, width, 3).

    Args:
        image: of any mode; more than eight bits are scaled to 0..255.
        size: height and width to resize to; None keeps them.
        channels: 1 for grey; else colour.
    """
    if image.mode in ("I", "I;16", "F"):
        values = np.asarray(image, np.float64)
        image = Image.fromarray((values * (255.0 / max(float(values.max()), 255.0))).astype(np.uint8))
    image = image.convert("L" if channels == 1 else "RGB")
    if size is not None and image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=3.0)
    return np.asarray(image)
