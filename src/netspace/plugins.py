"""Kinds of blocks and costs of a user's own: packages that say so are imported when a name is not known."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module, metadata
from typing import Any, TypeVar

from netspace.errors import NetspaceError, did_you_mean

T = TypeVar("T")
GROUP = "netspace.plugins"


@cache
def load_plugins() -> None:
    """Import, once, every module that an installed package names in its entry points of the group `netspace.plugins`.

    A module enters what it adds when it is imported: `BLOCKS["mine"] = Mine()`.
    """
    for entry in metadata.entry_points(group=GROUP):
        try:
            entry.load()
        except Exception as error:
            raise NetspaceError(
                f"plugin '{entry.name}' ({entry.value}) cannot be imported: {error}; mend or uninstall its package"
            ) from None


class Entries(dict[str, T]):
    """Kinds by name, and for each that was added the module that did it."""

    def __init__(self, entries: Mapping[str, T]) -> None:
        super().__init__(entries)
        self.added: dict[str, str] = {}

    def __setitem__(self, name: str, entry: T) -> None:
        super().__setitem__(name, entry)
        self.added[name] = str(sys._getframe(1).f_globals.get("__name__", ""))


def named(entries: Mapping[str, T], name: str, what: str) -> T:
    """Return what is entered under a name; a name that is not known is looked for in plugins.

    Args:
        entries: by name.
        name: which.
        what: the entries are, for messages.

    Raises:
        NetspaceError: where there is none of that name.
    """
    if name not in entries:
        load_plugins()
    if name not in entries:
        raise NetspaceError(f"unknown {what} '{name[:80]}', {did_you_mean(name, entries)}")
    return entries[name]


def own_modules(entries: Entries[Any], name: str) -> list[str]:
    """Return the modules outside of netspace that define and enter a kind, so that another process has it too.

    Raises:
        NetspaceError: where one is a script or notebook, which another process cannot import.
    """
    modules = {type(entries[name]).__module__, entries.added.get(name, "")} - {"builtins", ""}
    found = [module for module in sorted(modules) if module.partition(".")[0] != "netspace"]
    if "__main__" in found:
        raise NetspaceError(
            f"'{name}' is defined in the script that runs, where processes that train cannot import it; define and "
            "enter it in a module of its own and import that"
        )
    return found


def import_modules(names: Iterable[str]) -> None:
    """Import modules by name, for what they enter."""
    for name in names:
        import_module(name)
