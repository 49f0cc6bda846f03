"""Scores of a run's super network: stored one by one, the same whether the call was stopped or not."""

from pathlib import Path

import numpy as np
import pytest

from netspace import NetspaceError, find_spaces
from netspace.front import ScoreFile
from netspace.search import architecture_error, open_search
from netspace.search.score_run import score_run
from netspace.spaces import Architecture
from tests.conftest import quick_config


def test_scores_go_on_where_they_were_and_are_those_of_the_shared_weights(tmp_path: Path) -> None:
    run = tmp_path / "run"
    find_spaces(quick_config(budgets=["2M"]), run)
    first = score_run(run, 2)
    seen: list[tuple[int, int]] = []
    second = score_run(run, 4, on_score=lambda done, most: seen.append((done, most)))
    assert seen == [(3, 4), (4, 4)]
    np.testing.assert_array_equal(second.points[:2], first.points)
    assert len(np.unique(second.points, axis=0)) == 4
    search, last = open_search(run), second.points[-1]
    network = Architecture.of(last[0::2], last[1::2])
    again = architecture_error(search.supernet, network, images=search.theta_set, normalise=search.normalise)
    assert second.values[-1] == pytest.approx(again, abs=1e-6)
    assert ScoreFile(run).finished(4)
    with pytest.raises(NetspaceError, match="scores of another seed"):
        score_run(run, 5, seed=1)
