"""Stand-alone trainings from the stores of evaluations, taken in where they are comparable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from netspace.documents import fingerprint
from netspace.errors import NetspaceError
from netspace.records import NetworkStore
from netspace.surrogate.grid import as_points
from netspace.surrogate.run import FinishedRun
from netspace.surrogate.scores import Scores


def take_in(run: FinishedRun, folders: Sequence[Path]) -> tuple[Scores, list[str]]:
    """Return the networks that were trained well, one row each, and what was left out.

    An architecture that was trained more than once counts with the mean of its validation errors.

    Args:
        run: whose search space and template the networks have to fit.
        folders: of evaluations.

    Raises:
        NetspaceError: where stores differ in recipe or data, or are of another template than the run's.
    """
    points, errors, notes = [], [], []
    first: dict[str, object] | None = None
    for folder in folders:
        store = NetworkStore(folder)
        about = store.about()
        if about["template"] != fingerprint(run.template):
            raise NetspaceError(f"{folder} holds networks of another template than {run.folder}; leave it out")
        for key in ("recipe", "data"):
            if first is not None and about[key] != first[key]:
                raise NetspaceError(
                    f"{folder} has another {key} ({about[key]}) than {folders[0]} ({first[key]}): their errors cannot "
                    "be compared; give stores of one recipe on one data set"
                )
        first = first or about
        rows = [row for row in store.rows() if row["status"] == "ok"]
        inside = [row for row in rows if _in_space(run, row["depth"], row["width"])]
        if len(inside) < len(rows):
            notes.append(f"{folder}: {len(rows) - len(inside)} networks are outside of space {run.space.name}")
        points += [as_points(np.array([row["depth"]]), np.array([row["width"]]))[0] for row in inside]
        errors += [row["validation_error"] for row in inside]
    stages = len(run.space.stages)
    every = np.array(points, np.int64).reshape(len(points), 2 * stages)
    kept, place = np.unique(every, axis=0, return_inverse=True)
    counts = np.bincount(place.ravel(), minlength=len(kept))
    return Scores(kept, np.bincount(place.ravel(), errors, minlength=len(kept)) / np.maximum(counts, 1)), notes


def _in_space(run: FinishedRun, depths: list[int], widths: list[int]) -> bool:
    pairs = zip(run.space.full.stages, depths, widths, strict=True)
    return all(d in stage.depth and w in stage.width for stage, d, w in pairs)
