"""The processes of a search on several devices: which one this is, or all of them, started here and ended together."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

import typer

from netspace.cli.output import resumable
from netspace.cli.stopping import STOPPED, TERMINATED
from netspace.errors import LostRankError, NetspaceError, UnfinishedError
from netspace.records.lifeline import how_it_ended, prologue

POLL_SECONDS = 0.1
GRACE_SECONDS = 10.0  # in which a rank ends by itself
_PROGRAM = "from netspace.cli.main import main; main()"
_TORCHRUN = ("torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK")
_SLURM = ("SLURM", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID")


class Place(NamedTuple):
    """Which of the processes this is.

    Args:
        rank: from 0.
        world: number of processes.
        local: its number on its machine.
    """

    rank: int = 0
    world: int = 1
    local: int = 0


def place_of(devices: int, nodes: int, environ: Mapping[str, str] = os.environ) -> Place | None:
    """Return which process this is, as torchrun or SLURM says in the environment; None where all are to be started.

    Args:
        devices: on each machine.
        nodes: machines.
        environ: of this process.

    Raises:
        NetspaceError: where these started another number of processes, or nobody started those of several machines.
    """
    if devices * nodes == 1:
        return Place()
    for launcher, *names in (_TORCHRUN, _SLURM):
        if all(environ.get(name, "").isdecimal() for name in names) and (launcher, environ[names[1]]) != ("SLURM", "1"):
            rank, world, local = (int(environ[name]) for name in names)
            return _checked(Place(rank, world, local), devices * nodes, launcher, environ)
    if nodes > 1:
        raise NetspaceError(f"--nodes {nodes}: start the processes of several machines by torchrun or by SLURM's srun")
    return None


def _checked(place: Place, asked: int, launcher: str, environ: Mapping[str, str]) -> Place:
    if place.world != asked:
        raise NetspaceError(
            f"{launcher} started {place.world} processes, but --devices times --nodes is {asked}; give the same number"
        )
    missing = [name for name in ("MASTER_ADDR", "MASTER_PORT") if not environ.get(name)]
    if missing:
        raise NetspaceError(f"{' and '.join(missing)} not set: export where rank 0 is before {launcher} starts")
    return place


@dataclass(frozen=True)
class Rank:
    """One of the processes.

    Args:
        process: the running program.
        said: what those but the first say, which nobody reads but where they fail.
    """

    process: subprocess.Popen[bytes]
    said: IO[bytes]

    @property
    def last_words(self) -> str:
        """The last line that it said."""
        self.said.seek(0)
        lines = self.said.read().decode(errors="replace").split("\n")
        return next((line.removeprefix("error: ") for line in reversed(lines) if line.strip()), "")


def run_ranks(n: int, out: Path) -> None:
    """Run this command in n processes; the first one speaks for all, and all end with the first that fails.

    Args:
        n: processes.
        out: the run's folder.

    Raises:
        typer.Exit: where the command did not end well; what there is to say was said.
    """
    with resumable(out, " where it stopped"), _started(n) as ranks:
        try:
            code = _code(ranks, out)
        except KeyboardInterrupt:
            first = ranks[0].process
            first.terminate()  # while the others are there, so that it comes to the end of what it is at
            if _ended(ranks[:1]) and first.returncode == TERMINATED:  # it has said where its work is
                raise typer.Exit(STOPPED) from None
            raise
    if code:
        raise typer.Exit(code)


@contextmanager
def _started(n: int) -> Iterator[list[Rank]]:
    """Start the processes, as torchrun would; none is left in the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1]), "WORLD_SIZE": str(n)}
    defaults = {"OMP_NUM_THREADS": str(max((os.cpu_count() or 1) // n, 1))}
    if sys.platform == "linux":
        defaults["GLOO_SOCKET_IFNAME"] = "lo"  # a machine's name may stand for no address of its own
    ranks: list[Rank] = []
    try:
        for rank in range(n):
            own = {**defaults, **os.environ, **meeting, "RANK": str(rank), "LOCAL_RANK": str(rank)}
            ranks.append(_start(rank, own))
        yield ranks
    finally:
        for one in ranks:
            one.process.kill()
        for one in ranks:
            one.process.wait()
            one.said.close()


def _start(rank: int, environ: Mapping[str, str]) -> Rank:
    said = tempfile.TemporaryFile()  # noqa: SIM115 (closed with its process)
    out, err = (None, None) if rank == 0 else (subprocess.DEVNULL, said)
    command = [sys.executable, "-c", prologue() + _PROGRAM, *sys.argv[1:]]
    return Rank(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=err, env=environ), said)


def _code(ranks: Sequence[Rank], out: Path) -> int:
    """Wait for all to end, or for one to fail, and return the exit code.

    Raises:
        UnfinishedError: where one failed that could not say so itself.
    """
    while not any(codes := [one.process.poll() for one in ranks]):
        if None not in codes:
            return 0
        time.sleep(POLL_SECONDS)
    _ended(ranks)
    codes = [one.process.poll() for one in ranks]
    lost = LostRankError.exit_code
    if codes[0] not in (None, 0, lost) and min(code or 0 for code in codes) >= 0:
        return codes[0]  # the first one has said why
    # Those that lost touch only follow from one that was killed, or failed by itself.
    order = sorted((code in (None, 0, lost), (code or 0) > 0, rank) for rank, code in enumerate(codes))
    rank = order[0][-1]
    words = ranks[rank].last_words
    raise UnfinishedError(
        f"rank {rank} of {len(ranks)} {'was ' * ((codes[rank] or 0) < 0)}{how_it_ended(codes[rank] or 0)}"
        f"{': ' * bool(words)}{words}; what is done is in {out}. Run the same command again to go on where it stopped"
    )


def _ended(ranks: Sequence[Rank]) -> bool:
    """Wait a while for processes to end by themselves, and say whether they have."""
    deadline = time.monotonic() + GRACE_SECONDS
    while any(one.process.poll() is None for one in ranks):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
