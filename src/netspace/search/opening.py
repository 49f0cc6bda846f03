"""A finished or stopped search, opened from its folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from netspace.data import FOLDER, ImageData, load_images, places, same_images
from netspace.errors import NetspaceError
from netspace.models import resolve_device
from netspace.runs import Run
from netspace.search.checkpoints import taking_up
from netspace.search.run_folder import RunFolder
from netspace.search.space_search import SpaceSearch
from netspace.settings import SearchConfig


def open_search(
    run: Run | Path,
    *,
    dataset: str | None = None,
    accept_changed_data: bool = False,
    device: str = "auto",
    on_note: Callable[[str], None] = lambda text: None,
) -> SpaceSearch:
    """Return a finished or stopped search as its folder holds it, with its data read anew.

    Args:
        run: its folder.
        dataset: where the data are now; None looks where the search found them.
        accept_changed_data: go on where the data have lost or gained images since.
        device: where its super network computes; `auto` is where it was trained.
        on_note: told how they have changed.

    Raises:
        NetspaceError: where the folder holds no search or one without a super network, or the data are others than
            those it was searched on.
    """
    run = Run.of(run)
    config = run.config
    if not run.has_supernet:
        raise NetspaceError(
            f"{run.folder} was searched with estimator 'population', which trains no super network; this needs one: "
            "search with --set search.estimator=front, score or gumbel"
        )
    checkpoint = RunFolder(run.folder).load()
    if checkpoint is None:
        raise NetspaceError(
            f"{run.folder} has no checkpoint: run its `netspace search` first; a search by an estimator that trains no "
            f"super network has none ('{config.search.estimator}')"
        )
    data = open_data(run, dataset=dataset, accept_changed_data=accept_changed_data, on_note=on_note)
    with taking_up(run.folder, checkpoint):
        known = checkpoint.weights["shared.classifier.weight"].shape[0]
    if known != len(data.classes):
        raise NetspaceError(
            f"dataset '{data.settings.dataset}' has {len(data.classes)} classes, but '{run.folder}' was made for "
            f"{known}; give the data it was made on with --dataset"
        )
    on = resolve_device(config.device if device == "auto" else device)
    search = SpaceSearch(SearchConfig(**{**vars(config), "device": on}), data)
    with taking_up(run.folder, checkpoint):
        search.restore(checkpoint)
    return search


def open_data(
    run: Run | Path,
    *,
    dataset: str | None = None,
    accept_changed_data: bool = False,
    on_note: Callable[[str], None] = lambda text: None,
) -> ImageData:
    """Return the images of a run; arguments and errors as for open_search, which also takes the device."""
    run = Run.of(run)
    settings = run.config.data
    try:
        data = load_images(replace(settings, dataset=dataset or settings.dataset), kept=places(run.folder))
    except NetspaceError as error:
        if dataset is not None:
            raise
        raise NetspaceError(
            f"{error} (these are the data of '{run.folder}'; say with --dataset where they are)"
        ) from None
    data.keep(run.folder / FOLDER)
    data, notes = same_images(data, run.made_on, run.folder, accept=accept_changed_data)
    for text in notes:
        on_note(text)
    return data
