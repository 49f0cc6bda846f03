"""Where images come from: a stream of encoded images with their labels, from one of four kinds of place."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image, UnidentifiedImageError

from netspace.errors import NetspaceError, did_you_mean
from netspace.settings import DataSettings

EMBEDDED = "fashion"
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"}


@dataclass(frozen=True)
class Row:
    """One image as it is stored: its name for errors, what opens it, and its class index."""

    name: str
    image: Any
    label: int

    def open(self) -> Image.Image:
        """Decode the image.

        Raises:
            NetspaceError: names the image that can't be read.
        """
        try:
            image = self.image if isinstance(self.image, Image.Image) else Image.open(io.BytesIO(self.image))
            image.load()
        except UnidentifiedImageError:
            raise NetspaceError(f"cannot read image {self.name}: it is no image; mend or remove the file") from None
        except (OSError, ValueError, SyntaxError, TypeError, Image.DecompressionBombError) as error:
            raise NetspaceError(f"cannot read image {self.name}: {error}; mend or remove the file") from None
        return image


class Source(Protocol):
    """A data set: class names, names of its splits, and a stream of a split's rows."""

    classes: list[str]
    splits: list[str]

    def rows(self, split: str) -> Iterator[Row]:
        """Yield the rows of a split in their stored order."""
        ...


def open_source(settings: DataSettings) -> Source:
    """Open a data set by name, path or hub id, without reading its images.

    Raises:
        NetspaceError: where it is not there, empty, or has no column of images or of labels.
    """
    name = settings.dataset
    if name == EMBEDDED:
        return EmbeddedSource()
    path = Path(name).expanduser()
    if not path.exists() and (name.startswith((".", "/", "~")) or name.count("/") > 1):
        raise NetspaceError(f"dataset '{name}' is not there; {_advice(path)}")
    return HubSource(settings, path if path.exists() else None)


def _advice(path: Path) -> str:
    siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    near = f"in {path.parent} {did_you_mean(path.name, siblings)}" if siblings else "check the path"
    return f"{near}; or give '{EMBEDDED}' or a hub id such as 'cifar10'"


class EmbeddedSource:
    """A balanced part of Fashion-MNIST (Xiao et al. 2017, MIT licence) that ships with the package: 28×28, grey."""

    def __init__(self) -> None:
        self._file = resources.files("netspace.data") / "embedded" / "fashion_mnist_10k.npz"
        self.splits = ["train", "test"]
        with self._file.open("rb") as stream, np.load(stream) as arrays:
            self.classes = [str(name) for name in arrays["classes"]]

    def rows(self, split: str) -> Iterator[Row]:
        """Yield the rows of a split; arrays of the other split are not read."""
        with self._file.open("rb") as stream, np.load(stream) as arrays:
            images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
        for i, (pixels, label) in enumerate(zip(images, labels, strict=True)):
            yield Row(f"{split} {i}", Image.fromarray(pixels), int(label))


class HubSource:
    """Anything that Hugging Face `datasets` reads: image folders, parquet, folders in the hub's layout, hub ids."""

    def __init__(self, settings: DataSettings, path: Path | None) -> None:
        import datasets
        import huggingface_hub

        datasets.disable_progress_bars()
        huggingface_hub.logging.set_verbosity_error()
        self._name = settings.dataset
        self._stream = self._load(datasets, settings.dataset, path)
        self.splits = list(self._stream)
        features = self._stream[self.splits[0]].features
        if features is None:
            raise NetspaceError(f"dataset '{self._name}' does not say the types of its columns")
        self._image = _image_column(datasets, features, settings)
        self._label = _label_column(datasets, features, settings)
        self._stream = self._stream.cast_column(self._image, datasets.Image(decode=False))
        self.classes, self._index = self._class_names(features[self._label])

    def _load(self, datasets: Any, name: str, path: Path | None) -> Any:
        from datasets.exceptions import DatasetsError
        from huggingface_hub.errors import HfHubHTTPError

        try:
            if path is None:
                return datasets.load_dataset(name, streaming=True)
            if path.is_file():
                return datasets.load_dataset("parquet", data_files=str(path), streaming=True)
            if any(path.rglob("*.parquet")):
                return datasets.load_dataset(str(path), streaming=True)
            if not any(file.suffix.lower() in IMAGE_SUFFIXES for file in path.rglob("*")):
                raise NetspaceError(f"dataset '{name}' is empty: no parquet file and no image below it")
            return datasets.load_dataset("imagefolder", data_dir=str(path), streaming=True)
        except (OSError, DatasetsError, HfHubHTTPError, ValueError) as error:
            if isinstance(error, NetspaceError):
                raise
            what = f"'{EMBEDDED}' (embedded), a folder, a parquet file or a hub id"
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise NetspaceError(f"cannot open dataset '{name}' ({reason}); give {what}") from None

    def _class_names(self, feature: Any) -> tuple[list[str], dict[Any, int]]:
        """Return the class names and the index of each stored label."""
        names = getattr(feature, "names", None)
        if names is not None:
            return list(names), {i: i for i in range(len(names))}
        stored = sorted({row[self._label] for row in self._columns("train" if "train" in self.splits else None)})
        return [str(value) for value in stored], {value: i for i, value in enumerate(stored)}

    def _columns(self, split: str | None) -> Any:
        return self._stream[split or self.splits[0]].select_columns([self._label])

    def rows(self, split: str) -> Iterator[Row]:
        """Yield the rows of a split, images still encoded."""
        for i, row in enumerate(self._raw(split)):
            image, label = row[self._image], row[self._label]
            name = (image or {}).get("path") or f"{i} of split '{split}'"
            if label not in self._index:
                raise NetspaceError(f"image {name} has the label {label!r}, which is no class of '{self._name}'")
            yield Row(str(name), _encoded(image), self._index[label])

    def _raw(self, split: str) -> Iterator[Any]:
        import pyarrow

        try:
            yield from self._stream[split]
        except (OSError, pyarrow.ArrowException) as error:
            reason = " ".join(str(error).split())[:200]
            raise NetspaceError(f"cannot read split '{split}' of dataset '{self._name}': {reason}") from None


def _encoded(image: Any) -> bytes | None:
    """Return the bytes of an image that `datasets` left undecoded."""
    if image is None:
        return None
    if image["bytes"] is not None:
        return bytes(image["bytes"])
    try:
        return Path(image["path"]).read_bytes()
    except OSError:
        return None


def _image_column(datasets: Any, features: Any, settings: DataSettings) -> str:
    if settings.image_column is not None:
        return _named(features, settings.image_column, "image")
    found = [name for name, feature in features.items() if isinstance(feature, datasets.Image)]
    if len(found) != 1:
        raise NetspaceError(
            f"dataset '{settings.dataset}' has {len(found)} columns of images {found} among {list(features)}; "
            "choose one with --image-column"
        )
    return found[0]


def _label_column(datasets: Any, features: Any, settings: DataSettings) -> str:
    if settings.label_column is not None:
        return _named(features, settings.label_column, "label")
    found = {name: feature for name, feature in features.items() if isinstance(feature, datasets.ClassLabel)}
    if not found:
        raise NetspaceError(
            f"dataset '{settings.dataset}' is unlabelled: none of its columns {list(features)} holds class labels; "
            "put the images into two or more folders, one per class, or choose a column with --label-column"
        )
    return max(found, key=lambda name: found[name].num_classes)


def _named(features: Any, name: str, kind: str) -> str:
    if name not in features:
        raise NetspaceError(f"no {kind} column '{name}', {did_you_mean(name, features)}")
    return name
