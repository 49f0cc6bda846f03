"""The store of networks: nothing lost, nothing twice, whatever dies."""

import dataclasses
import multiprocessing as mp
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from netspace import Architecture, Budget, NetspaceError, NetworkTemplate, Run, cost
from netspace.cost import Constraint
from netspace.errors import UnfinishedError
from netspace.records import NetworkStore, Planned, Population, TrainedNetwork, by_budget, recovery
from netspace.records.database import writing

ABOUT = {"recipe": "r", "data": "d", "template": "t"}


def planned(population: str, n: int, first_width: int = 4) -> list[Planned]:
    found = []
    for place in range(n):
        architecture = Architecture.of((1, 1, 1), (first_width, 4, 4 + place))
        found.append(Planned(population, place, 100 + place, architecture, cost(architecture, NetworkTemplate())))
    return found


def trained(architecture: Architecture, seed: int) -> TrainedNetwork:
    return TrainedNetwork(
        architecture, cost(architecture, NetworkTemplate()), seed, "r", "d", "ok", 0.25, 0.3, [{"loss": 1.0}], 2.0
    )


@pytest.fixture
def store(tmp_path: Path) -> NetworkStore:
    made = NetworkStore(tmp_path / "run")
    made.create(**ABOUT)
    made.add(planned("a", 3) + planned("b", 3))
    return made


def test_populations_take_turns_and_each_network_is_claimed_once(store: NetworkStore) -> None:
    claims = []
    while (claim := store.claim()) is not None:
        claims.append(claim)
        store.finish(claim[0], trained(claim[1], claim[2]))
    assert [seed for _, _, seed in claims] == [100, 100, 101, 101, 102, 102]
    assert len({network for network, _, _ in claims}) == 6
    rows = store.rows()
    assert [(row["population"], row["place"]) for row in rows] == [(p, i) for p in "ab" for i in range(3)]
    assert all(row["status"] == "ok" and row["test_error"] == 0.3 and row["width"][0] == 4 for row in rows)
    assert store.counts() == {"ok": 6}


def test_what_was_lost_with_its_worker_is_left_and_what_failed_by_itself_is_done(store: NetworkStore) -> None:
    for status, reason in (("ok", None), ("failed", "no such block")):
        network, architecture, seed = store.claims(1)[0]
        store.finish(network, dataclasses.replace(trained(architecture, seed), status=status, reason=reason))
    lost, *_ = store.claims(1)[0]
    with writing(store.file) as db:
        (worker,) = db.execute("SELECT worker FROM networks WHERE id = ?", (lost,)).fetchone()
    recovery.give_up(store, lost, worker, "killed by signal 9 (SIGKILL)")
    assert [row["status"] for row in recovery.done(store)] == ["ok", "failed"]
    assert recovery.places_done(store) == {("a", 0), ("b", 0)}
    assert sorted(row["status"] for row in recovery.left(store)) == ["failed", *["waiting"] * 3]
    empty = NetworkStore(store.folder / "none")
    assert (recovery.done(empty), recovery.left(empty)) == ([], [])


def test_adding_again_changes_nothing_and_going_on_adds_more(store: NetworkStore) -> None:
    claim = store.claim()
    assert claim is not None
    store.finish(claim[0], trained(claim[1], claim[2]))
    store.create(**ABOUT)
    store.add(planned("a", 5))
    assert store.counts() == {"ok": 1, "waiting": 7}


def test_a_store_of_other_networks_is_refused(store: NetworkStore) -> None:
    with pytest.raises(NetspaceError, match=r"another recipe \(r, not x\); give the same recipe, or move .* away"):
        store.create(**{**ABOUT, "recipe": "x"})
    with pytest.raises(NetspaceError, match="network 0 of 'a' is another one.*; give the same, or move .* away"):
        store.add(planned("a", 1, first_width=8))
    assert store.counts() == {"waiting": 6}


def test_a_store_of_another_schema_is_refused(store: NetworkStore) -> None:
    with sqlite3.connect(store.file) as db:
        db.execute("UPDATE about SET schema = 9")
    with pytest.raises(
        NetspaceError, match="has schema 9, and this version reads schemas 1 to 3; use the netspace that made it"
    ):
        store.create(**ABOUT)


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "networks.sqlite").write_text("not a database, but long enough to be looked at as one" * 20)
    with pytest.raises(NetspaceError, match=r"cannot use .*networks\.sqlite: file is not a database"):
        NetworkStore(tmp_path).create(**ABOUT)
    with pytest.raises(NetspaceError, match="holds no trained networks"):
        NetworkStore(tmp_path / "none").rows()


@pytest.mark.parametrize("header", [False, True], ids=["empty", "a header alone"])
def test_a_file_that_a_full_disk_left_without_tables_is_a_store_that_is_still_to_be_made(
    tmp_path: Path, header: bool
) -> None:
    store = NetworkStore(tmp_path)
    store.file.touch()
    if header:
        with sqlite3.connect(store.file) as db:
            db.execute("PRAGMA journal_mode = WAL")
    assert not store.begun
    assert Run(tmp_path).stores == {}
    with pytest.raises(NetspaceError, match="holds no trained networks"):
        store.rows()
    store.create(**ABOUT)
    assert store.begun
    assert store.rows() == []


def test_a_full_disk_is_no_mistake_of_the_users(tmp_path: Path) -> None:
    def fill(file: Path) -> None:
        with writing(file) as db:
            db.execute("PRAGMA max_page_count = 1")
            db.execute("CREATE TABLE a (b INTEGER)")

    with pytest.raises(UnfinishedError, match=r"cannot use .*networks\.sqlite: database or disk is full"):
        fill(tmp_path / "networks.sqlite")


def claim_and_wait(folder: Path, claimed: object) -> None:
    store = NetworkStore(folder)
    assert store.claim() is not None
    claimed.set()  # type: ignore[attr-defined]
    time.sleep(60)


def test_the_claim_of_a_killed_process_is_taken_over_and_that_of_a_living_one_is_not(store: NetworkStore) -> None:
    context = mp.get_context("spawn")
    workers = []
    for _ in range(2):
        claimed = context.Event()
        worker = context.Process(target=claim_and_wait, args=(store.folder, claimed), daemon=True)
        worker.start()
        assert claimed.wait(60)
        workers.append(worker)
    assert store.counts() == {"claimed": 2, "waiting": 4}
    assert workers[0].pid is not None
    os.kill(workers[0].pid, signal.SIGKILL)
    workers[0].join()
    seeds = []
    while (claim := store.claim()) is not None:
        seeds.append(claim[2])
        store.finish(claim[0], trained(claim[1], claim[2]))
    # The killed process held place 0 of population a (seed 100); the living one keeps place 0 of b.
    assert seeds == [100, 101, 101, 102, 102]
    assert store.counts() == {"claimed": 1, "ok": 5}
    workers[1].kill()
    workers[1].join()
    assert store.claim() is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("flops = 0", "flops is 0; it should be a whole number of at least 1"),
        ("seed = x'00ff'", r"seed is b'\\x00\\xff'; it should be a whole number"),
        ("status = 'x'", "status is 'x'; it should be one of waiting, claimed, ok"),
        ("validation_error = 9e999", "validation_error is inf; it should be a share from 0 to 1"),
        ("test_error = 'x'", "test_error is 'x'; it should be a share"),
        ("status = 'ok', test_error = NULL", "is 'ok' and lacks an error"),
        ("seconds = -1", "seconds is -1"),
        ("depth = '[1, 1'", r"depth is '\[1, 1'; it should be a JSON list of positive whole numbers"),
        ("depth = '[1, true, 1]'", "depth is "),
        ("depth = '[1, 1]'", "has 2 depths and 3 widths"),
        ("depth = '[1, 1]', width = '[4, 4]'", "has 2 stages, and the first row 3"),
        (f"width = '[1, 1, {10**30}]'", "width is "),
        (f"depth = '{'[' * 100_000}'", "depth is "),
        ("population = x'41'", "population is b'A'; it should be a name"),
        ("reason = 7.5, device = ''", "device is ''"),
    ],
)
def test_a_row_at_fault_is_named_with_what_it_should_be(store: NetworkStore, change: str, message: str) -> None:
    with sqlite3.connect(store.file) as db:
        db.execute(f"UPDATE networks SET {change} WHERE id = 2")
    with pytest.raises(NetspaceError, match=rf"networks\.sqlite is damaged: row 2 .*{message}.*train anew"):
        store.rows()


@pytest.mark.parametrize(
    "change", ["DROP TABLE networks", "DROP TABLE about", "DELETE FROM about", "UPDATE about SET recipe = x'00'"]
)
def test_a_store_without_its_tables_is_named(store: NetworkStore, change: str) -> None:
    with sqlite3.connect(store.file) as db:
        db.execute(change)
    with pytest.raises(NetspaceError, match=r"networks\.sqlite"):
        _ = store.about(), store.rows()


def read_as_nobody(store: NetworkStore) -> tuple[int, str]:
    """Read a store in a process without rights, which cannot write its folder; return its rows or its error."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            found = f"{len(store.rows())}"
        except BaseException as error:
            found = f"{error!r}"
        os.write(write, found.encode())
        os._exit(0)
    os.close(write)
    _, code = os.waitpid(child, 0)
    with os.fdopen(read) as stream:
        return code, stream.read()


@pytest.mark.parametrize("killed_writer", [False, True])
def test_a_store_on_storage_that_cannot_be_written_is_read(killed_writer: bool) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        Path(place).chmod(0o755)
        store = NetworkStore(Path(place) / "run")
        store.create(**ABOUT)
        store.add(planned("a", 2))
        if killed_writer:  # what it wrote is in the log beside the database alone
            code = f"""
import os, sqlite3
db = sqlite3.connect({str(store.file)!r}, isolation_level=None)
db.execute("INSERT INTO networks SELECT 9, population, 9, seed, depth, width, flops, params, activations, status,"
           " worker, validation_error, test_error, curve, seconds, device, reason, knobs FROM networks LIMIT 1")
os._exit(0)
"""
            subprocess.run([sys.executable, "-c", code], check=True)
            (store.folder / "networks.sqlite-shm").unlink()
            assert (store.folder / "networks.sqlite-wal").stat().st_size
        before = {path.name: path.read_bytes() for path in store.folder.iterdir()}
        store.folder.chmod(0o555)
        assert read_as_nobody(store) == (0, "3" if killed_writer else "2")
        assert {path.name: path.read_bytes() for path in store.folder.iterdir()} == before
        store.folder.chmod(0o755)


def test_constraints_of_a_population_are_kept_and_a_store_without_any_has_no_column_for_them(
    store: NetworkStore,
) -> None:
    def columns() -> set[str]:
        with sqlite3.connect(store.file) as db:
            return {row[1] for row in db.execute("PRAGMA table_info(populations)")}

    free = Budget.parse("2M")
    bounded = free.bounded([Constraint.parse("params<=1.2M"), Constraint.parse("flash<=1MiB")])
    store.add(planned("free", 1), [Population("free").at(free)])
    assert "constraints" not in columns()
    assert store.populations()["free"] == Population("free").at(free)
    store.add(planned("bounded", 1), [Population("bounded").at(bounded)])
    found = store.populations()
    assert found["bounded"].constraints == "params<=1.2M, flash<=1MiB"
    assert found["free"].constraints == ""
    assert not found["free"].same_source(found["bounded"])
    assert [[p.name for p in group] for group in by_budget(found.values())] == [["free"], ["bounded"]]


def test_several_networks_are_claimed_at_once_in_the_order_of_single_claims(
    store: NetworkStore, tmp_path: Path
) -> None:
    one = NetworkStore(tmp_path / "one")
    one.create(recipe="r", data="d", template="t")
    for each in (store, one):
        each.add(planned("a", 3) + planned("b", 3))
    singly = [claim[1:] for claim in iter(one.claim, None)]
    assert store.claims(0) == []
    assert [claim[1:] for claim in store.claims(2) + store.claims(10)] == singly
    assert (len(singly), store.counts(), store.claims(1)) == (6, {"claimed": 6}, [])


def test_several_networks_are_recorded_at_once_but_those_that_another_process_has_taken_over(
    store: NetworkStore,
) -> None:
    claims = store.claims(3)
    with sqlite3.connect(store.file) as db:
        db.execute("UPDATE networks SET worker = 'another' WHERE id = ?", (claims[1][0],))
    assert store.record([]) == 0
    assert store.record([(network, trained(architecture, seed)) for network, architecture, seed in claims]) == 2
    assert store.counts() == {"ok": 2, "claimed": 1, "waiting": 3}


def test_the_best_error_is_the_least_of_networks_that_are_trained(store: NetworkStore) -> None:
    store.add(planned("a", 3))
    assert store.best_error() is None
    for network, architecture, seed in store.claims(2):
        store.finish(network, trained(architecture, seed))
    assert store.best_error() == min(row["validation_error"] for row in store.rows() if row["status"] == "ok")
