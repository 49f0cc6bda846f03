"""The training of populations: every network of a store, by whoever trains, to the last one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import torch

from netspace.arithmetic import settled
from netspace.errors import NetspaceError, UnfinishedError
from netspace.evaluate.crew import Crew
from netspace.evaluate.job import Job, handed_out
from netspace.evaluate.ray_crew import RayCrew
from netspace.evaluate.training_data import TrainingData
from netspace.evaluate.where import device_of
from netspace.models import check_fits
from netspace.records import NetworkStore, missing, recovery
from netspace.records.holding import remove_stale
from netspace.records.row import architecture_of
from netspace.settings import ONE_PROCESS, Pool, Recipe
from netspace.spaces import NetworkTemplate

POLL_SECONDS = 0.25

Counts = dict[str, int]


def train_population(
    store: NetworkStore,
    template: NetworkTemplate,
    data: TrainingData,
    recipe: Recipe,
    *,
    pool: Pool = ONE_PROCESS,
    device: str = "auto",
    on_change: Callable[[Counts], None] | None = None,
) -> None:
    """Train every network of a store that is not trained yet.

    Each training computes with one thread and every network has its own seed, so the results do not depend on `pool`.
    A network whose worker dies is trained once more by a new one; if that dies too, it is a row with status `failed`
    and the reason, and is tried again by the next call. A network that fails by itself, such as one that diverges, is
    done.

    Args:
        store: networks that wait.
        template: of all of them.
        data: the images; the processes map them from a file, those of a cluster from its object store.
        recipe: how each is trained.
        pool: who trains, and how many networks at a time.
        device: `cpu`, `cuda` or `auto`, which takes the GPU where there is one.
        on_change: called with the number of networks of each status, when it changes.

    Raises:
        NetspaceError: where a row of the store is at fault, or the device or cluster is not there; nothing is trained
            then.
        UnfinishedError: where not every network is done at the end; says how many are missing, and why.
    """
    on = device_of(pool, device)
    left = recovery.left(store)  # names what is damaged before anything is trained
    recovery.retry_lost(store)
    remove_stale(store.folder)
    if not left:
        if on_change is not None:
            on_change(store.counts())
        return
    processes, threads = _workers(on, min(pool.jobs, len(left)))
    if on == "cuda" and not pool.cluster:
        _check_fits(left, template, recipe, threads)
    if processes > 1:  # measured once, and not by each process beside the others
        settled(recipe.precision, architecture_of(left[0]), template, torch.device(on))
    job = Job(store.folder, template, recipe, data, on, threads)
    with RayCrew(store, job, pool) if pool.cluster else _crew(store, job, processes) as crew:
        try:
            for counts in _changes(store, crew):
                if on_change is not None:
                    on_change(counts)
        except NetspaceError as error:  # also where the store can no longer be read, as on a full disk
            if _is_removed(store.file):
                raise UnfinishedError(
                    f"{store.file} was removed while its networks were trained; give the same command again"
                ) from None
            raise UnfinishedError(f"{error}; {_missing(store)}; mend that and {recovery.AGAIN}") from None
    remove_stale(store.folder)
    store.fold()
    recovery.check_complete(store)


def _check_fits(left: list[dict[str, Any]], template: NetworkTemplate, recipe: Recipe, jobs: int) -> None:
    """Raise NetspaceError where networks that are to be trained do not fit on this machine's GPU together."""
    networks = [template.complete(architecture_of(row)) for row in left]
    precision = settled(recipe.precision, networks[0], template, torch.device("cuda"))
    check_fits(networks, template, recipe.batch_size, jobs=jobs, precision=precision)


class AtWork(Protocol):
    """Those who train the networks of a store, on this machine or elsewhere."""

    def look(self) -> bool:
        """See to what has happened since the last look, and return whether any network is being trained.

        Raises:
            UnfinishedError: where the work cannot go on.
        """
        ...


@contextmanager
def _crew(store: NetworkStore, job: Job, processes: int) -> Iterator[AtWork]:
    """Hire processes of this machine, and dismiss them at the end."""
    with handed_out(job) as folder:
        crew = Crew(store, folder)
        try:
            for _ in range(processes):
                crew.hire()
            yield crew
        finally:
            crew.dismiss()


def _workers(device: str, jobs: int) -> tuple[int, int]:
    """Return how many processes, of how many threads each, train so many networks at a time.

    Processes take turns on a GPU, and each holds the images there; threads of one process train side by side.
    """
    return (1, jobs) if device == "cuda" else (jobs, 1)


def _is_removed(file: Path) -> bool:
    try:
        file.stat()
    except FileNotFoundError:
        return True
    except OSError:  # of a drive, say, that does not answer
        return False
    return False


def _missing(store: NetworkStore) -> str:
    try:
        return str(missing(store))
    except NetspaceError as error:  # on a full disk the store may not even be read
        return str(error)


def _changes(store: NetworkStore, crew: AtWork) -> Iterator[Counts]:
    """Yield the counts of each status whenever they change, until every process is done."""
    last: Counts = {}
    while True:
        working = crew.look()
        counts = store.counts()
        if counts != last:
            yield counts
        last = counts
        if not working:
            return
        time.sleep(POLL_SECONDS)
