"""The versions of the files that commands write and others read: one that says none is of the first."""

from __future__ import annotations

from typing import Any

from netspace.errors import NetspaceError

VERSION = "version"


def check_version(document: Any, newest: int, source: str) -> int:
    """Return a document's version.

    Args:
        document: as it was read; one that is no mapping has no version, and is for its reader to refuse.
        newest: what this version of netspace can read.
        source: what to call it in an error.

    Raises:
        NetspaceError: where a newer netspace wrote it, or its version is no whole number.
    """
    version = document.get(VERSION, 1) if isinstance(document, dict) else 1
    if type(version) is not int or not 1 <= version <= newest:
        known = "version 1" if newest == 1 else f"versions 1 to {newest}"
        raise NetspaceError(
            f"{source}: version {version!r} is not readable: this netspace reads {known}; use a newer one"
        )
    return version
