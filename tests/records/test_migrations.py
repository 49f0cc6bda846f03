"""Stores of every version: read as they are, brought to the newest in one transaction, refused where they are newer."""

import json
import sqlite3
from pathlib import Path

import pytest

from netspace import Architecture, NetspaceError
from netspace.cost import Cost
from netspace.records import NetworkStore, Planned, Population, migrations, store
from tests.records.first_schema import to_first_schema

ABOUT = {"recipe": "r", "data": "d", "template": "t"}


def planned(place: int) -> Planned:
    return Planned("front-2M", place, place, Architecture.of([1, 2], [8, 16]), Cost(10, 20, 30))


def columns_of(file: Path) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(file) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: list(db.execute(f"PRAGMA table_info({name})")) for name in sorted(tables)}


@pytest.fixture
def old(tmp_path: Path) -> NetworkStore:
    """A store as schema 1 left it."""
    found = NetworkStore(tmp_path / "old")
    found.create(**ABOUT)
    found.add([planned(0)])
    to_first_schema(found.file)
    return found


def test_a_store_of_every_version_becomes_what_a_new_one_is(old: NetworkStore, tmp_path: Path) -> None:
    old.create(**ABOUT)
    new = NetworkStore(tmp_path / "new")
    new.create(**ABOUT)
    assert columns_of(old.file) == columns_of(new.file)
    assert old.about() == new.about()


def test_networks_are_added_to_an_old_store_also_by_who_did_not_create_it(old: NetworkStore) -> None:
    NetworkStore(old.folder).add([planned(0), planned(1)], [Population("front-2M", "elite", "elite")])
    assert old.about()["schema"] == migrations.newest()
    assert len(old.rows()) == 2
    assert old.populations()["front-2M"].kind == "elite"


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version to come: a column more, which older stores are read to hold an empty object in."""

    def to_next(db: sqlite3.Connection, source: str) -> None:
        db.execute("ALTER TABLE networks ADD COLUMN more TEXT NOT NULL DEFAULT '{}'")

    monkeypatch.setitem(migrations.MIGRATIONS, migrations.newest(), to_next)
    monkeypatch.setitem(migrations.ADDED, "more", (migrations.newest(), "'{}'"))
    monkeypatch.setattr(store, "COLUMNS", (*store.COLUMNS, "more"))


@pytest.mark.usefixtures("next_version")
def test_a_column_of_a_version_to_come_is_read_from_older_stores_without_writing(old: NetworkStore) -> None:
    before = old.file.read_bytes()
    assert [json.loads(row["more"]) for row in old.rows()] == [{}]
    assert old.populations().keys() == {"front-2M"}
    old.check(**ABOUT)
    assert old.about()["schema"] == 1
    assert old.file.read_bytes() == before


@pytest.mark.usefixtures("next_version")
def test_migrations_run_one_after_the_other_when_the_store_is_written(old: NetworkStore) -> None:
    assert migrations.newest() == 4
    old.add([planned(1)])
    assert old.about()["schema"] == 4
    assert [row["more"] for row in old.rows()] == ["{}", "{}"]


def test_a_migration_that_fails_leaves_the_store_as_it_was(old: NetworkStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(db: sqlite3.Connection, source: str) -> None:
        db.execute("ALTER TABLE networks ADD COLUMN more TEXT")
        raise NetspaceError(f"{source} cannot be migrated")

    before = columns_of(old.file)
    monkeypatch.setitem(migrations.MIGRATIONS, migrations.newest(), broken)
    for write in (lambda: old.create(**ABOUT), lambda: old.add([planned(1)])):
        with pytest.raises(NetspaceError, match="cannot be migrated"):
            write()
        assert columns_of(old.file) == before
        assert old.about()["schema"] == 1
    assert len(old.rows()) == 1


def test_a_store_of_a_newer_version_is_neither_read_nor_written(old: NetworkStore) -> None:
    with sqlite3.connect(old.file) as db:
        db.execute("UPDATE about SET schema = 7")
    uses = (old.rows, old.about, lambda: old.add([planned(1)]), lambda: old.check(**ABOUT), lambda: old.create(**ABOUT))
    for use in uses:
        with pytest.raises(
            NetspaceError, match="has schema 7, and this version reads schemas 1 to 3; use the netspace"
        ):
            use()
