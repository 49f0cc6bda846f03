"""Workers that are killed, stopped or orphaned: replaced, named, ended; nothing that is missing goes unsaid."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from netspace import NetspaceError, Pool
from netspace.errors import UnfinishedError
from netspace.evaluate import crew, job, pool, train_network, train_population
from netspace.evaluate.job import Job, handed_out, taken_up
from netspace.records import NetworkStore, holding, recovery
from netspace.spaces import Architecture
from tests.evaluate.killing import RECIPE, TEMPLATE, process_of, signals_sent, small_data, small_store, wait_until

DATA = small_data()


def statuses(store: NetworkStore) -> list[str]:
    return [row["status"] for row in store.rows()]


def left(store: NetworkStore) -> list[str]:
    return sorted(p.name for p in store.folder.iterdir() if p.name != "networks.sqlite")


def test_a_network_whose_worker_is_killed_once_is_trained_by_a_new_one_to_the_same_error(tmp_path: Path) -> None:
    store = small_store(tmp_path, 2)
    with signals_sent(store, signal.SIGKILL, place=0, times=1) as sent:
        train_population(store, TEMPLATE, DATA, RECIPE)
    assert len(sent) == 1
    assert statuses(store) == ["ok", "ok"]
    row = store.rows()[0]
    alone = train_network(Architecture.of(row["depth"], row["width"]), TEMPLATE, DATA, RECIPE, seed=row["seed"])
    assert (row["validation_error"], row["test_error"]) == (alone.validation_error, alone.test_error)
    assert left(store) == []


def test_a_network_that_loses_two_workers_is_named_the_rest_is_trained_and_the_next_call_trains_it(
    tmp_path: Path,
) -> None:
    store = small_store(tmp_path, 3)
    with (
        signals_sent(store, signal.SIGSEGV, place=1, times=2),
        pytest.raises(UnfinishedError, match=r"1 of 3 networks is missing: 1 whose worker died: .*SIGSEGV.*, 2 times"),
    ):
        train_population(store, TEMPLATE, DATA, RECIPE, pool=Pool(2))
    assert statuses(store) == ["ok", "failed", "ok"]
    assert store.rows()[1]["reason"].startswith("worker died: killed by signal 11 (SIGSEGV)")
    assert left(store) == []
    assert [row["place"] for row in recovery.left(store)] == [1]  # so a plan and a time limit count it
    train_population(store, TEMPLATE, DATA, RECIPE)
    assert statuses(store) == ["ok", "ok", "ok"]


def test_where_every_worker_dies_the_work_ends_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_PROGRAM", "import os; print('no torch here', flush=True); os._exit(3)")
    store = small_store(tmp_path, 2)
    with pytest.raises(UnfinishedError, match=r"10 workers in a row died .*no torch here.*2 of 2 networks are missing"):
        train_population(store, TEMPLATE, DATA, RECIPE, pool=Pool(2))
    assert statuses(store) == ["waiting", "waiting"]


def test_a_stopped_worker_is_ended_and_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "STALL_SECONDS", 4.0)
    store = small_store(tmp_path, 2)
    with signals_sent(store, signal.SIGSTOP, place=0, times=1) as sent:
        train_population(store, TEMPLATE, DATA, RECIPE)
    assert len(sent) == 1
    assert not Path(f"/proc/{sent[0]}").exists()
    assert statuses(store) == ["ok", "ok"]


def test_an_interrupt_ends_workers_at_once_also_stopped_ones_and_what_they_trained_waits(tmp_path: Path) -> None:
    store, pids = small_store(tmp_path, 2), []

    def interrupt(counts: dict[str, int]) -> None:
        if counts.get("claimed"):
            wait_until(lambda: process_of(store))
            pids.append(process_of(store))
            os.kill(pids[0], signal.SIGSTOP)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_population(store, TEMPLATE, DATA, RECIPE, on_change=interrupt)
    assert not Path(f"/proc/{pids[0]}").exists()
    assert statuses(store) == ["waiting", "waiting"]
    assert left(store) == []


ORPHANS = """
from pathlib import Path
from netspace import Pool
from netspace.evaluate import train_population
from tests.evaluate.killing import RECIPE, TEMPLATE, small_data, small_store
import dataclasses, sys
store = small_store(Path(sys.argv[1]), 2)
train_population(store, TEMPLATE, small_data(), dataclasses.replace(RECIPE, epochs=10000), pool=Pool(2))
"""


@pytest.mark.parametrize("stopped", [False, True])
def test_workers_of_a_killed_parent_end_at_once_and_the_next_call_clears_up_and_goes_on(
    tmp_path: Path, stopped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary"), "PYTHONPATH": os.pathsep.join(sys.path)}
    # The script has no `if __name__ == "__main__"`: workers must not run it again.
    parent = subprocess.Popen([sys.executable, "-c", ORPHANS, str(tmp_path / "run")], env=environment)
    store = NetworkStore(tmp_path / "run")
    assert wait_until(lambda: store.file.exists() and store.folder.joinpath("workers").exists())
    assert wait_until(lambda: process_of(store, 0) and process_of(store, 1))
    workers = [process_of(store, 0), process_of(store, 1)]
    if stopped:
        os.kill(workers[0] or 0, signal.SIGSTOP)
    parent.kill()
    parent.wait()
    assert wait_until(lambda: not any(running(worker) for worker in workers), seconds=3)
    assert len(list((tmp_path / "temporary").glob("netspace-work-*"))) == 1
    assert statuses(store) == ["claimed", "claimed"]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    train_population(store, TEMPLATE, DATA, RECIPE)
    assert statuses(store) == ["ok", "ok"]
    assert left(store) == []
    assert list((tmp_path / "temporary").iterdir()) == []


def test_folders_that_another_run_names_or_removes_at_this_moment_are_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("netspace-new-a.partial", "netspace-work-a.partial"):
        (tmp_path / name).symlink_to("gone")  # in the listing, and not there when it is looked at
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with handed_out(Job(tmp_path, TEMPLATE, RECIPE, DATA, "cpu")) as folder:
        assert folder.is_dir()


def running(process: int | None) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


HOLDER = """
import sys, time
from pathlib import Path
from netspace.records import NetworkStore
store = NetworkStore(Path(sys.argv[1]))
assert store.claim() is not None
print("claimed", flush=True)
time.sleep(600)
"""


def test_a_stopped_process_of_another_run_loses_its_network_and_its_late_result_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "STALL_SECONDS", 3.0)
    store, late = small_store(tmp_path, 1), NetworkStore(tmp_path)
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "claimed\n"
    time.sleep(0.5)
    assert store.claim() is None
    holder.send_signal(signal.SIGSTOP)
    claims: list[tuple[int, Architecture, int]] = []

    def claim() -> bool:
        found = store.claim()
        claims.extend([] if found is None else [found])
        time.sleep(0.2)
        return bool(claims)

    assert wait_until(claim, seconds=10)
    holder.kill()
    holder.wait()
    network, architecture, seed = claims[0]
    trained = train_network(architecture, TEMPLATE, DATA, RECIPE, seed=seed)
    assert not late.finish(network, trained)
    assert statuses(store) == ["claimed"]
    assert store.finish(network, trained)
    assert statuses(store) == ["ok"]


def test_threads_of_one_process_train_what_processes_train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for name, workers in (("processes", (2, 1)), ("threads", (1, 3))):
        monkeypatch.setattr(pool, "_workers", lambda device, jobs, workers=workers: workers)
        store = small_store(tmp_path / name, 5)
        train_population(store, TEMPLATE, DATA, RECIPE, pool=Pool(3))
        found.append([(row["seed"], row["validation_error"], row["test_error"]) for row in store.rows()])
    assert found[0] == found[1]


def test_a_dead_process_loses_the_networks_of_all_its_threads_to_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_workers", lambda device, jobs: (1, 3))
    store, killed = small_store(tmp_path, 3), []

    def kill(counts: dict[str, int]) -> None:
        if counts.get("claimed") == 3 and not killed:
            killed.append(process_of(store, 0))
            os.kill(killed[0], signal.SIGKILL)

    train_population(store, TEMPLATE, DATA, dataclasses.replace(RECIPE, epochs=40), pool=Pool(3), on_change=kill)
    assert killed
    assert statuses(store) == ["ok", "ok", "ok"]
    assert left(store) == []


def test_what_is_handed_out_comes_back_and_is_gone_after(tmp_path: Path) -> None:
    with handed_out(Job(tmp_path, TEMPLATE, RECIPE, DATA)) as folder:
        again = taken_up(folder)
        assert (again.store, again.template, again.recipe) == (tmp_path, TEMPLATE, RECIPE)
        for part in ("train", "validation", "test"):
            for field in ("images", "labels"):
                assert getattr(getattr(again.data, part), field).equal(getattr(getattr(DATA, part), field))
        assert again.data.normalise.deviation.equal(DATA.normalise.deviation)
        assert again.data.fingerprint == DATA.fingerprint
    assert not folder.exists()


def test_without_room_in_the_temporary_folder_images_lie_beside_the_store_and_without_any_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    free = {tempfile.gettempdir(): 0, str(tmp_path): 10**12}
    monkeypatch.setattr(job.shutil, "disk_usage", lambda place: usage._replace(free=free[str(place)]))
    with handed_out(Job(tmp_path, TEMPLATE, RECIPE, DATA)) as folder:
        assert folder.parent == tmp_path
    free[str(tmp_path)] = 5_000
    with (
        pytest.raises(UnfinishedError, match=r"no room: .* MB are needed and 0 MB are free; .*set TMPDIR"),
        handed_out(Job(tmp_path, TEMPLATE, RECIPE, DATA)),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_fault_that_spares_no_network_ends_the_work_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "import os; print('cannot use x: database or disk is full', flush=True); os._exit(70)"
    monkeypatch.setattr(crew, "_PROGRAM", program)
    store = small_store(tmp_path, 1)
    with pytest.raises(UnfinishedError, match=r"disk is full; 1 of 1 networks is missing: 1 not trained yet"):
        train_population(store, TEMPLATE, DATA, RECIPE)


def test_a_damaged_store_is_named_before_anything_is_trained(tmp_path: Path) -> None:
    store = small_store(tmp_path, 1)
    with recovery.writing(store.file) as db:
        db.execute("UPDATE networks SET width = '[0, 1, 2]'")
    with pytest.raises(NetspaceError, match=r"row 1 \(network 0 of 'a-1M'\): width is \[0, 1, 2\]; it should"):
        train_population(store, TEMPLATE, DATA, RECIPE)
