"""Packages of others that an export needs: whether they are here, and how to have them work in silence."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from netspace.errors import NetspaceError, first_line

# What no extra can bring, and how it is installed beside its extra (docs/handover.md says why).
BY_HAND = {"litert_torch": "by pip install --no-deps litert-torch==0.10.0 litert-converter==0.5.0 xdsl==0.28.0"}
_ALONE = threading.RLock()


def missing(packages: tuple[str, ...]) -> list[str]:
    """Return those of some packages that are not installed."""
    return [package for package in packages if find_spec(package) is None]


def require(what: str, *packages: str, extra: str) -> None:
    """Check that packages are installed.

    Args:
        what: what needs them.
        packages: by the names that they are imported by.
        extra: of netspace, which brings them, but for those in BY_HAND.

    Raises:
        NetspaceError: where one is not.
    """
    absent = missing(packages)
    if absent:
        by_hand = [BY_HAND[package] for package in absent if package in BY_HAND]
        how = [f"netspace[{extra}]"] if len(by_hand) < len(absent) else []
        raise NetspaceError(
            f"{what} needs {', '.join(absent)}, which {'is' if len(absent) == 1 else 'are'} not installed; "
            f"install {', then '.join([*how, *by_hand])}"
        )


@contextmanager
def loading(file: Path | str, reason: Callable[[Exception], str] = first_line) -> Iterator[None]:
    """Turn whatever goes wrong while a file of an export is loaded into an error that names the file.

    Args:
        file: as it is named.
        reason: what to tell of an exception.

    Raises:
        NetspaceError: of what is loaded as it is; of any other exception one that says to export again.
    """
    try:
        yield
    except NetspaceError:
        raise
    except Exception as error:
        raise NetspaceError(f"cannot load {file}: {reason(error)}; export it again") from None


@contextmanager
def silenced() -> Iterator[None]:
    """Keep a library's chatter off the user's screen, native code's too; errors still come through as exceptions.

    One thread at a time: what it changes belongs to the process.
    """
    with _ALONE:
        yield from _silenced()


def _silenced() -> Iterator[None]:
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), _descriptors_silenced():
            warnings.simplefilter("ignore")
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                yield
    finally:
        logging.disable(previous)


@contextmanager
def _descriptors_silenced() -> Iterator[None]:
    """Send what is written to the process's output and error, by whichever code, nowhere."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()  # what was printed before is not to follow
    kept = []
    for number in (1, 2):
        with contextlib.suppress(OSError):  # closed: then there is nothing to keep silent
            kept.append((number, os.dup(number)))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for number, _ in kept:
            os.dup2(nowhere, number)
        yield
    finally:
        for number, copy in kept:
            os.dup2(copy, number)
            os.close(copy)
        os.close(nowhere)
