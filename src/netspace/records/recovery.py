"""Networks whose worker died: handed to another one, given up with the reason, or put back to wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netspace.errors import UnfinishedError
from netspace.records.database import reading, writing
from netspace.records.row import DONE
from netspace.records.store import NetworkStore

AGAIN = "run the same command again to train what is missing"
REASONS = 3  # of trainings that went wrong, the most frequent ones, that are told
LOST = "worker died: "  # how the reason of a network begins that was lost with its worker, and may be trained again


def done(store: NetworkStore) -> list[dict[str, Any]]:
    """Return the rows of a store's networks that are trained, or failed by themselves; none where it is not there."""
    return [row for row in _rows(store) if is_done(row)]


def left(store: NetworkStore) -> list[dict[str, Any]]:
    """Return the rows of a store's networks that are still to be trained, those lost with their workers too."""
    return [row for row in _rows(store) if not is_done(row)]


def places_done(store: NetworkStore) -> set[tuple[str, int]]:
    """Return population and place of each network of `done`."""
    return {(row["population"], row["place"]) for row in done(store)}


def _rows(store: NetworkStore) -> list[dict[str, Any]]:
    return store.rows() if store.begun else []


def is_done(row: dict[str, Any]) -> bool:
    """Whether a row's network is trained, or failed by itself."""
    return row["status"] in DONE and not _is_lost(row)


def _is_lost(row: dict[str, Any]) -> bool:
    return row["status"] == "failed" and (row["reason"] or "").startswith(LOST)


@dataclass(frozen=True)
class Missing:
    """What a store lacks.

    Args:
        networks: all of the store.
        waiting: of these, how many wait or are being trained.
        lost: reasons, each with the number of networks that were given up for it.
    """

    networks: int
    waiting: int
    lost: dict[str, int]

    def __bool__(self) -> bool:
        return bool(self.waiting or self.lost)

    def __str__(self) -> str:
        count = self.waiting + sum(self.lost.values())
        parts = [f"{n} whose {reason}" for reason, n in self.lost.items()]
        parts += [f"{self.waiting} not trained yet"] if self.waiting else []
        return f"{count} of {self.networks} networks {'is' if count == 1 else 'are'} missing: {', '.join(parts)}"


def held_by(store: NetworkStore, worker: str) -> list[int]:
    """Return the networks that a worker has claimed and not finished."""
    with reading(store.file) as db:
        found = db.execute("SELECT id FROM networks WHERE status = 'claimed' AND worker = ?", (worker,)).fetchall()
    return [row["id"] for row in found]


def hand_over(store: NetworkStore, network: int, worker: str, to: str) -> None:
    """Give a claimed network to another worker."""
    with writing(store.file) as db:
        db.execute(
            "UPDATE networks SET worker = ? WHERE id = ? AND status = 'claimed' AND worker = ?", (to, network, worker)
        )


def give_up(store: NetworkStore, network: int, worker: str, reason: str) -> None:
    """Record a claimed network as failed because its worker died."""
    with writing(store.file) as db:
        db.execute(
            "UPDATE networks SET status = 'failed', reason = ? WHERE id = ? AND status = 'claimed' AND worker = ?",
            (LOST + reason, network, worker),
        )


def put_back(store: NetworkStore, worker: str) -> None:
    """Let what a worker has claimed wait again."""
    with writing(store.file) as db:
        db.execute(
            "UPDATE networks SET status = 'waiting', worker = NULL WHERE status = 'claimed' AND worker = ?", (worker,)
        )


def retry_lost(store: NetworkStore) -> None:
    """Let networks that were lost with their workers wait again; those that failed by themselves stay as they are."""
    with writing(store.file) as db:
        db.execute(
            "UPDATE networks SET status = 'waiting', worker = NULL, reason = NULL"
            " WHERE status = 'failed' AND substr(reason, 1, ?) = ?",
            (len(LOST), LOST),
        )


def missing(store: NetworkStore) -> Missing:
    """Return which networks of a store are not done, and why; false where none is missing."""
    rows = store.rows()
    lost = Counter(row["reason"] for row in rows if _is_lost(row))
    waiting = sum(row["status"] not in DONE for row in rows)
    return Missing(len(rows), waiting, dict(sorted(lost.items())))


def notes_on_missing(folders: Iterable[Path]) -> list[str]:
    """Return a sentence for each folder of trained networks in which some are missing."""
    lacking = {folder: missing(NetworkStore(folder)) for folder in folders}
    return [f"{folder}: {what}; going on without them" for folder, what in lacking.items() if what]


def gone_wrong(store: NetworkStore) -> list[str]:
    """Return a sentence of the trainings of a store that diverged or failed by themselves; nothing where none did."""
    rows = done(store)
    wrong = Counter(row["reason"] or row["status"] for row in rows if row["status"] != "ok")
    told = "; ".join(f"{n} with '{reason}'" for reason, n in wrong.most_common(REASONS))
    told += f"; and {len(wrong) - REASONS} more reasons" if len(wrong) > REASONS else ""
    count = sum(wrong.values())
    return [f"{store.folder}: {count} of {len(rows)} trainings went wrong and are left out: {told}"] if wrong else []


def check_complete(store: NetworkStore) -> None:
    """Raise UnfinishedError where networks of a store are not trained, or were lost with their workers."""
    lacking = missing(store)
    if lacking:
        raise UnfinishedError(f"{store.folder}: {lacking}; {AGAIN}")
