"""Tables on this machine: parquet files, in the hub's layout or alone, and what `save_to_disk` wrote.

Nothing is looked up elsewhere, nothing that lies beside the tables is run, and no copy is made.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from netspace.data.class_folders import split_of
from netspace.data.columns import features_of, image_columns, is_marked
from netspace.data.files import is_system_file, shown_path
from netspace.data.rows import stamp_of
from netspace.data.tables import BATCH, Part, TableSource, short
from netspace.data.wording import some
from netspace.errors import NetspaceError
from netspace.settings import DataSettings

NAMED = 3
DEEPEST = 32  # folders below each other; links may lead in a circle
_SHARD = re.compile(r"-(\d+)-of-(\d+)$")


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
    splits = _splits([split for split in named.values() if split is not None], settings.dataset)
    parts: dict[str, list[Part]] = {}
    for file, split in named.items():
        if split is not None:
            parts.setdefault(splits[split], []).append(_parquet_part(file))
    notes += _missing_shards(files)
    for split, found in parts.items():
        places = sorted({str(part.folder) for part in found})
        if len(places) > 1 and place.is_dir():
            raise NetspaceError(
                f"split '{split}' of dataset '{settings.dataset}' lies in {len(places)} folders "
                f"({some(places, NAMED)}), as configurations of one data set do; give one of them as --dataset"
            )
    source = TableSource(settings, parts, stamp_of(files, place, settings.image_column, settings.label_column))
    source.notes += notes
    return source


def _splits(names: list[str], dataset: str) -> dict[str, str]:
    """Return what splits are called here, by their own names; one that is called exactly so comes before others.

    Raises:
        NetspaceError: where two are called exactly like one split.
    """
    found: dict[str, str] = {}
    for name in sorted(set(names), key=lambda name: (not _is_exact(name), name)):
        split = split_of(name) or name
        if split in found.values():
            if _is_exact(name):
                other = next(n for n, s in found.items() if s == split)
                raise NetspaceError(f"dataset '{dataset}' has two {split} splits, '{other}' and '{name}'; remove one")
            split = name
        found[name] = split
    return found


def _is_exact(name: str) -> bool:
    return split_of(name) is not None and not re.search(r"[\s_.-]", name)


def _missing_shards(files: list[Path]) -> list[str]:
    """Say of which splits not every file is there, by the numbers in their names."""
    there: dict[tuple[str, int], set[int]] = {}
    for file in files:
        if shard := _SHARD.search(file.stem):
            there.setdefault((file.stem[: shard.start()], int(shard[2])), set()).add(int(shard[1]))
    return [f"only {len(n)} of {of} files of '{name}' are there" for (name, of), n in there.items() if len(n) < of]


def parquet_files(folder: Path) -> list[Path]:
    """Return the parquet files below a folder, sorted; hidden ones are left out, links to folders followed."""
    found = []
    for place, folders, names in os.walk(folder, followlinks=True):
        deep = len(Path(place).relative_to(folder).parts) > DEEPEST
        folders[:] = [] if deep else sorted(name for name in folders if not is_system_file(name))
        found += [Path(place) / n for n in names if n.lower().endswith((".parquet", ".pq")) and not is_system_file(n)]
    return sorted(file for file in found if file.is_file())


def holds_images(file: Path, *, marked: bool) -> bool:
    """Say whether a parquet file has a column of images, or can't be read, which opening it says.

    Args:
        file: to look at.
        marked: whether the column has to be marked as one of images; else any bytes may be.
    """
    try:
        schema = _parquet_part(file).schema
    except NetspaceError:
        return True
    return is_marked(schema) if marked else bool(image_columns(schema, features_of(schema)))


def _split_of_file(file: Path, place: Path) -> str | None:
    """Return what a file's split is called, by its own name or that of a folder that it lies in."""
    stem = _SHARD.sub("", file.stem)
    if stem != file.stem:
        return stem
    inside = file.relative_to(place).parts[:-1] if place.is_dir() else ()
    return next((n for n in (re.split(r"[-_.]", stem)[0], stem, *reversed(inside)) if split_of(n) is not None), None)


def _parquet_part(file: Path) -> Part:
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as opened:
            schema, rows = opened.schema_arrow, opened.metadata.num_rows
    except Exception as error:
        raise NetspaceError(f"cannot read {shown_path(file)}: {short(error)}; it is no whole parquet file") from None

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
        raise NetspaceError(f"cannot open dataset '{settings.dataset}': {short(error)}") from None
    tables = dict(loaded) if isinstance(loaded, dict) else {"train": loaded}
    splits = _splits(list(tables), settings.dataset)
    named = {splits[name]: [_saved_part(name, folder, table)] for name, table in tables.items()}
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
