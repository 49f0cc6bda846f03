"""Which columns of a table hold the images and the labels."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from netspace.data.labels import LABEL_COLUMN
from netspace.data.wording import some
from netspace.errors import NetspaceError, did_you_mean
from netspace.settings import DataSettings


def image_column(settings: DataSettings, columns: Sequence[str], images: list[str]) -> str:
    """Return the column of images: the one that was asked for, or the only one there is."""
    if settings.image_column is not None:
        return _named(columns, settings.image_column, "image")
    if len(images) != 1:
        raise NetspaceError(
            f"dataset '{settings.dataset}' has {len(images)} columns of images {images} among {list(columns)}; "
            "choose one with --image-column"
        )
    return images[0]


def label_column(settings: DataSettings, columns: Sequence[str], classes: dict[str, int]) -> str:
    """Return the column of labels: the one that was asked for, else one that names its classes, else `label`.

    Of several that name their classes it is the one with most.
    """
    if settings.label_column is not None:
        return _named(columns, settings.label_column, "label")
    if classes:
        return max(classes, key=lambda name: classes[name])
    if LABEL_COLUMN in columns:
        return LABEL_COLUMN
    raise NetspaceError(
        f"dataset '{settings.dataset}' is unlabelled: none of its columns {list(columns)} names its classes or "
        f"is called '{LABEL_COLUMN}'; choose one with --label-column, or put the images into folders, one per class"
    )


def _named(columns: Sequence[str], name: str, kind: str) -> str:
    if name not in columns:
        raise NetspaceError(f"no {kind} column '{name}', {did_you_mean(name, columns)}")
    return name


def features_of(schema: Any) -> dict[str, dict[str, Any]]:
    """Return what `datasets` wrote of the columns of a pyarrow schema; nothing where another program made it."""
    try:
        found = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        return {name: found[name] for name in schema.names if isinstance(found.get(name), dict)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def is_marked(schema: Any) -> bool:
    """Say whether a pyarrow schema marks a column as one of images: by `datasets`' word, or as bytes with a path."""
    import pyarrow as pa

    structs = [{one.name for one in field.type} for field in schema if pa.types.is_struct(field.type)]
    marked = any(feature.get("_type") == "Image" for feature in features_of(schema).values())
    return marked or any({"bytes", "path"} <= names for names in structs)


def names_of(features: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Return the class names of each column that names its classes.

    Raises:
        NetspaceError: where two classes of a column have one name, or one has none.
    """
    found = {column: names for column in features if (names := class_names(features[column])) is not None}
    for column, names in found.items():
        if len(set(names)) < len(names) or "" in names:
            raise NetspaceError(f"column '{column}' names classes {some(names)}: each needs a name of its own")
    return found


def image_columns(schema: Any, features: dict[str, dict[str, Any]]) -> list[str]:
    """Return the columns that hold images: those that are marked so, else those of bytes."""
    import pyarrow as pa

    marked = [name for name, feature in features.items() if feature.get("_type") == "Image"]
    if marked:
        return marked

    def holds_bytes(kind: Any) -> bool:
        if pa.types.is_struct(kind):
            return any(field.name == "bytes" and holds_bytes(field.type) for field in kind)
        return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))

    return [field.name for field in schema if holds_bytes(field.type)]


def class_names(feature: dict[str, Any]) -> list[str] | None:
    """Return the names of the classes that a column's numbers stand for; None where it names none."""
    names = feature.get("names") if feature.get("_type") == "ClassLabel" else None
    if isinstance(names, dict):
        names = [names[key] for key in sorted(names, key=lambda k: int(k) if str(k).isdigit() else math.inf)]
    return names if isinstance(names, list) and names and all(isinstance(n, str) for n in names) else None
