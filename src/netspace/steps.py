"""A chain of commands as values: what each step does, the command that does the same, whether it is done."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netspace.documents import read_yaml
from netspace.errors import NetspaceError
from netspace.settings import DataSettings


def _ignore(*told: Any) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Listener:
    """Who is told how far a step has come.

    Args:
        on_epoch: called after each epoch of a training.
        on_progress: called with what is counted, how many are there and how many there will be.
        on_note: called with what must be said.
        on_change: called with the number of networks of each status.
    """

    on_epoch: Callable[[Any], None] = _ignore
    on_progress: Callable[[str, int, int], None] = _ignore
    on_note: Callable[[str], None] = _ignore
    on_change: Callable[[dict[str, int]], None] = _ignore


@dataclass(frozen=True)
class Step:
    """One step of a chain, which goes on where it was stopped and is soon through where nothing is missing.

    Args:
        name: of the step.
        purpose: what it does, in a few words.
        command: what does the same on its own: arguments after `netspace`.
        folder: that the step writes into.
        work: does it and returns what is to be shown.
    """

    name: str
    purpose: str
    command: tuple[str, ...]
    folder: Path
    work: Callable[[Listener], Any]

    @property
    def done(self) -> bool:
        """Whether there is nothing to do; here its work finds out."""
        return False

    @contextmanager
    def cleared(self) -> Iterator[None]:
        """Make room for the result while it is made; here there is nothing in the way."""
        yield

    def tidy(self) -> None:
        """Put in order what a kill has left; here nothing."""


@dataclass(frozen=True)
class WrittenStep(Step):
    """A step that is done when its files are there, and is not begun again then.

    Args:
        file: name of the file that is written last.
        beside: names of files that have to be there too.
        leftover: pattern of what the step removes beside it when it is done; empty where it removes nothing.
        makes_folder: whether the step wants to make the result's folder itself.
    """

    file: str = ""
    beside: tuple[str, ...] = ()
    leftover: str = ""
    makes_folder: bool = False

    @property
    def result(self) -> Path:
        """The file that is written last."""
        return self.folder / self.file

    @property
    def done(self) -> bool:
        """Whether all is there that the step makes, and nothing that it removes."""
        there = all((self.folder / name).exists() for name in (self.file, *self.beside))
        return there and not (self.leftover and any(self.folder.glob(self.leftover)))

    @contextmanager
    def cleared(self) -> Iterator[None]:
        """Put an incomplete result aside while it is made anew, where the step wants a new folder."""
        self.tidy()
        if self.makes_folder and self.result.exists():
            self.folder.replace(self._old)
        try:
            yield
        finally:
            self.tidy()

    def tidy(self) -> None:
        """Remove what was put aside, or put it back where nothing has taken its place, also after a kill."""
        if self.makes_folder and self._old.exists():
            if self.folder.exists():
                shutil.rmtree(self._old, ignore_errors=True)
            else:
                self._old.replace(self.folder)

    @property
    def _old(self) -> Path:
        return self.folder.with_name(self.folder.name + ".old")


def reading_options(data: DataSettings) -> tuple[str, ...]:
    """Return the options by which a command reads images in this way; not where they are."""
    names = ("image_size", "channels", "image_column", "label_column", "labels")
    given = [(name, getattr(data, name)) for name in names if getattr(data, name) is not None]
    words = [word for name, value in given for word in (f"--{name.replace('_', '-')}", str(value))]
    return (*words, "--skip-unreadable") if data.skip_unreadable else (*words,)


def begun_chain(file: Path, asked: dict[str, Any]) -> dict[str, Any] | None:
    """Return what the file of a chain says that was begun, or None where none was.

    Args:
        file: YAML that the chain wrote before its first step.
        asked: settings that must be in it as they are.

    Raises:
        NetspaceError: where the folder is of a chain with other settings; names them.
    """
    if not file.exists():
        return None
    known = read_yaml(file)
    others = [f"{name} {known.get(name)}, not {value}" for name, value in asked.items() if known.get(name) != value]
    if others:
        raise NetspaceError(f"{file.parent} was begun with other settings: {'; '.join(others)}; give another --out")
    return known
