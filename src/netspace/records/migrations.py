"""The versions of a store of networks: how each is brought to the next, and how an older one is read as it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from netspace.errors import NetspaceError
from netspace.records.population import to_2

Migration = Callable[[sqlite3.Connection, str], None]


def to_3(db: sqlite3.Connection, source: str) -> None:
    """Give each network the values of its knobs beside depth and width: none, as there were no others."""
    db.execute("ALTER TABLE networks ADD COLUMN knobs TEXT NOT NULL DEFAULT '{}'")


# By the version that it starts from; each is given the database, within a transaction, and what to call it in an error.
MIGRATIONS: dict[int, Migration] = {1: to_2, 2: to_3}
# Columns of the table `networks` that came later: the version, and the SQL of what older stores are read to say.
ADDED: dict[str, tuple[int, str]] = {"knobs": (3, "'{}'")}


def newest() -> int:
    """Return the version that this netspace writes."""
    return max(MIGRATIONS) + 1


def migrate(db: sqlite3.Connection, about: dict[str, Any], source: str) -> dict[str, Any]:
    """Bring a store to the newest version, within the transaction that is open; a newer one is refused.

    Args:
        db: of the store.
        about: the row of its table `about`.
        source: what to call it in an error.

    Returns:
        the row as it is then.

    Raises:
        NetspaceError: where a newer netspace made the store, or what is to be migrated is at fault.
    """
    check_version(about, source)
    for version in range(about["schema"], newest()):
        MIGRATIONS[version](db, source)
        db.execute("UPDATE about SET schema = ?", (version + 1,))
    return {**about, "schema": newest()}


def check_version(about: dict[str, Any], source: str) -> None:
    """Raise NetspaceError where a store is of a version that is not known here."""
    schema = about["schema"]
    if not 1 <= schema <= newest():
        raise NetspaceError(
            f"{source} has schema {schema}, and this version reads schemas 1 to {newest()}; use the netspace that "
            "made it, or a newer one"
        )


def select(columns: tuple[str, ...], schema: int) -> str:
    """Return the columns of a SELECT of the table `networks` in a store of some version."""
    later = {name: sql for name, (since, sql) in ADDED.items() if schema < since}
    return ", ".join(f"{later[name]} AS {name}" if name in later else name for name in columns)
