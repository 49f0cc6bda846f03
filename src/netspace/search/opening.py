"""A finished or stopped search, opened from its folder."""

from __future__ import annotations

from pathlib import Path

import torch

from netspace.data import load_images
from netspace.errors import NetspaceError
from netspace.search.run_folder import RunFolder
from netspace.search.space_search import SpaceSearch
from netspace.settings import SearchConfig


def open_search(run: Path) -> SpaceSearch:
    """Return a finished or stopped search as its folder holds it, with its data read anew.

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
    data = load_images(config.data)
    folder.check_data(data.fingerprint)
    search = SpaceSearch(SearchConfig(**{**vars(config), "device": resolve_device(config.device)}), data)
    search.restore(checkpoint)
    return search


def resolve_device(name: str) -> str:
    """Return `cpu` or `cuda`; `auto` takes the GPU where there is one.

    Raises:
        NetspaceError: where `cuda` is asked for and not there.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise NetspaceError("device 'cuda' is not there: torch finds no GPU; use --device cpu or --device auto")
    return ("cuda" if available else "cpu") if name == "auto" else name
