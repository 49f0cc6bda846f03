"""Scores of a finished run's super network, stored one by one until they teach a predictor nothing more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from netspace.cost import CostModel
from netspace.search.opening import open_search
from netspace.search.scoring import architecture_error
from netspace.search.space_search import SpaceSearch
from netspace.spaces import Architecture
from netspace.surrogate.scores import ScoreFile, Scores, sequence
from netspace.surrogate.stopping import CHECK, Saturation


def score_run(
    run: Path,
    n: int,
    *,
    seed: int = 0,
    opening: Mapping[str, Any] | None = None,
    on_score: Callable[[int, int], None] | None = None,
) -> Scores:
    """Open a finished search and score architectures on its super network; see `score_search`.

    Args:
        run: the folder.
        n: at most so many, all calls together.
        seed: of the draws.
        opening: further arguments of `open_search`, where the run's data have moved or changed.
        on_score: called with the number of scores there and the most there will be.

    Raises:
        NetspaceError: where the folder holds no search, or scores of another one.
    """
    return score_search(open_search(run, **(opening or {})), run, n, seed=seed, on_score=on_score)


def score_search(
    search: SpaceSearch, run: Path, n: int, *, seed: int = 0, on_score: Callable[[int, int], None] | None = None
) -> Scores:
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
    file, space = ScoreFile(run), search.config.space
    stages = len(space.stages)
    file.claim({"seed": seed, "epoch": search.epoch, "data": search.data.fingerprint})
    scores = file.read(stages, space)
    file.check_sequence(scores.points, sequence(search.pool, seed=seed))
    ended, stopping = False, Saturation(CostModel(search.template), space)
    for count, point in enumerate(sequence(search.pool, seed=seed)):
        if count >= n:
            break
        if count < len(scores.values):
            continue
        if count % CHECK == 0 and stopping.reached(file.read(stages)):
            ended = True
            break
        network = Architecture.of(point[0::2], point[1::2])
        error = architecture_error(search.supernet, network, images=search.theta_set, normalise=search.normalise)
        file.append(point, error)
        if on_score is not None:
            on_score(count + 1, n)
    scores = file.read(stages)
    file.finish(len(scores.values), saturated=ended)
    return scores
