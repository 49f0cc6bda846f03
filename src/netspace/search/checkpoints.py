"""Checkpoints on disk: written beside the last one, which goes only when the new one is whole and safe."""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from netspace.errors import NetspaceError, UnfinishedError

WEIGHTS, STATE = "weights.safetensors", "state.pt"
_NAME = re.compile(r"checkpoint-(\d+)")
_LEFTOVER = re.compile(r"checkpoint-\d+\.(partial|old)")


class Checkpoint(NamedTuple):
    """The state after a number of epochs.

    Args:
        epoch: epochs that are done.
        weights: the shared weights by name.
        state: all else: optimisers, Θ. Random generators are made anew from (seed, epoch), so none is stored.
    """

    epoch: int
    weights: dict[str, Tensor]
    state: dict[str, Any]


def checkpoints(folder: Path) -> list[Path]:
    """Return a run's checkpoints, the newest last."""
    found = [path for path in folder.glob("checkpoint-*") if _NAME.fullmatch(path.name) and path.is_dir()]
    return sorted(found, key=_epoch)


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint beside the last one, then remove all others.

    Raises:
        UnfinishedError: where the disk is full; the last checkpoint stands.
    """
    final = folder / f"checkpoint-{checkpoint.epoch:04d}"
    partial = folder / f"{final.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        state = io.BytesIO()  # torch's own writing to a file can abort the process on a full disk
        torch.save(checkpoint.state, state)
        partial.mkdir()
        save_file(checkpoint.weights, partial / WEIGHTS)
        (partial / STATE).write_bytes(state.getbuffer())
        for file in partial.iterdir():
            _sync(file)
        if final.exists():  # one that could not be read, so that the run fell back behind it
            _retire(final)
        partial.replace(final)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        stands = "the last one stands" if checkpoints(folder) else "there is no earlier one"
        raise UnfinishedError(f"cannot write checkpoint {final}: {error}; {stands}") from None
    _sync(folder)
    for path in checkpoints(folder):
        if path != final:
            _retire(path)


def drop_checkpoints(folder: Path, *, before: int | None = None) -> None:
    """Remove checkpoints, and what kills left of others; a kill at any moment leaves no half of one.

    Args:
        folder: of the run.
        before: epoch from which on they are kept; None keeps none.
    """
    for path in checkpoints(folder):
        if before is None or _epoch(path) < before:
            _retire(path)
    remove_leftovers(folder)


def remove_leftovers(folder: Path) -> None:
    """Remove what a kill left of checkpoints that were being written or removed."""
    for path in folder.glob("checkpoint-*"):
        if _LEFTOVER.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)


def load_checkpoint(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """Return the newest checkpoint that is whole, None where there is none at all, and a sentence for each broken one.

    Raises:
        NetspaceError: where there are some and none is whole.
    """
    faults: list[str] = []
    for path in reversed(checkpoints(folder)):
        try:
            return _read(path), faults
        except NetspaceError as fault:
            faults.append(str(fault))
    if faults:
        raise NetspaceError(
            f"checkpoint {'; '.join(faults)}; there is no other one: restore it from a copy, or remove {folder} to "
            "start anew"
        )
    return None, faults


@contextmanager
def taking_up(folder: Path, checkpoint: Checkpoint) -> Iterator[None]:
    """Name the checkpoint where a block cannot take it up: its parts are of other types or shapes than the run's.

    Args:
        folder: of the run.
        checkpoint: that was read there.

    Raises:
        NetspaceError: names the checkpoint and what does not fit.
    """
    try:
        yield
    except (MemoryError, torch.AcceleratorError, OSError):
        raise
    except Exception as error:  # torch and numpy raise any kind of error for a state that is none of theirs
        path = folder / f"checkpoint-{checkpoint.epoch:04d}"
        raise NetspaceError(
            f"checkpoint {path} is corrupt ({STATE} or {WEIGHTS}: {_reason(error)}); restore it from a copy, or remove "
            f"{folder} to start anew"
        ) from None


def _read(path: Path) -> Checkpoint:
    readers = {WEIGHTS: load_file, STATE: lambda file: torch.load(file, weights_only=True)}
    read: dict[str, Any] = {}
    for name, reader in readers.items():
        try:
            read[name] = reader(path / name)
            if not isinstance(read[name], dict):
                raise TypeError(f"it holds {type(read[name]).__name__}")
        except Exception as error:
            raise NetspaceError(f"{path} is corrupt ({name}: {_reason(error)})") from None
    return Checkpoint(_epoch(path), read[WEIGHTS], read[STATE])


def _reason(error: Exception) -> str:
    said = str(error).splitlines()
    return said[0][:200] if said else type(error).__name__


def _epoch(path: Path) -> int:
    return int(path.name.rsplit("-", 1)[1])


def _retire(path: Path) -> None:
    """Take a checkpoint out of the count in one step, then remove it."""
    old = path.with_name(path.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    path.replace(old)
    shutil.rmtree(old, ignore_errors=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
