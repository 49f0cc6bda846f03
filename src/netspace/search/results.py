"""From a finished search to one Elite Space per budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import torch

from netspace.data import load_images
from netspace.documents import fingerprint
from netspace.errors import NetspaceError
from netspace.records import Candidate, EliteSpace, Provenance, load_elite
from netspace.search.run_folder import RunFolder
from netspace.search.scoring import held_out_error
from netspace.search.space_search import EpochRecord, SpaceSearch
from netspace.settings import SearchConfig

LIKELIEST = 5


def find_spaces(
    config: SearchConfig, out: Path | str, *, on_epoch: Callable[[EpochRecord], None] | None = None
) -> list[EliteSpace]:
    """Search, or go on with the search in a folder, and write one elite file per budget there.

    Args:
        config: what to search for, as `netspace.resolve` returns it.
        out: the run's folder; made where it is not there.
        on_epoch: called after each epoch, when it is on disk.

    Returns:
        the Elite Spaces in the order of the budgets.

    Raises:
        NetspaceError: where the config, the data, a budget or the folder is at fault; nothing is trained then.
    """
    out = Path(out)
    folder = RunFolder(out)
    folder.check_writable()
    device = resolve_device(config.device)
    data = load_images(config.data)
    config = SearchConfig(**{**vars(config), "data": data.settings, "device": device})
    search = SpaceSearch(config, data)
    with folder.opened(config, data.fingerprint):
        for record in search.run(folder):
            if on_epoch is not None:
                on_epoch(record)
        elites = [_with_fidelity(elite_space(search, turn), out) for turn in range(len(search.budgets))]
        for elite in elites:
            elite.save(out)
    return elites


def _with_fidelity(elite: EliteSpace, out: Path) -> EliteSpace:
    """Keep what the fidelity gate wrote into the file of the same result."""
    file = out / elite.filename
    if not file.exists():
        return elite
    written = load_elite(file)
    unmarked = replace(written, provenance=replace(written.provenance, fidelity=None))
    return written if unmarked == elite else elite


def open_search(run: Path) -> SpaceSearch:
    """Return a finished or stopped search as its folder holds it, with its data read anew.

    Raises:
        NetspaceError: where the folder holds no search, or the data are others than those it was searched on.
    """
    folder = RunFolder(run)
    config = folder.config()
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


def elite_space(search: SpaceSearch, turn: int) -> EliteSpace:
    """Return the likeliest spaces under the Θ of one budget, measured.

    Args:
        search: a search, normally a finished one.
        turn: index of the budget.
    """
    theta, budget, config = search.thetas[turn], search.budgets[turn], search.config
    candidates = tuple(
        Candidate.measure(config.space.space(choice), p, budget=budget, template=search.template)
        for choice, p in theta.likeliest(min(LIKELIEST, config.space.num_spaces))
    )
    error = held_out_error(
        search.supernet,
        candidates[0].space,
        images=search.theta_set,
        normalise=search.normalise,
        rng=np.random.default_rng([config.seed, config.search.epochs, turn]),
    )
    provenance = Provenance(
        netspace=metadata.version("netspace"),
        dataset=config.data.dataset,
        data=search.data.fingerprint,
        search_space=config.space.name,
        estimator=config.search.estimator,
        epochs=config.search.epochs,
        seed=config.seed,
        config=fingerprint(config),
        entropy=round(theta.entropy(), 6),
        expected_cost=round(float(search.expected_cost(theta).detach())),
        supernet_error=round(error, 6),
    )
    return EliteSpace(budget, search.template, candidates, provenance)
