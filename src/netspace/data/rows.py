"""What every kind of data set comes down to: a stream of encoded images with the index of their class."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import Image

from netspace.data.files import UnreadableError


@dataclass(frozen=True)
class Row:
    """One image as it is stored.

    Args:
        name: for errors: a path, or a row of a table.
        image: its file, its encoded bytes, or an image that is decoded already; None where it is missing.
        label: index of its class.
    """

    name: str
    image: Path | bytes | Image.Image | None
    label: int

    def content(self) -> bytes | Image.Image:
        """Return the encoded bytes, or the decoded image.

        Raises:
            UnreadableError: where there is no image, or its file can't be read.
        """
        if self.image is None:
            raise UnreadableError(self.name, "there is none")
        if not isinstance(self.image, Path):
            return self.image
        try:
            return self.image.read_bytes()
        except OSError as error:
            raise UnreadableError(self.name, error.strerror or str(error)) from None


def digest(content: bytes | Image.Image) -> int:
    """Return a number of 64 bits that tells an image's content, whatever its name or place."""
    encoded = content.tobytes() if isinstance(content, Image.Image) else content
    return int.from_bytes(hashlib.blake2b(encoded, digest_size=8).digest())


class Source(Protocol):
    """A data set.

    Attributes:
        classes: class names.
        splits: names of its splits: `train`, and where it has them `validation`, `test` and others.
        notes: what a reader has to know of how it was read; a line each.
        unlabelled: splits whose rows have no label.
        unreadable: what can't be read, known before any image is opened.
        stamp: changes where an image may have changed; None where that is not known without reading them.
    """

    splits: list[str]
    notes: list[str]
    unlabelled: list[str]
    unreadable: list[UnreadableError]
    stamp: str | None

    @property
    def classes(self) -> list[str]:
        """Class names, in the order of their indices."""
        ...

    def count(self, split: str) -> int | None:
        """Return how many images a split has, where that is known beforehand."""
        ...

    def rows(self, split: str) -> Iterator[Row]:
        """Yield the rows of a split in their stored order."""
        ...


def stamp_of(paths: list[Path], root: Path, *more: object) -> str:
    """Return a text that changes where a file is added, removed, renamed, or written (its size or time of change)."""
    told = hashlib.blake2b(repr(more).encode(), digest_size=16)
    for path in paths:
        try:
            status = path.stat()
            line = (path.relative_to(root).as_posix(), status.st_size, status.st_mtime_ns)
        except OSError:
            line = (path.as_posix(), -1, -1)
        told.update(repr(line).encode("utf-8", "surrogateescape"))
    return told.hexdigest()
