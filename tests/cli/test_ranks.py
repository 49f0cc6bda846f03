"""A search on several devices: who each process is, what it finds, and how all end where one does."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from netspace import NetspaceError, find_spaces, load_elite
from netspace.cli import ranks
from netspace.cli.ranks import Place, Rank, place_of
from netspace.errors import UnfinishedError
from netspace.records.log import read_log
from netspace.runtime import Runtime
from tests.cli.test_commands import QUICK, SEARCH
from tests.commands import command, in_own_process, netspace
from tests.conftest import quick_config

EPOCHS = 8  # long enough to kill a rank in the midst of them
TOGETHER = [
    *SEARCH,
    *QUICK,
    "--set",
    f"search.epochs={EPOCHS}",
    "--set",
    "search.batch_size=16",
    "--devices",
    "2",
    "--out",
]
LONG = [*TOGETHER[:-1], "--set", "search.epochs=200", "--out"]
TORCHRUN = {"RANK": "1", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "MASTER_ADDR": "a", "MASTER_PORT": "1"}
SLURM = {"SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "4", "SLURM_LOCALID": "1", "MASTER_ADDR": "a", "MASTER_PORT": "1"}


@pytest.mark.parametrize(
    ("devices", "nodes", "environ", "place"),
    [
        (1, 1, {}, Place()),
        (1, 1, TORCHRUN, Place()),
        (2, 1, {}, None),
        (2, 1, {**SLURM, "SLURM_STEP_NUM_TASKS": "1"}, None),
        (2, 2, TORCHRUN, Place(1, 4, 1)),
        (4, 1, SLURM, Place(3, 4, 1)),
        (1, 4, SLURM, Place(3, 4, 1)),
    ],
)
def test_torchrun_and_slurm_say_which_process_this_is(
    devices: int, nodes: int, environ: dict[str, str], place: Place | None
) -> None:
    assert place_of(devices, nodes, environ) == place


@pytest.mark.parametrize(
    ("devices", "nodes", "environ", "message"),
    [
        (2, 1, TORCHRUN, "torchrun started 4 processes, but --devices times --nodes is 2"),
        (2, 4, SLURM, "SLURM started 4 processes, but --devices times --nodes is 8"),
        (2, 2, {}, "--nodes 2: start the processes of several machines by torchrun or by SLURM's srun"),
        (4, 1, {**SLURM, "MASTER_PORT": ""}, "MASTER_PORT not set: export where rank 0 is before SLURM starts"),
    ],
)
def test_processes_that_were_started_otherwise_are_refused(
    devices: int, nodes: int, environ: dict[str, str], message: str
) -> None:
    with pytest.raises(NetspaceError, match=message):
        place_of(devices, nodes, environ)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--devices", "0"], "greater than or equal to 1"),
        (["--devices", "2", "--plan"], "--plan measures one process"),
        (["--nodes", "2"], "start the processes of several machines by torchrun"),
    ],
)
def test_devices_that_make_no_sense_are_refused(tmp_path: Path, options: list[str], message: str) -> None:
    done = netspace(*SEARCH, *options, "--out", str(tmp_path / "run"))
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert not (tmp_path / "run").exists()


def test_an_estimator_without_super_network_names_jobs_instead(tmp_path: Path) -> None:
    config = quick_config(search={"estimator": "population"})
    with pytest.raises(NetspaceError, match="'population' trains networks alone: leave out --devices and --nodes"):
        find_spaces(config, tmp_path / "run", runtime=Runtime(0, 2))
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A search on two devices that nothing stopped."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    return folder, in_own_process(*TOGETHER, str(folder))


def test_two_processes_find_what_one_does_and_one_of_them_speaks(
    whole: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    folder, done = whole
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("elite-2M.yaml") == 1
    assert [line.split()[1] for line in done.stderr.split("\n") if line.startswith("epoch")] == [
        f"{epoch}/{EPOCHS}" for epoch in range(1, EPOCHS + 1)
    ]
    (alone,) = find_spaces(quick_config(budgets=["2M"], search={"epochs": EPOCHS}), tmp_path / "alone")
    elite = load_elite(folder / "elite-2M.yaml")
    assert [candidate.space for candidate in elite.candidates] == [candidate.space for candidate in alone.candidates]
    losses, same = ([record["loss"] for record in read_log(place)] for place in (folder, tmp_path / "alone"))
    assert losses == pytest.approx(same, rel=1e-3)  # rounding grows with each step
    names = {file.name for file in (tmp_path / "alone").iterdir()}
    assert {file.name for file in folder.iterdir()} == names


def begun(folder: Path, args: list[str]) -> subprocess.Popen[str]:
    """Start a search and wait for its first epoch."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(command(*args, str(folder)), stdout=pipe, stderr=pipe, text=True)
    deadline = time.monotonic() + 60
    while not list(folder.glob("checkpoint-????")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return process


def children(process: subprocess.Popen[str]) -> list[int]:
    """Return the processes that a process started, in their order (Linux)."""
    return [int(one) for one in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@needs_proc
def test_a_killed_rank_ends_the_run_by_name_and_the_same_command_goes_on_to_the_same_end(
    whole: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    process = begun(folder, TOGETHER)
    ids = children(process)
    os.kill(ids[1], signal.SIGKILL)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "rank 1 of 2 was killed by signal 9 (SIGKILL" in told
    assert f"what is done is in {folder}. Run the same command again" in told
    assert "Traceback" not in told
    assert not any(Path(f"/proc/{one}").exists() for one in ids)
    assert not list(folder.glob("*.partial"))
    assert not (folder / "elite-2M.yaml").exists()
    assert in_own_process(*TOGETHER, str(folder)).returncode == 0
    assert (folder / "elite-2M.yaml").read_bytes() == (whole[0] / "elite-2M.yaml").read_bytes()
    logs = [[record | {"seconds": 0} for record in read_log(place)] for place in (folder, whole[0])]
    assert logs[0] == logs[1]


@needs_proc
@pytest.mark.parametrize(
    ("stop", "code"), [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)]
)
def test_a_stop_ends_all_ranks_in_one_line_that_says_where_the_work_is(
    tmp_path: Path, stop: signal.Signals, code: int
) -> None:
    process = begun(tmp_path / "run", LONG)
    ids = children(process)
    process.send_signal(stop)
    _, told = process.communicate(timeout=60)
    assert process.returncode == code
    lines = [line for line in told.split("\n") if line and not line.startswith(("data", "  ", "epoch"))]
    assert len(ids) == 2
    assert lines == [
        f"stopped; what is done is in {tmp_path / 'run'}. Run the same command again to go on where it stopped."
    ]
    assert not any(Path(f"/proc/{one}").exists() for one in ids)


@needs_proc
def test_no_rank_outlives_the_command_that_started_them(tmp_path: Path) -> None:
    process = begun(tmp_path / "run", LONG)
    ids = children(process)
    process.kill()
    process.communicate(timeout=30)
    deadline = time.monotonic() + 10
    while any(running(one) for one in ids) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(ids) == 2
    assert not any(running(one) for one in ids)


def running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def rank_that(script: str) -> Rank:
    said = tempfile.TemporaryFile()  # noqa: SIM115
    return Rank(subprocess.Popen(["sh", "-c", script], stderr=said), said)


@pytest.mark.parametrize(
    ("scripts", "code"), [(("exit 0", "exit 0"), 0), (("exit 2", "exit 2"), 2), (("exit 1", "exit 3"), 1)]
)
def test_what_the_first_rank_says_is_said_once(tmp_path: Path, scripts: tuple[str, ...], code: int) -> None:
    assert ranks._code([rank_that(script) for script in scripts], tmp_path) == code


@pytest.mark.parametrize(
    ("scripts", "message"),
    [
        (("exit 3", "echo error: disk full >&2; exit 1"), "rank 1 of 2 ended with exit code 1: disk full; what is"),
        (("kill -9 $$", "exit 3"), r"rank 0 of 2 was killed by signal 9 \(SIGKILL; perhaps for lack of memory\); what"),
        (("exit 3", "exit 3", "kill -11 $$"), r"rank 2 of 3 was killed by signal 11 \(SIGSEGV\); what is done"),
    ],
)
def test_the_rank_that_failed_first_is_named_and_not_those_that_lost_it(
    tmp_path: Path, scripts: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UnfinishedError, match=message):
        ranks._code([rank_that(script) for script in scripts], tmp_path)


def test_a_rank_that_hangs_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "GRACE_SECONDS", 0.3)
    hanging, failed = rank_that("exec sleep 60"), rank_that("exit 4")
    with pytest.raises(UnfinishedError, match="rank 1 of 2 ended with exit code 4"):
        ranks._code([hanging, failed], tmp_path)
    hanging.process.kill()
    hanging.process.wait()
