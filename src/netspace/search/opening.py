"""A finished or stopped search, opened from its folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from netspace.data import FOLDER, ImageData, load_images, places, same_images
from netspace.errors import NetspaceError
from netspace.search.run_folder import RunFolder
from netspace.search.space_search import SpaceSearch
from netspace.settings import SearchConfig


def open_search(
    run: Path,
    *,
    dataset: str | None = None,
    accept_changed_data: bool = False,
    on_note: Callable[[str], None] = lambda text: None,
) -> SpaceSearch:
    """Return a finished or stopped search as its folder holds it, with its data read anew.

    Args:
        run: the folder.
        dataset: where the data are now; None looks where the search found them.
        accept_changed_data: go on where the data have lost or gained images since.
        on_note: told how they have changed.

    Raises:
        NetspaceError: where the folder holds no search or one without a super network, or the data are others than
            those it was searched on.
    """
    folder = RunFolder(run)
    config = folder.config()
    if config.search.estimator == "population":
        raise NetspaceError(
            f"{run} was searched with estimator 'population', which trains no super network; this needs one: "
            "search with --set search.estimator=front, score or gumbel"
        )
    checkpoint = folder.load()
    if checkpoint is None:
        raise NetspaceError(f"{run} has no checkpoint yet; run its `netspace search` first")
    data = open_data(run, dataset=dataset, accept_changed_data=accept_changed_data, on_note=on_note)
    known = checkpoint.weights["shared.classifier.weight"].shape[0]
    if known != len(data.classes):
        raise NetspaceError(
            f"dataset '{data.settings.dataset}' has {len(data.classes)} classes, but '{run}' was made for {known}; "
            "give the data it was made on with --dataset"
        )
    search = SpaceSearch(SearchConfig(**{**vars(config), "device": resolve_device(config.device)}), data)
    search.restore(checkpoint)
    return search


def open_data(
    run: Path,
    *,
    dataset: str | None = None,
    accept_changed_data: bool = False,
    on_note: Callable[[str], None] = lambda text: None,
) -> ImageData:
    """Return the images of a run; arguments and errors as for open_search."""
    folder = RunFolder(run)
    settings = folder.config().data
    try:
        data = load_images(replace(settings, dataset=dataset or settings.dataset), kept=places(run))
    except NetspaceError as error:
        if dataset is not None:
            raise
        raise NetspaceError(f"{error} (these are the data of '{run}'; say with --dataset where they are)") from None
    data.keep(run / FOLDER)
    data, notes = same_images(data, folder.made_on(), run, accept=accept_changed_data)
    for text in notes:
        on_note(text)
    return data


def resolve_device(name: str) -> str:
    """Return `cpu` or `cuda`; `auto` takes the GPU where there is one.

    Raises:
        NetspaceError: where `cuda` is asked for and not there.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise NetspaceError("device 'cuda' is not there: torch finds no GPU; use --device cpu or --device auto")
    return ("cuda" if available else "cpu") if name == "auto" else name
