"""A run's folder: everything on disk, so that a killed search goes on and every later step has its input."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch

from netspace.cost.device_profile import keep_profile
from netspace.data import FOLDER, ImageData, changed_images, remember_images
from netspace.documents import from_plain, naming, read_text, to_plain, to_yaml, write_atomically
from netspace.errors import NetspaceError, UnfinishedError
from netspace.records.log import LOG
from netspace.runs import Run
from netspace.search.checkpoints import (
    Checkpoint,
    drop_checkpoints,
    load_checkpoint,
    remove_leftovers,
    save_checkpoint,
)
from netspace.settings import AUTO

LOCK = ".lock"


class RunFolder:
    """Whoever makes a run holds and writes its folder here: config.yaml, checkpoint-NNNN/, of a search search.jsonl.

    What is in the folder is read by its `run`, which needs no hold.

    Args:
        path: the folder.
        on_note: called with what must be said of the run, such as that a checkpoint is broken; None warns.
        devices: on which it is made at a time; more than one are written down with the threads.
    """

    def __init__(self, path: Path, on_note: Callable[[str], None] | None = None, *, devices: int = 1) -> None:
        self.path, self.run, self._devices = path, Run(path), devices
        self._say = on_note or _warn
        self._lock: IO[str] | None = None  # while it is held

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
            lock = (self.path / LOCK).open("a")
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
            with self._staying(lock):
                keep_profile(self.path)
                remove_leftovers(self.path)
                remember_images(images, self.path)
                images.keep(self.path / FOLDER)
                yield self

    @contextmanager
    def _staying(self, lock: IO[str]) -> Iterator[None]:
        """Say so where the folder is removed meanwhile, whatever fails for want of it; some of it may be made again."""
        self._lock = lock
        try:
            yield
            self._check_there()
        except (NetspaceError, OSError):
            self._check_there()
            raise
        finally:
            self._lock = None

    def _check_there(self) -> None:
        if self._lock is not None and self._is_gone(self._lock):
            raise UnfinishedError(
                f"'{self.path}' is no longer there: it was removed or put elsewhere while this command worked in it; "
                "remove what is left of it, and give the same command again to begin anew"
            )

    def _is_gone(self, lock: IO[str]) -> bool:
        """Say whether the folder is not there, or is another one that a process made after it and holds."""
        try:
            return not os.path.samestat(os.fstat(lock.fileno()), (self.path / LOCK).stat())
        except FileNotFoundError:
            return not self.run.file.exists()  # somebody may remove the lock file alone
        except OSError:  # of a drive, say, that does not answer: that is told by what fails
            return False

    def _claim(self, config: Any, images: ImageData) -> None:
        if self.run.exists:
            differing = self._differing(config)
            if differing:
                raise NetspaceError(
                    f"'{self.path}' holds another run; it differs in {'; '.join(differing)}. "
                    "Give the same settings to go on with it, or another --out"
                )
            self.check_data(images)
            self._compare_machines()
            return
        strangers = sorted(entry.name for entry in self.path.iterdir() if entry.name != LOCK)
        if any(not name.endswith(".partial") for name in strangers):
            raise NetspaceError(f"'{self.path}' is not empty and holds no run ({strangers[0]}); give another --out")
        made_by = environment() | ({"devices": self._devices} if self._devices > 1 else {})
        about = {"config": to_plain(config), "data": images.fingerprint, "environment": made_by}
        write_atomically(self.run.file, to_yaml(about))

    def as_begun(self, asked: str, *keys: str) -> Any:
        """Return a setting to go on with: the run's own where `auto` is asked for, else what is asked for.

        Args:
            asked: a text.
            keys: where it stands in the run's config.
        """
        stored = self.begun(*keys) if asked == AUTO else None
        return stored if isinstance(stored, str) else asked  # what is wrong with it is told where it is compared

    def begun(self, *keys: str) -> Any:
        """Return a setting that the run was begun with, as its config has it; None where there is none."""
        stored: Any = self.run.settings if self.run.exists else None
        for key in keys:
            stored = stored.get(key) if isinstance(stored, dict) else None
        return stored

    def _differing(self, config: Any) -> list[str]:
        """Return how the config there differs from one that is given, both as values: a setting that came later, and
        that the file does not know, has its default."""
        stored, fault = self.run.settings, None
        try:
            stored = to_plain(from_plain(type(config), stored, str(self.run.file)))
        except NetspaceError as error:  # of another kind of run, or with keys that are not known: these differ too
            fault = error
        differing = sorted(_differences(_without_places(stored), _without_places(to_plain(config))))
        if fault is not None and not differing:
            raise fault
        return differing

    def _compare_machines(self) -> None:
        """Say where the run goes on with other numbers of threads or devices, which change the last digits of sums."""
        begun, threads = self.run.environment, torch.get_num_threads()
        was, now = (begun.get("threads", threads), begun.get("devices", 1)), (threads, self._devices)
        for before, after, what in zip(was, now, ("threads", "devices"), strict=True):
            if before != after:
                how = f"{after} (OMP_NUM_THREADS)" if what == "threads" else f"{after}"
                self._say(
                    f"'{self.path}' was begun with {before} {what} and goes on with {how}: what is still to be trained "
                    "may differ in its last digits from a run that was not stopped"
                )

    def check_data(self, images: ImageData) -> None:
        """Raise NetspaceError where the run was made on other images; it says how many are gone and how many new."""
        stored = self.run.made_on
        if stored != images.fingerprint:
            how = f"{changed_images(images, self.path)}; fingerprint {stored}, now {images.fingerprint}"
            raise NetspaceError(
                f"'{self.path}' was made on other images ({how}); give the data it was made on, or another --out"
            )

    def append(self, record: dict[str, Any]) -> None:
        """Add one line to search.jsonl; it is on disk when this returns."""
        with naming(self.path / LOG), (self.path / LOG).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def forget_after(self, epoch: int) -> None:
        """Drop the lines of search.jsonl that a killed run wrote after its last checkpoint, and one cut short."""
        file = self.path / LOG
        if file.exists():
            text = read_text(file)
            lines = text.split("\n")[:-1] if epoch else []
            kept = "".join(line + "\n" for line in lines if _epoch_of(line) <= epoch)
            if kept != text:
                write_atomically(file, kept)

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint beside the last one, then drop the last one.

        Raises:
            NetspaceError: where the disk is full; the last checkpoint stands.
            UnfinishedError: where the folder was removed.
        """
        self._check_there()
        save_checkpoint(self.path, checkpoint)

    def load(self) -> Checkpoint | None:
        """Return the last checkpoint that is whole, or None where there is none; of a broken one it is said.

        Raises:
            NetspaceError: where there are some and none is whole.
        """
        checkpoint, faults = load_checkpoint(self.path)
        if checkpoint is not None and faults:
            self._say(f"checkpoint {'; '.join(faults)}; going on from the one before it, epoch {checkpoint.epoch}")
        return checkpoint

    def resume(self) -> Checkpoint | None:
        """Return what `load` does, and drop older checkpoints: for whoever holds the folder and goes on from it."""
        checkpoint = self.load()
        if checkpoint is not None:
            drop_checkpoints(self.path, before=checkpoint.epoch)
        return checkpoint

    def drop_checkpoints(self) -> None:
        """Remove all checkpoints of a run that is done and needs none."""
        drop_checkpoints(self.path)


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


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=3)


def _epoch_of(line: str) -> int:
    """Return the epoch in a line of search.jsonl; 0, which is kept, where it names none."""
    try:
        record = json.loads(line)
    except ValueError:
        return 0
    epoch = record.get("epoch") if isinstance(record, dict) else None
    return epoch if isinstance(epoch, int) else 0


def _differences(stored: Any, given: Any, path: str = "") -> Iterator[str]:
    if isinstance(stored, dict) and isinstance(given, dict):
        for key in sorted({*stored, *given}):
            yield from _differences(stored.get(key), given.get(key), f"{path}.{key}" if path else key)
    elif stored != given:
        yield f"{path} ({stored} there, {given} here)"
