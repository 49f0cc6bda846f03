"""Images in a folder, and their labels in a table beside them: a CSV file with a line per image."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from netspace.data.class_folders import SHOWN, Listing, scan, split_of
from netspace.data.files import shown_path
from netspace.data.wording import counted, some
from netspace.documents import read_text
from netspace.errors import NetspaceError, did_you_mean

FILE_COLUMN, LABEL_COLUMN = "file", "label"
_DELIMITERS = (",", ";", "\t")


def list_labelled(root: Path, table: str, *, file_column: str | None, label_column: str | None) -> Listing:
    """Find the images of a folder that a table names, and their classes.

    A file is named by its path from the folder, or from where the table lies, or by its name alone (also without its
    ending) where one file below the folder has that name. Images without a line are left out, which a note says.

    Args:
        root: the folder.
        table: path of the CSV file, from here or from the folder.
        file_column: None is `file`.
        label_column: None is `label`.

    Raises:
        NetspaceError: where the table is not there or at fault, or names a file that is not there.
    """
    place = _find_table(root, table)
    wanted = (file_column or FILE_COLUMN, label_column or LABEL_COLUMN)
    tree = scan(root)
    found = _Files(root, place.parent, tree.all_images)
    labelled: dict[Path, tuple[int, str]] = {}
    missing: list[str] = []
    for line, name, label in _read(place, *wanted):
        path = found.named(name, f"{shown_path(place)}, line {line}")
        if path is None:
            missing.append(f"{name} (line {line})")
            continue
        if path in labelled:
            raise NetspaceError(
                f"{shown_path(place)} names {name} twice, in lines {labelled[path][0]} and {line}; keep one of them"
            )
        labelled[path] = (line, label)
    if missing:
        raise NetspaceError(
            f"{shown_path(place)} labels {_files(len(missing))} not there below {shown_path(root)}: "
            f"{some(missing, SHOWN)}; add the files or remove their lines"
        )
    classes = sorted({label for _, label in labelled.values()}, key=_by_number)
    if len(classes) < 2:
        raise NetspaceError(f"{shown_path(place)} names {len(classes)} class {classes}; a classifier needs two or more")
    index = {name: i for i, name in enumerate(classes)}
    rows = sorted((path, index[label]) for path, (_, label) in labelled.items())
    surplus = [shown_path(path.relative_to(root)) for path in tree.all_images if path not in labelled]
    notes = []
    if splits := sorted(f.path.name for f in tree.with_images if split_of(f.path.name) is not None):
        notes.append(f"all labelled images are one data set: {', '.join(splits)} are no splits here")
    if surplus:
        notes.append(
            f"left out: {counted(len(surplus), 'image')} without a line in {shown_path(place)}: {some(surplus, SHOWN)}"
        )
    return Listing(classes, {"train": rows}, notes, [fault for folder in tree.walk() for fault in folder.unreadable])


class _Files:
    """The images below a folder, found by what a table calls them."""

    def __init__(self, root: Path, beside: Path, images: list[Path]) -> None:
        self._root, self._places = root, (root, beside)
        self._images = {_plain(path): path for path in images}  # whatever way leads there from a table
        self._by_name: dict[str, list[Path]] = {}
        for path in images:
            for name in {path.name, path.stem}:
                self._by_name.setdefault(name, []).append(path)

    def named(self, name: str, where: str) -> Path | None:
        """Return the image of a name, or None.

        Raises:
            NetspaceError: where the name leads out of the folder, or several files have it.
        """
        for place in self._places:
            if path := self._images.get(_plain(place / name)):
                return path
        if Path(name).is_absolute() or ".." in Path(name).parts:
            if not _plain(self._root / name).is_relative_to(_plain(self._root)):
                raise NetspaceError(f"{where}: '{name}' leads out of {shown_path(self._root)}; give paths inside of it")
            return None
        alike = self._by_name.get(name, [])
        if len(alike) > 1:
            which = " and ".join(shown_path(path.relative_to(self._root)) for path in alike[:2])
            raise NetspaceError(f"{where}: '{name}' may be {which}; give its path from {shown_path(self._root)}")
        return alike[0] if alike else None


def _plain(path: Path) -> Path:
    """Return an absolute path without `..`; links in it stay as they are."""
    return Path(os.path.normpath(path.absolute()))


def _find_table(root: Path, table: str) -> Path:
    given = Path(table).expanduser()
    places = list({place.resolve(): place for place in (given, root / given) if place.is_file()}.values())
    if not places:
        raise NetspaceError(f"labels '{table}' are not there, neither here nor in {shown_path(root)}; give a CSV file")
    if len(places) > 1:
        raise NetspaceError(f"labels '{table}' may be {places[0]} or {places[1]}; give the full path of one of them")
    return places[0]


def _rows(text: str, delimiter: str) -> Any:
    """Return a reader of a table's lines; a space before a quoted value is no part of it."""
    return csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)


def _read(place: Path, file_column: str, label_column: str) -> list[tuple[int, str, str]]:
    """Return line number, file and label of each line."""
    text = read_text(place).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    header: list[str] = []
    for delimiter in _DELIMITERS:
        header = [name.strip() for name in next(_rows(text, delimiter), [])]
        if {file_column, label_column} <= set(header):
            break
    else:
        header = [name.strip() for name in next(_rows(text, ","), [])]
        if not any(header):
            wanted = f"{file_column},{label_column}"
            raise NetspaceError(f"{shown_path(place)} has no header; its first line has to name the columns: {wanted}")
        absent = next(name for name in (file_column, label_column) if name not in header)
        option = "--image-column" if absent == file_column else "--label-column"
        raise NetspaceError(
            f"{shown_path(place)} has no column '{absent}', {did_you_mean(absent, header)}; say with {option} what it "
            "is called"
        )
    columns = header.index(file_column), header.index(label_column)
    reader, found = _rows(text, delimiter), []
    try:
        next(reader)
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                raise NetspaceError(
                    f"{shown_path(place)}, line {reader.line_num}: {len(row)} values for {len(header)} columns"
                )
            name, label = (row[column].strip() for column in columns)
            if not name or not label:
                what = file_column if not name else label_column
                raise NetspaceError(f"{shown_path(place)}, line {reader.line_num}: column '{what}' is empty; fill it")
            found.append((reader.line_num, name, label))
    except csv.Error as error:
        raise NetspaceError(f"{shown_path(place)}, line {reader.line_num}: {error}") from None
    if not found:
        raise NetspaceError(f"{shown_path(place)} holds no labels: it has a header and no line")
    return found


def _by_number(label: str) -> tuple[int, int, str]:
    """Sort whole numbers by their value, before all else by its letters."""
    number = label.isascii() and label.removeprefix("-").isdigit()
    return (0, int(label), label) if number and len(label) < 19 else (1, 0, label)


def _files(n: int) -> str:
    return f"{n:,} file{' that is' if n == 1 else 's that are'}"


def sorted_labels(labels: Iterable[str]) -> list[str]:
    """Return names of classes in their order: whole numbers by value, before all else by its letters."""
    return sorted(labels, key=_by_number)
