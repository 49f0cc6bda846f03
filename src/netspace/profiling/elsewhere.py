"""A device that runs elsewhere: its networks written out with a script that times them, and its table fitted."""

from __future__ import annotations

import csv
import io
from importlib import resources
from pathlib import Path
from typing import Any

from netspace.cost.device_profile import Device, DeviceProfile, Measurement
from netspace.cost.work import CALL
from netspace.documents import write_atomically
from netspace.errors import NetspaceError
from netspace.handover.packages import require
from netspace.profiling.design import design
from netspace.profiling.fitting import FOLDS, cross_validated, fit_weights
from netspace.profiling.profile import notes_on
from netspace.profiling.subjects import NetworkSubject
from netspace.profiling.table import read_table
from netspace.profiling.targets import onnx_bytes
from netspace.spaces import NetworkSpace, NetworkTemplate

SCRIPT, LIST = "measure.py", "networks.csv"


def emit_networks(
    space: NetworkSpace, template: NetworkTemplate, folder: Path, *, batch: int = 1, seed: int = 0
) -> list[Path]:
    """Write whole networks of a space as ONNX, the list of them, and a script that times them and needs no netspace.

    Args:
        space: whose networks.
        template: of them.
        folder: to make.
        batch: images a call.
        seed: of the draws.

    Returns:
        the files of the networks.

    Raises:
        NetspaceError: where the folder is not empty, or onnx is not installed.
    """
    require("--emit", "onnx", extra="export")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NetspaceError(f"'{folder}' is there already; give an empty folder, or one to make")
    folder.mkdir(parents=True, exist_ok=True)
    found = design(space, template, seed=seed)
    rows, files = [], []
    for i, one in enumerate([*found.known, *found.unseen]):
        file = folder / f"network-{i:02}.onnx"
        write_atomically(file, onnx_bytes(*one.module(batch)))
        files.append(file)
        rows.append({"file": file.name, **_cells(one.told)})
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(folder / LIST, text.getvalue())
    script = resources.files("netspace.profiling") / "templates" / f"{SCRIPT}.txt"
    write_atomically(folder / SCRIPT, script.read_text(encoding="utf-8"))
    return files


def profile_of_table(
    file: Path, space: NetworkSpace, template: NetworkTemplate, *, name: str, device: Device
) -> DeviceProfile:
    """Fit what a table says that another device takes.

    Blocks are taken to be without what a call takes by itself, as profilers of layers tell them. Its error is that on
    each whole network, predicted by a model of the others; of blocks alone it is not known.

    Args:
        file: see `netspace.profiling.table.read_table`.
        space: that the table is of.
        template: of its networks.
        name: of the search space, for the file.
        device: what was measured.

    Raises:
        NetspaceError: names the row and the column at fault.
    """
    rows = read_table(file, space, template)
    blocks, whole = ([one for one in rows if isinstance(one.subject, NetworkSubject) is of] for of in (False, True))
    works, times = [one.subject.work for one in whole], [one.nanoseconds for one in whole]
    # A table's blocks are without the call: in rows that all hold one of each, it can't be told from the block's own.
    alone = [{name: amount for name, amount in one.subject.work.items() if name not in CALL} for one in blocks]
    weights = fit_weights(alone, [one.nanoseconds for one in blocks], works, times)
    error = cross_validated(works, times) if len(whole) >= FOLDS else None
    kept = tuple(Measurement(one.subject.told, one.nanoseconds) for one in rows)
    return DeviceProfile(device, template, name, weights, error, notes_on(error), kept)


def _cells(told: dict[str, Any]) -> dict[str, Any]:
    return {key: " ".join(map(str, value)) if isinstance(value, list) else value for key, value in told.items()}
