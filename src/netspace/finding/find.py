"""From a config to one Elite Space per budget, by whichever estimator it names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from netspace.config import load_recipe, searched_on
from netspace.data import ImageData, load_images, places, read_so_far
from netspace.documents import fingerprint, to_plain
from netspace.errors import NetspaceError
from netspace.finding.estimators import Estimator, Note, Progress, Work, estimator_named
from netspace.models import check_fits, resolve_device
from netspace.models.step_memory import BYTES
from netspace.planning import Foresight, glance_at_search
from netspace.planning.searching import calibrations
from netspace.records import EliteSpace, load_elite
from netspace.runs import CALIBRATION, Run
from netspace.runtime import ALONE, Runtime
from netspace.search import EpochRecord, RunFolder, SpaceSearch, environment, settled_search
from netspace.settings import ONE_PROCESS, DataSettings, Pool, SearchConfig

LEAST_MOVED = 1.0  # of a logit: with less, the likeliest range is hardly likelier than it was at the start


def find_spaces(
    config: SearchConfig,
    out: Path | str,
    *,
    images: ImageData | None = None,
    pool: Pool = ONE_PROCESS,
    time_limit: float | None = None,
    runtime: Runtime = ALONE,
    on_epoch: Callable[[EpochRecord], None] | None = None,
    on_progress: Progress | None = None,
    on_note: Note | None = None,
) -> list[EliteSpace]:
    """Search, or go on with the search in a folder, and write one elite file per budget there.

    Args:
        config: what to search for, as `netspace.resolve` returns it.
        out: the run's folder; made where it is not there.
        images: as `netspace.load_images` returns them; None reads what the config says.
        pool: who trains stand-alone networks, and how many at a time, where the estimator wants some.
        time_limit: seconds for the stand-alone trainings of the estimator `population`, which answers with those that
            are done by then; None trains all that are asked for.
        runtime: the processes that train the super network together, each of which calls this (see
            `netspace.runtime.joined`); the first one alone writes the folder, and what is not trained is its work.
        on_epoch: called after each epoch of the super network, when it is on disk.
        on_progress: called with what else is made (`scores`, `trainings`), how many are there and how many will be.
        on_note: called with what was read of the data, with how long the search is about to take where that is a
            while, and with what must be said of the result, such as that a model of error ranks no better than FLOPs.

    Returns:
        the Elite Spaces in the order of the budgets; none in processes other than the first.

    Raises:
        NetspaceError: where the config, the data, a budget or the folder is at fault; nothing is trained then.
    """
    out = Path(out)
    folder = RunFolder(out, on_note, devices=runtime.world)
    if runtime.first:
        folder.check_writable()
    estimator = _estimator(config.search.estimator, time_limit, runtime)
    device = resolve_device(config.device)
    data = images or load_images(data_settings(config), kept=places(out), on_progress=partial(_read, on_note))
    config = runtime.from_first(_settled(config, folder, data, device))
    search = _search(estimator, config, data, runtime)
    if search is not None and not runtime.first:
        search.follow(out)
        return []
    with folder.opened(config, data):
        _tell_data(data, search, on_note)
        foresight = _foreseen(config, data, Run(out), pool, on_note if runtime.world == 1 and not time_limit else None)
        for record in search.run(folder) if search is not None else ():
            if on_epoch is not None:
                on_epoch(record)
        work = Work(config, data, out, search, pool, on_progress, on_note, time_limit)
        if (known := _known(estimator, work)) is not None:
            return known
        elites = [_with_fidelity(elite, out) for elite in estimator.choose(work)]
        for elite in elites:
            elite.save(out)
        foresight.end()
    return elites


def _check_fits(config: SearchConfig, search: SpaceSearch, world: int) -> None:
    """Raise NetspaceError where a step of the super network's largest network does not fit on the GPU."""
    shared = sum(weight.numel() for weight in search.supernet.parameters())
    free = torch.cuda.mem_get_info()[0] + BYTES * shared  # which are there already, and are counted
    how: dict[str, Any] = {"precision": config.precision, "shared": shared, "free": free}
    check_fits([config.space.full.largest], search.template, search.batch // world, **how)


def _settled(config: SearchConfig, folder: RunFolder, data: ImageData, device: str) -> SearchConfig:
    """Return a config as it is searched: on these data, on this device, and what was `auto` as the folder's run has it.

    Where no run was begun there, that is settled now.
    """
    front = config.search.front
    front = replace(front, recipe=folder.as_begun(front.recipe, "search", "front", "recipe"))
    precision = folder.as_begun(config.precision, "precision")
    config = replace(config, precision=precision, search=replace(config.search, front=front))
    config = searched_on(config, data.settings, len(data.train), device)
    if calibrations(config) and not Run(folder.path).store(CALIBRATION).begun:
        load_recipe(config.search.front.recipe)  # names what is wrong with it before the folder is this run's
    if not estimator_named(config.search.estimator).needs_supernet:
        return config
    return replace(config, precision=settled_search(config, config.space.template(*data.shape)))


def _estimator(name: str, time_limit: float | None, runtime: Runtime) -> Estimator:
    """Return the estimator, where it can keep the time limit and make use of all processes.

    Raises:
        NetspaceError: where it cannot, or there is none of that name.
    """
    estimator = estimator_named(name)
    if time_limit is not None and not getattr(estimator, "can_be_limited", False):
        raise NetspaceError(
            f"a time limit ends stand-alone trainings, and estimator '{name}' trains a super network to its end; take "
            "--estimator population, or fewer search.epochs"
        )
    if runtime.world > 1 and not estimator.needs_supernet:
        raise NetspaceError(
            f"several devices share the training of a super network, and estimator '{name}' trains networks alone: "
            "leave out --devices and --nodes; --jobs says how many of them at a time"
        )
    return estimator


def _search(estimator: Estimator, config: SearchConfig, data: ImageData, runtime: Runtime) -> SpaceSearch | None:
    """Return the search where the estimator needs a super network; the budgets are checked, and that processes agree.

    Raises:
        NetspaceError: where a budget or the images are at fault, a step does not fit on the GPU, or the processes were
            given different things.
    """
    runtime.agree(_facts(config, data))
    if estimator.needs_supernet:
        search = SpaceSearch(config, data, runtime)
        if search.device.type == "cuda":
            _check_fits(config, search, runtime.world)
        return search
    for budget in config.parsed_budgets:
        budget.band(config.space.full, config.space.template(*data.shape))
    return None


def _tell_data(data: ImageData, search: SpaceSearch | None, on_note: Note | None) -> None:
    """Say what was read, and where it is too little for the batches that were asked for."""
    for line in data.summary.lines:
        _say(on_note, line)
    if search is not None and search.batch < search.config.search.batch_size:
        asked = search.config.search.batch_size
        _say(on_note, f"steps take {search.batch} images instead of {asked}: there are no more")
    if search is not None and search.theta is not None:
        _tell_moves(search, on_note)


def _tell_moves(search: SpaceSearch, on_note: Note | None) -> None:
    """Say where Θ moves too little to choose a space; by Adam no logit moves by much more than the rate in a step."""
    settings = search.config.search
    n, rate = int(settings.moves(search.steps, len(search.budgets))), settings.theta.learning_rate
    if n * rate < LEAST_MOVED:
        text = f"Θ of a budget takes {n} steps of about {rate:g}, so its logits move by {n * rate:.2g} at most: too "
        _say(on_note, text + "little to choose a space; raise search.theta.learning_rate or search.epochs")


def _foreseen(config: SearchConfig, data: ImageData, run: Run, pool: Pool, on_note: Note | None) -> Foresight:
    """Say how long it is about to take, and return who says at the end how long it took."""
    foresight = Foresight(on_note)
    foresight.begin(partial(glance_at_search, config, data, run, pool))
    return foresight


def _facts(config: SearchConfig, data: ImageData) -> dict[str, str]:
    """Return what has to be equal in all processes that train together."""
    settings = {name: value for name, value in to_plain(config).items() if name != "data"}
    versions = {name: environment()[name] for name in ("netspace", "torch", "numpy")}
    return {**versions, "settings": fingerprint(settings), "images": data.fingerprint}


def _known(estimator: Estimator, work: Work) -> list[EliteSpace] | None:
    """Return the elites of a finished search as they are, also where a later version would choose others."""
    run, budgets = Run(work.folder), work.config.parsed_budgets
    finished = getattr(estimator, "is_finished", None)  # an estimator of somebody else's may not say it
    if finished is None or not all(run.elite_file(b).exists() for b in budgets) or not finished(work):
        return None
    return [run.elite(budget) for budget in budgets]


def data_settings(config: SearchConfig) -> DataSettings:
    """Return how images are read: where their size is searched, at the largest; smaller ones are made of these."""
    axis, asked = config.space.image_size, config.data.image_size
    if axis is None:
        return config.data
    if asked not in (None, axis.full.high):
        raise NetspaceError(
            f"image size {asked}: space '{config.space.name}' searches the image size ({axis.full}), so images are "
            f"read at {axis.full.high} pixels; leave out --image-size, or change image_size in the space's file"
        )
    return replace(config.data, image_size=axis.full.high)


def _read(on_note: Note | None, done: int, total: int | None) -> None:
    _say(on_note, read_so_far(done, total))


def _say(on_note: Note | None, text: str) -> None:
    if on_note is not None:
        on_note(text)


def _with_fidelity(elite: EliteSpace, out: Path) -> EliteSpace:
    """Keep what the fidelity gate wrote into the file of the same result."""
    file = out / elite.filename
    if not file.exists():
        return elite
    written = load_elite(file)
    unmarked = replace(written, provenance=replace(written.provenance, fidelity=None))
    return written if unmarked == elite else elite
