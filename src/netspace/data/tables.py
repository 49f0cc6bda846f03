"""Images and labels in the columns of tables: every row checked, every fault named by its row and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netspace.data.columns import features_of, image_column, image_columns, label_column, names_of
from netspace.data.files import UnreadableError, shown_path
from netspace.data.labels import sorted_labels
from netspace.data.rows import Row
from netspace.data.wording import some
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
        first = parts["train" if "train" in parts else next(iter(parts))][0]
        columns, features = first.schema.names, features_of(first.schema)
        self._image = image_column(settings, columns, image_columns(first.schema, features))
        self._label = label_column(settings, columns, {name: len(found) for name, found in names_of(features).items()})
        self._names = {id(part): names_of(features_of(part.schema)).get(self._label) for part in _all(parts)}
        self.unlabelled = [split for split in parts if parts[split][0] is not first and self._has_no_labels(split)]
        for part in (part for split in parts if split not in self.unlabelled for part in parts[split]):
            _check_alike(part, first, (self._image, self._label))
        own = self._names[id(first)]
        self._classes: list[str] | None = None if own is None else list(own)

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
            k = self._index(label, part, index, f"{where}, column '{self._label}'")
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
                    f"cannot read split '{split}' of dataset '{self._dataset}': {short(error)}"
                ) from None

    def _has_no_labels(self, split: str) -> bool:
        if not any(self._label in part.schema.names for part in self._parts[split]):
            return True
        return all(value is None or value == UNLABELLED for _, _, value in self._values(split, self._label))

    def _index(self, label: Any, part: Part, index: dict[str, int], where: str) -> int:
        """Return the index of a label's class, which another part may have under another number: names count."""
        names = self._names[id(part)]
        if names is None or label is None:
            named = text(label, where)
        elif type(label) is int and 0 <= label < len(names):
            named = names[label]
        else:
            known = f"one of the {len(names)} classes, 0 to {len(names) - 1}"
            raise NetspaceError(f"{where}: the label {label!r} is not {known}; mend or remove the row")
        if named not in index:
            known = f"a class of the training split ({some(list(index))})"
            raise NetspaceError(f"{where}: the label '{named[:40]}' is not {known}; mend or remove the row")
        return index[named]


def _all(parts: dict[str, list[Part]]) -> Iterator[Part]:
    for found in parts.values():
        yield from found


def _check_alike(part: Part, first: Part, columns: tuple[str, str]) -> None:
    """Raise NetspaceError where a part lacks a column of the first, or holds another kind of labels."""
    for column in columns:
        if column not in part.schema.names:
            raise NetspaceError(f"{part.name} has no column '{column}', which {first.name} has")
    kinds = [_kind(one.schema.field(columns[1]).type) for one in (first, part)]
    if kinds[0] != kinds[1]:
        raise NetspaceError(
            f"column '{columns[1]}' holds {kinds[1]} in {part.name}, but {kinds[0]} in {first.name}; make them alike"
        )


def _kind(column: Any) -> str:
    """Return a pyarrow type in a word, whatever its width and however it is stored."""
    stored = str(getattr(column, "value_type", column) if "dictionary" in str(column) else column)
    return stored.removeprefix("large_").removeprefix("u").rstrip("0123456789")


def text(label: Any, where: str) -> str:
    """Return a label as the name of its class.

    Raises:
        NetspaceError: where it is no text, whole number or truth value.
    """
    if type(label) is int and label == UNLABELLED:
        raise NetspaceError(f"{where}: the label −1 stands for none; label or remove the row")
    if isinstance(label, (str, bool, int)) and label != "":
        return str(label)
    kind = "missing" if label is None else "empty" if label == "" else f"a {type(label).__name__} ({str(label)[:40]})"
    raise NetspaceError(f"{where}: the label is {kind}; a label has to be a text or a whole number")


def short(error: Exception) -> str:
    """Return an error's text on one line, or its kind."""
    return " ".join(str(error).split())[:200] or type(error).__name__


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
