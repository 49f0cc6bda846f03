"""A run's networks in one SQLite file: a row per network, claimed before it is trained, never lost, never twice.

Each process that trains holds a lock file of its own for as long as it lives, and touches it (records/holding.py). A
claimed row whose holder's lock is free, or untouched for long, belongs to a dead process, and is taken over. Workers of
one pool leave each other's rows to their parent, who knows how they ended.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from netspace.cost.device_profile import use_profile_of
from netspace.errors import NetspaceError
from netspace.records.database import has_tables, reading, writing
from netspace.records.holding import Hold, Watch
from netspace.records.migrations import check_version, migrate, newest, select
from netspace.records.planned import Planned, row_of
from netspace.records.population import TABLE, Population, enter_populations, read_populations
from netspace.records.row import architecture_of, checked_about, checked_rows, last_loss
from netspace.records.sameness import check_same
from netspace.records.trained import TrainedNetwork
from netspace.spaces import Architecture

FILE = "networks.sqlite"
_CREATE = f"""
CREATE TABLE about (schema INTEGER NOT NULL, recipe TEXT NOT NULL, data TEXT NOT NULL, template TEXT NOT NULL);
CREATE TABLE networks (
  id INTEGER PRIMARY KEY,
  population TEXT NOT NULL, place INTEGER NOT NULL, seed INTEGER NOT NULL,
  depth TEXT NOT NULL, width TEXT NOT NULL,
  flops INTEGER NOT NULL, params INTEGER NOT NULL, activations INTEGER NOT NULL,
  status TEXT NOT NULL DEFAULT 'waiting', worker TEXT,
  validation_error REAL, test_error REAL, curve TEXT, seconds REAL, device TEXT, reason TEXT,
  knobs TEXT NOT NULL DEFAULT '{{}}',
  UNIQUE (population, place)
);
{TABLE};
"""
COLUMNS = (
    *("id", "population", "place", "seed", "depth", "width", "knobs", "flops", "params", "activations"),
    *("status", "validation_error", "test_error", "seconds", "device", "reason"),
)


def population_name(kind: str, budget: object) -> str:
    """Return the name of a population in the store, as `elite-10M` or `random-spaces-10M`."""
    return f"{kind}-{budget}"


class NetworkStore:
    """The networks of a run folder.

    Args:
        folder: the run folder; the store is `networks.sqlite` in it.
        hold: of this process where it claims networks, named `POOL-NUMBER` in a pool of workers; None takes one with
            the first claim.
    """

    def __init__(self, folder: Path, hold: Hold | None = None) -> None:
        self.folder, self.file = folder, folder / FILE
        self._hold, self._worker = hold, uuid.uuid4().hex if hold is None else hold.name
        self._watch = Watch(folder)

    @property
    def begun(self) -> bool:
        """Whether the store is there; a file without any table is what a full disk left of one that was to be made.

        Raises:
            NetspaceError: where the file is no database.
        """
        if not self.file.exists():
            return False
        with reading(self.file) as db:
            return has_tables(db)

    def create(self, *, recipe: str, data: str, template: str) -> None:
        """Make the store, or check that it holds networks of the same recipe, data and template.

        Raises:
            NetspaceError: where it holds others, or is of another schema.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        given = {"recipe": recipe, "data": data, "template": template}
        with writing(self.file) as db:
            db.execute("BEGIN IMMEDIATE")
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'about'").fetchone():
                for statement in filter(str.strip, _CREATE.split(";")):
                    db.execute(statement)
                db.execute(
                    "INSERT INTO about VALUES (:schema, :recipe, :data, :template)", {"schema": newest(), **given}
                )
            stored = self._about(db)
            if stored == {"schema": stored["schema"], **given}:  # another one is refused, and left as it is
                stored = migrate(db, stored, str(self.file))
            db.execute("COMMIT")
        check_same(self.file, stored, given)

    def check(self, *, recipe: str, data: str, template: str) -> None:
        """Check that the store is there and holds networks of a recipe, data and template.

        Raises:
            NetspaceError: where it is not there, or holds others.
        """
        given = {"recipe": recipe, "data": data, "template": template}
        check_same(self.file, self.about(), given, "its networks can't be compared with these")

    def add(self, planned: list[Planned], populations: Sequence[Population] = ()) -> None:
        """Enter networks that are to be trained, and what their populations are; networks that are there stay as is.

        Raises:
            NetspaceError: where a place of a population holds another architecture or seed.
        """
        with writing(self.file) as db:
            db.execute("BEGIN IMMEDIATE")
            migrate(db, self._about(db), str(self.file))
            for network in planned:
                row = row_of(network)
                db.execute(
                    "INSERT OR IGNORE INTO networks"
                    " (population, place, seed, depth, width, knobs, flops, params, activations) VALUES"
                    " (:population, :place, :seed, :depth, :width, :knobs, :flops, :params, :activations)",
                    row,
                )
                found = db.execute(
                    "SELECT seed, depth, width, knobs FROM networks WHERE population = :population AND place = :place",
                    row,
                ).fetchone()
                if tuple(found) != (row["seed"], row["depth"], row["width"], row["knobs"]):
                    db.execute("ROLLBACK")
                    raise NetspaceError(
                        f"{self.file}: network {network.place} of '{network.population}' is another one; the store "
                        "was made with another --seed, space or budget, or by an earlier version; give the same, "
                        f"or move {self.folder} away"
                    )
            enter_populations(db, populations)
            db.execute("COMMIT")

    def claim(self) -> tuple[int, Architecture, int] | None:
        """Claim the next network that waits, or that a dead process held: its id, architecture and seed."""
        return next(iter(self.claims(1)), None)

    def claims(self, most: int) -> list[tuple[int, Architecture, int]]:
        """Claim the next networks as `claim` does, so many of them at most, and all at once.

        Populations take turns, so that what is there at any time is balanced.
        """
        if most < 1:
            return []
        if self._hold is None:
            self._hold = Hold(self.folder, self._worker)
        with writing(self.file) as db:
            db.execute("BEGIN IMMEDIATE")
            rows = db.execute(
                "SELECT id, depth, width, knobs, seed, status, worker FROM networks"
                " WHERE status IN ('waiting', 'claimed') ORDER BY place, population"
            )
            alive: dict[str, bool] = {}
            free = (row for row in rows if row["status"] == "waiting" or not self._alive(row["worker"], alive))
            found = list(islice(free, most))
            rows.close()  # what comes after them is not read
            taken = [(self._worker, row["id"]) for row in found]
            db.executemany("UPDATE networks SET status = 'claimed', worker = ? WHERE id = ?", taken)
            db.execute("COMMIT")
        return [_claimed(row) for row in found]

    def withdraw(self, population: str) -> int:
        """Remove a population's networks that nobody has begun to train; return how many they were."""
        with writing(self.file) as db:
            done = db.execute("DELETE FROM networks WHERE population = ? AND status = 'waiting'", (population,))
        return int(done.rowcount)

    def handed_over(self) -> list[tuple[int, Architecture, int]]:
        """Return what was claimed in this process's name before it began, as `claim` does."""
        with reading(self.file) as db:
            found = db.execute(
                "SELECT id, depth, width, knobs, seed FROM networks WHERE status = 'claimed' AND worker = ?",
                (self._worker,),
            ).fetchall()
        return [_claimed(row) for row in found]

    def finish(self, network: int, trained: TrainedNetwork) -> bool:
        """Record what came of a network that this process claimed.

        Returns:
            whether it was still this process's; where another has taken it over, nothing is recorded.
        """
        return self.record([(network, trained)]) == 1

    def record(self, done: Sequence[tuple[int, TrainedNetwork]]) -> int:
        """Record what came of networks as `finish` does, in one change; return how many were still this process's."""
        if not done:
            return 0
        with writing(self.file) as db:
            db.execute("BEGIN IMMEDIATE")
            changed = db.executemany(
                "UPDATE networks SET status = ?, validation_error = ?, test_error = ?, curve = ?, seconds = ?,"
                " device = ?, reason = ? WHERE id = ? AND status = 'claimed' AND worker = ?",
                [
                    (
                        *(trained.status, trained.validation_error, trained.test_error, json.dumps(trained.curve)),
                        *(trained.seconds, trained.device, trained.reason, network, self._worker),
                    )
                    for network, trained in done
                ],
            )
            db.execute("COMMIT")
        return changed.rowcount

    def rows(self) -> list[dict[str, Any]]:
        """Return all networks, in the order of populations and places; depth and width as lists.

        Raises:
            NetspaceError: where the store is not there, or a row is at fault.
        """
        with self._read() as db:
            columns = select(COLUMNS, self._about(db)["schema"])
            found = db.execute(f"SELECT {columns} FROM networks ORDER BY population, place").fetchall()
        return checked_rows(found, self.file)

    def last_losses(self) -> dict[int, float]:
        """Return the mean training loss of the last epoch of each network, by its row's id, where the store has it."""
        with self._read() as db:
            rows = db.execute("SELECT id, curve FROM networks WHERE status = 'ok' AND curve IS NOT NULL").fetchall()
        found = {row["id"]: last_loss(row["curve"]) for row in rows}
        return {network: loss for network, loss in found.items() if loss is not None}

    def best_error(self) -> float | None:
        """Return the least validation error of all networks that are trained; None where none is."""
        with reading(self.file) as db:
            found = db.execute("SELECT min(validation_error) FROM networks WHERE status = 'ok'").fetchone()
        return None if found[0] is None else float(found[0])

    def populations(self) -> dict[str, Population]:
        """Return what each population of the networks is, by its name; stores of schema 1 knew their names alone."""
        with self._read() as db:
            use_profile_of(self.folder)
            return read_populations(db, str(self.file))

    def about(self) -> dict[str, Any]:
        """Return the schema and the fingerprints of recipe, data and template that all networks share."""
        with self._read() as db:
            return self._about(db)

    def counts(self) -> dict[str, int]:
        """Return the number of networks of each status; the store has to be there."""
        with self._read() as db:
            return {row[0]: row[1] for row in db.execute("SELECT status, count(*) FROM networks GROUP BY status")}

    def _about(self, db: sqlite3.Connection) -> dict[str, Any]:
        about = checked_about(db.execute("SELECT * FROM about").fetchall(), self.file)
        check_version(about, str(self.file))
        return about

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        """Open the store to read it; one that is not there is refused."""
        nothing = NetspaceError(f"{self.folder} holds no trained networks ({FILE} is not there, or empty)")
        if not self.file.exists():
            raise nothing
        with reading(self.file) as db:
            if not has_tables(db):
                raise nothing
            yield db

    def fold(self) -> None:
        """Take what SQLite keeps beside the file into it: a process that only read may have closed it last."""
        with writing(self.file) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def release(self) -> None:
        """Remove this process's lock file; what it has claimed is free for others."""
        if self._hold is not None:
            self._hold.release()
            self._hold = None

    def _alive(self, worker: Any, known: dict[str, bool]) -> bool:
        """Say whether a row's holder is at work, or is of this process's pool, whose parent looks after it."""
        name = str(worker)
        if name.partition("-")[0] == self._worker.partition("-")[0]:
            return True
        if name not in known:
            known[name] = self._watch.alive(name)
        return known[name]


def _claimed(row: Any) -> tuple[int, Architecture, int]:
    values = {key: json.loads(row[key]) for key in ("depth", "width", "knobs")}
    return row["id"], architecture_of(values), row["seed"]
