"""Stand-alone trainings from the stores of evaluations, taken in where they are comparable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from netspace.documents import fingerprint
from netspace.errors import NetspaceError
from netspace.records import NetworkStore, gone_wrong
from netspace.records.row import architecture_of
from netspace.runs import Readings, Run
from netspace.surrogate.steadied import steadied


def take_in(run: Run, folders: Sequence[Path]) -> tuple[Readings, list[str]]:
    """Return the networks that were trained well, one row each, and what was left out.

    What is read of a training is its validation error, or the error that its training loss speaks for
    (surrogate/steadied.py). An architecture that was trained more than once counts with the mean.

    Args:
        run: whose search space and template the networks have to fit.
        folders: of evaluations.

    Raises:
        NetspaceError: where stores differ in recipe or data, or are of another template than the run's.
    """
    points, errors, losses, costs, notes = [], [], [], [], []
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
        notes += gone_wrong(store)
        found = [run.template.complete(architecture_of(row)) for row in rows]
        whole = run.space.full
        inside = [(row, one) for row, one in zip(rows, found, strict=True) if one in whole]
        if len(inside) < len(rows):
            outside = len(rows) - len(inside)
            which = "network is" if outside == 1 else "networks are"
            notes.append(f"{folder}: {outside} {which} outside of space {run.space.name}")
        points += [one for _, one in inside]
        errors += [row["validation_error"] for row, _ in inside]
        costs += [row["flops"] for row, _ in inside]
        last = store.last_losses()
        losses += [last.get(row["id"], np.nan) for row, _ in inside]
    values = np.array(errors, np.float64)
    better = steadied(values, np.array(losses, np.float64), np.array(costs, np.float64))
    if better is not None:
        notes.append(
            f"errors of the {len(values)} trainings are read off their training losses, which agree with their "
            "validation errors at equal cost and are steadier"
        )
        values = better
    every = run.space.full.layout.points(points)
    kept, place = np.unique(every, axis=0, return_inverse=True)
    counts = np.bincount(place.ravel(), minlength=len(kept))
    return Readings(kept, np.bincount(place.ravel(), values, minlength=len(kept)) / np.maximum(counts, 1)), notes
