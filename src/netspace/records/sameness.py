"""What all networks of a store have in common, held against what is asked: recipe, data and template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from netspace.documents import read_yaml
from netspace.errors import NetspaceError
from netspace.records.evaluation_file import EVALUATION_FILE, read_evaluation
from netspace.records.nas_file import NAS_FILE, read_nas

RECIPE_FILE = "recipe.yaml"  # beside the store of a gate, a calibration or another population of a run's own


def check_same(file: Path, stored: dict[str, Any], given: dict[str, Any], advice: str = "") -> None:
    """Check that a store holds networks of the recipe, data and template that are asked for.

    Args:
        file: the store.
        stored: what it says of its networks, as fingerprints.
        given: what is asked for, likewise.
        advice: what to do where they differ; empty is to give the same, or to move the folder away.

    Raises:
        NetspaceError: says what differs, a recipe by its name where the folder knows it.
    """
    for key, value in given.items():
        if stored[key] != value:
            told = _recipe_of(file.parent) if key == "recipe" else ""
            same = "give that with --recipe" if told else f"give the same {key}"
            what = f", {told}" if told else f" ({stored[key]}, not {value})"
            advice = advice or f"{same}, or move {file.parent} away"
            raise NetspaceError(f"{file} holds networks of another {key}{what}; {advice}")


def _recipe_of(folder: Path) -> str:
    """Return the name of the recipe of a folder's networks, and its file where it is there; empty if not known."""
    own = folder / RECIPE_FILE
    if own.exists():
        return f"'{read_yaml(own).get('name')}' ({own})"
    name = None
    if (folder / EVALUATION_FILE).exists():
        name = read_evaluation(folder / EVALUATION_FILE).get("recipe", {}).get("name")
    elif (folder / NAS_FILE).exists():
        name = read_nas(folder / NAS_FILE)["recipe"]
    return f"'{name}'" if name else ""
