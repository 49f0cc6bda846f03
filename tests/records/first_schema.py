"""Stores as the first version left them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def to_first_schema(file: Path) -> None:
    """Bring a store's database back to schema 1; nothing of it is left in a log beside it."""
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("DROP TABLE populations")
        db.execute("ALTER TABLE networks DROP COLUMN knobs")
        db.execute("UPDATE about SET schema = 1")
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
