"""Where images come from: what a data set's name means, and the kind of source that reads it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image

from netspace.data.class_folders import Listing, list_class_folders
from netspace.data.files import UnreadableError, shown_path
from netspace.data.hub import HubSource, may_be_id
from netspace.data.labels import list_labelled
from netspace.data.rows import Row, Source, stamp_of
from netspace.data.table_files import holds_images, is_saved, open_parquet, open_saved, parquet_files
from netspace.errors import NetspaceError
from netspace.settings import DataSettings

EMBEDDED = "fashion"
KINDS = f"'{EMBEDDED}' (embedded), a folder, a parquet file or a hub id such as 'cifar10'"


def open_source(settings: DataSettings) -> Source:
    """Open a data set by name, path or hub id, without reading its images.

    What is here is never looked up on the hub, and what is no hub id neither.

    Raises:
        NetspaceError: where it is not there, empty, or has no column of images or of labels.
    """
    name = settings.dataset
    if not name.strip():
        raise NetspaceError(f"the dataset's name is empty; give {KINDS}")
    if name == EMBEDDED and settings.labels is None:
        return EmbeddedSource()
    path = Path(name).expanduser()
    if settings.labels is not None and not path.is_dir():
        what = "none" if name == EMBEDDED or path.exists() else f"not there ({_near(path)})"
        raise NetspaceError(f"--labels belongs to a folder of images, but dataset '{name}' is {what}")
    if path.is_dir():
        return _open_folder(settings, path)
    if path.exists():
        return _open_file(settings, path)
    absent = f"dataset '{name}' is not there ({_near(path)})"
    if not may_be_id(name):
        raise NetspaceError(f"{absent}; give {KINDS}")
    try:
        return HubSource(settings)
    except NetspaceError as error:
        raise NetspaceError(f"{absent}, and the hub does not give it: {error}; give {KINDS}") from None


def _open_folder(settings: DataSettings, path: Path) -> Source:
    if settings.labels is not None:
        columns = {"file_column": settings.image_column, "label_column": settings.label_column}
        return FolderSource(path, list_labelled(path, settings.labels, **columns))
    if is_saved(path):
        return open_saved(settings, path)
    tables = parquet_files(path)
    named = settings.image_column is not None and bool(tables)
    if named or any(holds_images(file, marked=True) for file in tables):
        return open_parquet(settings, path)
    try:
        return FolderSource(path, list_class_folders(path))
    except NetspaceError:
        # Bytes that nothing marks as images are taken for such where there is nothing else.
        if any(holds_images(file, marked=False) for file in tables):
            return open_parquet(settings, path)
        raise


def _open_file(settings: DataSettings, path: Path) -> Source:
    if not path.is_file():
        raise NetspaceError(f"dataset '{settings.dataset}' is neither a file nor a folder; give {KINDS}")
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
    except OSError as error:
        raise NetspaceError(f"cannot read dataset '{settings.dataset}': {error.strerror}") from None
    if start == b"PAR1" or path.suffix.lower() in (".parquet", ".pq"):
        return open_parquet(settings, path)
    packed = path.suffix.lower() in (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".xz", ".bz2") or start[:2] == b"PK"
    advice = "unpack it, and give the folder" if packed else f"give {KINDS}"
    raise NetspaceError(f"dataset '{settings.dataset}' is a file that is no parquet file; {advice}")


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return f"neither is the folder '{shown_path(path.parent)}'"
    near = difflib.get_close_matches(path.name, (entry.name for entry in path.parent.iterdir()), n=1)
    return f"did you mean '{shown_path(path.parent / near[0])}'?" if near else "check the path"


class EmbeddedSource:
    """A balanced part of Fashion-MNIST (Xiao et al. 2017, MIT licence) that ships with the package: 28×28, grey."""

    def __init__(self) -> None:
        self._file = resources.files("netspace.data") / "embedded" / "fashion_mnist_10k.npz"
        self.splits = ["train", "test"]
        self.notes: list[str] = []
        self.unlabelled: list[str] = []
        self.unreadable: list[UnreadableError] = []
        self.stamp: str | None = None
        with self._file.open("rb") as stream, np.load(stream) as arrays:
            self.classes = [str(name) for name in arrays["classes"]]

    def count(self, split: str) -> int | None:
        """See Source: reading it takes no time worth showing."""
        return None

    def rows(self, split: str) -> Iterator[Row]:
        """Yield the rows of a split; arrays of the other split are not read."""
        with self._file.open("rb") as stream, np.load(stream) as arrays:
            images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
        for i, (pixels, label) in enumerate(zip(images, labels, strict=True)):
            yield Row(f"{split} {i}", Image.fromarray(pixels), int(label))


class FolderSource:
    """Image files in a folder, by their class folders or by a table of labels.

    Args:
        root: the folder.
        listing: its images.
    """

    def __init__(self, root: Path, listing: Listing) -> None:
        self._listing = listing
        self.classes, self.splits, self.notes = listing.classes, list(listing.splits), list(listing.notes)
        self.unlabelled: list[str] = []
        self.unreadable = [UnreadableError(shown_path(path), why) for path, why in listing.unreadable]
        images, labels = zip(*(row for rows in listing.splits.values() for row in rows), strict=True)
        told = (listing.classes, self.splits, labels, listing.notes, listing.unreadable)
        self.stamp: str | None = stamp_of(list(images), root, told)

    def count(self, split: str) -> int | None:
        """See Source."""
        return len(self._listing.splits[split])

    def rows(self, split: str) -> Iterator[Row]:
        """See Source."""
        for path, label in self._listing.splits[split]:
            yield Row(shown_path(path), path, label)
