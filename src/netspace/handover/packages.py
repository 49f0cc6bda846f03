"""Packages of others that an export needs: whether they are here, and how to have them work in silence."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from netspace.errors import NetspaceError


def missing(packages: tuple[str, ...]) -> list[str]:
    """Return those of some packages that are not installed."""
    return [package for package in packages if find_spec(package) is None]


def require(what: str, *packages: str, extra: str) -> None:
    """Check that packages are installed.

    Args:
        what: what needs them.
        packages: by the names that they are imported by.
        extra: of netspace, which brings them.

    Raises:
        NetspaceError: where one is not.
    """
    absent = missing(packages)
    if absent:
        raise NetspaceError(
            f"{what} needs {', '.join(absent)}, which {'is' if len(absent) == 1 else 'are'} not installed; "
            f"install netspace[{extra}], or choose another --format"
        )


@contextmanager
def silenced() -> Iterator[None]:
    """Keep a library's chatter off the user's screen, native code's too; errors still come through as exceptions."""
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
        stream.flush()  # what was printed before is not to follow
    kept = [(number, os.dup(number)) for number in (1, 2)]
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
