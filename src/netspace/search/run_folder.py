"""A run's folder: everything on disk, so that a killed search goes on and every later step has its input."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from netspace.config import load_run_config
from netspace.data import FOLDER, ImageData, changed_images, remember_images
from netspace.documents import parse_yaml, read_text, to_plain, to_yaml, write_atomically
from netspace.errors import NetspaceError
from netspace.records.log import LOG
from netspace.settings import SearchConfig


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


class RunFolder:
    """config.yaml and checkpoint-NNNN/ of one run; of a search also search.jsonl and elite-*.yaml.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def check_writable(self) -> None:
        """Raise NetspaceError where the folder can't be made or written; nothing is made."""
        place = self.path.absolute()
        if place.exists() and not place.is_dir():
            raise NetspaceError(f"output '{self.path}' is a file; give a folder")
        while not place.exists():
            place = place.parent
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            raise NetspaceError(f"output folder '{self.path}' is not writable; give another with --out")

    @contextmanager
    def opened(self, config: Any, images: ImageData) -> Iterator[RunFolder]:
        """Hold the folder for one process: make it, or check that it holds a run of the same config and data.

        Where the data lie does not matter: their images tell whether they are the same.

        Args:
            config: as resolved: a SearchConfig, or the settings of another kind of run.
            images: the training images, which are also kept there for the next command.

        Raises:
            NetspaceError: where it holds something else, or another process holds it.
        """
        self.check_writable()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / ".lock").open("a")
        except OSError as error:
            raise NetspaceError(f"output folder '{self.path}' is not writable ({error.strerror})") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise NetspaceError(
                    f"another process runs in '{self.path}'; wait for it or give another --out"
                ) from None
            self._claim(config, images)
            images.keep(self.path / FOLDER)
            yield self

    def _claim(self, config: Any, images: ImageData) -> None:
        file = self.path / "config.yaml"
        if file.exists():
            stored = parse_yaml(read_text(file), str(file)).get("config")
            if not isinstance(stored, dict):
                raise NetspaceError(f"{file} is no run's config: it has no key 'config'; give another --out")
            differing = sorted(_differences(_without_places(stored), _without_places(to_plain(config))))
            if differing:
                raise NetspaceError(
                    f"'{self.path}' holds another run; it differs in {'; '.join(differing)}. "
                    "Give the same settings to go on with it, or another --out"
                )
            self.check_data(images)
            return
        strangers = sorted(entry.name for entry in self.path.iterdir() if entry.name != ".lock")
        if any(not name.endswith(".partial") for name in strangers):
            raise NetspaceError(f"'{self.path}' is not empty and holds no run ({strangers[0]}); give another --out")
        remember_images(images, self.path)
        about = {"config": to_plain(config), "data": images.fingerprint, "environment": environment()}
        write_atomically(file, to_yaml(about))

    def config(self) -> SearchConfig:
        """Return the config of the run.

        Raises:
            NetspaceError: where the folder holds no run, or its config is corrupt.
        """
        return load_run_config(self.path)

    def made_on(self) -> str:
        """Return the fingerprint of the images that the run was made on."""
        file = self.path / "config.yaml"
        return str(parse_yaml(read_text(file), str(file)).get("data"))

    def check_data(self, images: ImageData) -> None:
        """Raise NetspaceError where the run was made on other images; it says how many are gone and how many new."""
        stored = self.made_on()
        if stored != images.fingerprint:
            how = f"{changed_images(images, self.path)}; fingerprint {stored}, now {images.fingerprint}"
            raise NetspaceError(
                f"'{self.path}' was made on other images ({how}); give the data it was made on, or another --out"
            )

    def append(self, record: dict[str, Any]) -> None:
        """Add one line to search.jsonl."""
        with (self.path / LOG).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")

    def forget_after(self, epoch: int) -> None:
        """Drop the lines of search.jsonl that a killed run wrote after its last checkpoint."""
        file = self.path / LOG
        if file.exists():
            lines = read_text(file).splitlines()[:epoch]
            write_atomically(file, "".join(line + "\n" for line in lines))

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint beside the last one, then drop the last one.

        Raises:
            NetspaceError: where the disk is full; the last checkpoint stands.
        """
        final = self.path / f"checkpoint-{checkpoint.epoch:04d}"
        partial = self.path / f"{final.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir()
            save_file(checkpoint.weights, partial / "weights.safetensors")
            torch.save(checkpoint.state, partial / "state.pt")
            for file in partial.iterdir():
                _sync(file)
            partial.replace(final)
        except (OSError, RuntimeError, SafetensorError) as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise NetspaceError(f"cannot write checkpoint {final}: {error}; the last one stands") from None
        _sync(self.path)
        for old in self._checkpoints()[:-1]:
            shutil.rmtree(old, ignore_errors=True)

    def load(self) -> Checkpoint | None:
        """Return the last checkpoint, or None where there is none.

        Raises:
            NetspaceError: where it is corrupt.
        """
        found = self._checkpoints()
        if not found:
            return None
        last = found[-1]
        try:
            weights = load_file(last / "weights.safetensors")
            state = torch.load(last / "state.pt", weights_only=True)
            return Checkpoint(int(last.name.rsplit("-", 1)[1]), weights, state)
        except Exception as error:
            reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            raise NetspaceError(f"checkpoint {last} is corrupt ({reason}); remove {self.path} to start anew") from None

    def _checkpoints(self) -> list[Path]:
        return sorted(p for p in self.path.glob("checkpoint-*") if p.is_dir() and not p.name.endswith(".partial"))


def environment() -> dict[str, Any]:
    """Return the versions and threads that a result may depend on."""
    return {
        "netspace": metadata.version("netspace"),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "threads": torch.get_num_threads(),
        "machine": platform.machine(),
    }


def _without_places(config: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a config where its data lie, which does not change what a run computes."""
    data = config.get("data")
    if not isinstance(data, dict):
        return config
    return {**config, "data": {key: value for key, value in data.items() if key not in ("dataset", "labels")}}


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _differences(stored: Any, given: Any, path: str = "") -> Iterator[str]:
    if isinstance(stored, dict) and isinstance(given, dict):
        for key in sorted({*stored, *given}):
            yield from _differences(stored.get(key), given.get(key), f"{path}.{key}" if path else key)
    elif stored != given:
        yield f"{path} ({stored} there, {given} here)"
