"""Data sets in tables on this machine: parquet files, in the hub's layout or alone, and what `save_to_disk` wrote.

Nothing is looked up elsewhere, nothing that lies beside the tables is run, and no copy is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netspace.data.class_folders import split_of
from netspace.data.columns import class_names, features_of, image_column, image_columns, label_column
from netspace.data.files import UnreadableError, is_system_file, shown_path
from netspace.data.labels import sorted_labels
from netspace.data.rows import Row, stamp_of
from netspace.errors import NetspaceError
from netspace.settings import DataSettings

BATCH = 256
UNLABELLED = -1
_SHARD = re.compile(r"-\d+-of-\d+$")
Batches = Callable[[list[str]], Iterator[Any]]


@dataclass(frozen=True)
class Part:
    """One file, or one saved table, of a split.

    Args:
        name: for errors.
        folder: that paths of images are relative to.
        schema: pyarrow's, with the metadata of `datasets` where it wrote the table.
        rows: how many.
        batches: yields pyarrow record batches or tables of some columns.
    """

    name: str
    folder: Path
    schema: Any
    rows: int
    batches: Batches


class TableSource:
    """Tables with a column of images and a column of labels.

    Args:
        settings: which columns.
        parts: of each split.
        stamp: of the files.

    Raises:
        NetspaceError: where there is no such column, or tables differ in it.
    """

    def __init__(self, settings: DataSettings, parts: dict[str, list[Part]], stamp: str) -> None:
        self._dataset, self._parts = settings.dataset, parts
        self.stamp: str | None = stamp
        self.splits = list(parts)
        self.unreadable: list[UnreadableError] = []
        self.notes: list[str] = []
        first = next(iter(parts.values()))[0]
        features = features_of(first.schema)
        self._image = image_column(settings, first.schema.names, image_columns(first.schema, features))
        names = {column: found for column in features if (found := class_names(features[column])) is not None}
        self._label = label_column(
            settings, first.schema.names, {column: len(found) for column, found in names.items()}
        )
        self._names = names.get(self._label)
        for part in (part for found in parts.values() for part in found):
            for column in (self._image, self._label):
                if column not in part.schema.names:
                    raise NetspaceError(f"{part.name} has no column '{column}', which {first.name} has")
        self.unlabelled = [split for split in parts if split != "train" and self._has_no_labels(split)]
        self._classes: list[str] | None = None if self._names is None else list(self._names)

    @property
    def classes(self) -> list[str]:
        """Class names: those that the table names, or its different labels in their order."""
        if self._classes is None:
            train = "train" if "train" in self.splits else self.splits[0]
            where = f"column '{self._label}'"
            labels = self._values(train, self._label)
            found = {text(value, f"row {n} of {part.name}, {where}"): None for part, n, value in labels}
            self._classes = sorted_labels(found)
        return self._classes

    def count(self, split: str) -> int | None:
        """See Source."""
        return sum(part.rows for part in self._parts[split])

    def rows(self, split: str) -> Iterator[Row]:
        """See Source; each label and image is checked, and named by its row and column where it is none."""
        index = {name: i for i, name in enumerate(self.classes)}
        for part, number, image, label in self._pairs(split):
            where = f"row {number} of {part.name}"
            k = self._index(label, index, f"{where}, column '{self._label}'")
            yield Row(*_located(image, part, f"{where}, column '{self._image}'"), k)

    def _pairs(self, split: str) -> Iterator[tuple[Part, int, Any, Any]]:
        for part, number, values in self._stream(split, [self._image, self._label]):
            yield part, number, values[self._image], values[self._label]

    def _values(self, split: str, column: str) -> Iterator[tuple[Part, int, Any]]:
        for part, number, values in self._stream(split, [column]):
            yield part, number, values[column]

    def _stream(self, split: str, columns: list[str]) -> Iterator[tuple[Part, int, dict[str, Any]]]:
        for part in self._parts[split]:
            number = 0
            try:
                for batch in part.batches(columns):
                    for values in batch.to_pylist():
                        yield part, number, values
                        number += 1
            except NetspaceError:
                raise
            except Exception as error:
                raise NetspaceError(
                    f"cannot read split '{split}' of dataset '{self._dataset}': {_short(error)}"
                ) from None

    def _has_no_labels(self, split: str) -> bool:
        return all(value is None or value == UNLABELLED for _, _, value in self._values(split, self._label))

    def _index(self, label: Any, index: dict[str, int], where: str) -> int:
        if self._names is not None and label is not None:
            if isinstance(label, int) and 0 <= label < len(self._names):
                return label
            known = f"one of the {len(self._names)} classes, 0 to {len(self._names) - 1}"
        else:
            named = text(label, where)
            if named in index:
                return index[named]
            known = f"a class of the training split ({', '.join(list(index)[:5])})"
        raise NetspaceError(f"{where}: the label {label!r} is not {known}; mend or remove the row")


def text(label: Any, where: str) -> str:
    """Return a label as the name of its class.

    Raises:
        NetspaceError: where it is no text, whole number or truth value.
    """
    if isinstance(label, (str, bool, int)) and label != "":
        return str(label)
    kind = "missing" if label is None else "empty" if label == "" else f"a {type(label).__name__} ({str(label)[:40]})"
    raise NetspaceError(f"{where}: the label is {kind}; a label has to be a text or a whole number")


def _located(image: Any, part: Part, where: str) -> tuple[str, bytes | Path | None]:
    """Return a name for errors, and an image's bytes or its file, which has to lie below the table's folder."""
    if isinstance(image, dict):
        content, path = image.get("bytes"), image.get("path")
    else:
        content, path = (image, None) if isinstance(image, bytes) else (None, image)
    if content is not None:
        return (f"{where} ({path})" if path else where), content
    if not isinstance(path, str):
        return where, None
    inside = Path(path)
    if inside.is_absolute() and inside.is_relative_to(part.folder.absolute()):
        inside = inside.relative_to(part.folder.absolute())
    if inside.is_absolute() or ".." in inside.parts:
        raise NetspaceError(f"{where}: '{path}' leads out of {shown_path(part.folder)}, where the table lies")
    file = part.folder / inside
    if file.exists() and not file.is_file():
        raise NetspaceError(f"{where}: '{path}' is no file")
    return shown_path(file), file


def open_parquet(settings: DataSettings, place: Path) -> TableSource:
    """Open a parquet file, or all below a folder; their names, or those of their folders, say which split they are.

    Raises:
        NetspaceError: where a file is no parquet, or a split lies in several folders.
    """
    files = [place] if place.is_file() else parquet_files(place)
    named = {file: _split_of_file(file, place) for file in files}
    notes = []
    if not any(split is not None and split_of(split) for split in named.values()):
        named = dict.fromkeys(files, "train")
    elif left := [file for file, split in named.items() if split is None]:
        notes.append(f"left out: {len(left)} parquet files of no split, such as {shown_path(left[0])}")
    parts: dict[str, list[Part]] = {}
    for file, split in named.items():
        if split is not None:
            parts.setdefault(split, []).append(_parquet_part(file))
    for split, found in parts.items():
        places = sorted({str(part.folder) for part in found})
        if len(places) > 1 and place.is_dir():
            raise NetspaceError(
                f"split '{split}' of dataset '{settings.dataset}' lies in {len(places)} folders "
                f"({', '.join(places[:3])}), as configurations of one data set do; give one of them as --dataset"
            )
    source = TableSource(settings, parts, stamp_of(files, place, settings.image_column, settings.label_column))
    source.notes += notes
    return source


def parquet_files(folder: Path) -> list[Path]:
    """Return the parquet files below a folder, sorted; hidden ones are left out."""
    found = (file for file in folder.rglob("*") if file.suffix.lower() in (".parquet", ".pq") and file.is_file())
    return sorted(f for f in found if not any(is_system_file(part) for part in f.relative_to(folder).parts))


def holds_images(file: Path) -> bool:
    """Say whether a parquet file has a column of images, or can't be read, which opening it says."""
    try:
        schema = _parquet_part(file).schema
    except NetspaceError:
        return True
    return bool(image_columns(schema, features_of(schema)))


def _split_of_file(file: Path, place: Path) -> str | None:
    stem = _SHARD.sub("", file.stem)
    if stem != file.stem:
        return split_of(stem) or stem
    inside = file.relative_to(place).parts[:-1] if place.is_dir() else ()
    for name in (re.split(r"[-_.]", stem)[0], stem, *reversed(inside)):
        if (split := split_of(name)) is not None:
            return split
    return None


def _parquet_part(file: Path) -> Part:
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as opened:
            schema, rows = opened.schema_arrow, opened.metadata.num_rows
    except Exception as error:
        raise NetspaceError(f"cannot read {shown_path(file)}: {_short(error)}; it is no whole parquet file") from None

    def batches(columns: list[str]) -> Iterator[Any]:
        with pq.ParquetFile(file) as opened:
            yield from opened.iter_batches(BATCH, columns=columns, use_threads=False)

    return Part(shown_path(file), file.parent, schema, rows, batches)


def open_saved(settings: DataSettings, folder: Path) -> TableSource:
    """Open what `Dataset.save_to_disk` or `DatasetDict.save_to_disk` wrote.

    Raises:
        NetspaceError: where `datasets` can't read it.
    """
    import datasets

    try:
        loaded = datasets.load_from_disk(str(folder))
    except Exception as error:
        raise NetspaceError(f"cannot open dataset '{settings.dataset}': {_short(error)}") from None
    tables = dict(loaded) if isinstance(loaded, dict) else {"train": loaded}
    named = {split_of(name) or name: [_saved_part(name, folder, table)] for name, table in tables.items()}
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return TableSource(settings, named, stamp_of(files, folder, settings.image_column, settings.label_column))


def is_saved(folder: Path) -> bool:
    """Say whether a folder is one that `save_to_disk` wrote."""
    return (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file()


def _saved_part(name: str, folder: Path, table: Any) -> Part:
    schema = table.features.arrow_schema

    def batches(columns: list[str]) -> Iterator[Any]:
        yield from table.select_columns(columns).with_format("arrow").iter(BATCH)

    return Part(f"{shown_path(folder)}, split '{name}'", folder, schema, len(table), batches)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
