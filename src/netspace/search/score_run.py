"""Scores of a finished run's super network, stored one by one until they teach a predictor nothing more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from netspace.cost import CostModel, LogUniformDraws
from netspace.runs import Readings, Run
from netspace.search.opening import open_search
from netspace.search.scoring import READING, architecture_score, reading_named
from netspace.search.space_search import SpaceSearch
from netspace.spaces import Points
from netspace.surrogate.stopping import CHECK, Saturation

BLOCK = 32


def score_run(
    run: Run | Path,
    n: int,
    *,
    seed: int = 0,
    opening: Mapping[str, Any] | None = None,
    on_score: Callable[[int, int], None] | None = None,
) -> Readings:
    """Open a finished search and score architectures on its super network; see `score_search`.

    Args:
        run: its folder.
        n: at most so many, all calls together.
        seed: of the draws.
        opening: further arguments of `open_search`, where the run's data have moved or changed.
        on_score: called with the number of scores there and the most there will be.

    Raises:
        NetspaceError: where the folder holds no search, or scores of another one.
    """
    return score_search(open_search(run, **(opening or {})), run, n, seed=seed, on_score=on_score)


def score_search(
    search: SpaceSearch,
    run: Run | Path,
    n: int,
    *,
    seed: int = 0,
    on_score: Callable[[int, int], None] | None = None,
) -> Readings:
    """Score architectures log-uniform in cost over the whole search space; go on where it was stopped.

    After every 25 it is asked whether more would teach a predictor anything (surrogate/stopping.py).

    Args:
        search: a finished one.
        run: its folder; `scores.csv` is written there.
        n: at most so many, all calls together.
        seed: of the draws.
        on_score: called with the number of scores there and the most there will be.

    Raises:
        NetspaceError: where the folder holds scores of another search, or lines of its file were lost or changed.
    """
    file, space = Run.of(run).score_file, search.config.space
    about = {"seed": seed, "epoch": search.epoch, "data": search.data.fingerprint}
    reading = reading_named(file.claim(about, reading=READING), str(file.file))
    scores = file.read(inside=True)
    file.check_sequence(scores.points, sequence(search.pool, seed=seed))
    ended, stopping = False, Saturation(CostModel(search.template), space)
    for count, point in enumerate(sequence(search.pool, seed=seed)):
        if count >= n:
            break
        if count < len(scores.values):
            continue
        if count % CHECK == 0 and stopping.reached(file.read()):
            ended = True
            break
        network = space.full.layout.architecture(point)
        score = architecture_score(
            search.supernet, network, images=search.theta_set, normalise=search.normalise, reading=reading
        )
        file.append(point, score)
        if on_score is not None:
            on_score(count + 1, n)
    scores = file.read()
    file.finish(len(scores.values), saturated=ended)
    return scores


def sequence(pool: LogUniformDraws, *, seed: int) -> Iterator[Points]:
    """Yield different architectures without end, log-uniform in cost; the same seed gives the same ones."""
    seen: set[tuple[int, ...]] = set()
    block = barren = 0
    while barren < 100:  # a search space of a few networks runs out
        rng = np.random.default_rng([seed, 17, block])
        fresh = 0
        for point in pool.draw(BLOCK, rng=rng):
            if (key := tuple(point.tolist())) not in seen:
                seen.add(key)
                fresh += 1
                yield point
        block, barren = block + 1, 0 if fresh else barren + 1
