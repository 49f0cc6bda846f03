"""Scores of a run's super network: stored one by one, the same whether the call was stopped or not."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from netspace import NetspaceError, find_spaces
from netspace.documents import read_yaml, to_yaml
from netspace.runs import ScoreFile
from netspace.search import architecture_score, open_search
from netspace.search.score_run import score_run
from netspace.search.scoring import READINGS
from netspace.spaces import SearchSpace
from tests.conftest import quick_config


def test_scores_go_on_where_they_were_and_are_those_of_the_shared_weights(tmp_path: Path, tiny: SearchSpace) -> None:
    run = tmp_path / "run"
    find_spaces(quick_config(budgets=["2M"]), run)
    first = score_run(run, 2)
    seen: list[tuple[int, int]] = []
    second = score_run(run, 4, on_score=lambda done, most: seen.append((done, most)))
    assert seen == [(3, 4), (4, 4)]
    np.testing.assert_array_equal(second.points[:2], first.points)
    assert len(np.unique(second.points, axis=0)) == 4
    search, last = open_search(run), second.points[-1]
    (network,) = search.template.architectures(last[None])
    again = architecture_score(search.supernet, network, images=search.theta_set, normalise=search.normalise)
    assert second.values[-1] == pytest.approx(again, abs=1e-6)
    assert ScoreFile(run, tiny).finished(4)
    with pytest.raises(NetspaceError, match="scores of another seed"):
        score_run(run, 5, seed=1)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "run"
    find_spaces(quick_config(budgets=["2M"]), run)
    score_run(run, 4)
    return run


@pytest.mark.parametrize("line", [2, 3, 4])
def test_a_line_that_was_lost_is_named_and_no_score_is_made_twice(
    scored: Path, tmp_path: Path, line: int, tiny: SearchSpace
) -> None:
    run = tmp_path / "run"
    shutil.copytree(scored, run)
    file = ScoreFile(run, tiny).file
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[: line - 1] + lines[line:]))
    assert not ScoreFile(run, tiny).finished(4)
    damaged = file.read_text()
    with pytest.raises(NetspaceError, match=rf"scores\.csv is corrupt: line {line}: its network is not the next one"):
        score_run(run, 4)
    assert file.read_text() == damaged


def test_lines_lost_at_the_end_are_made_again(scored: Path, tmp_path: Path, tiny: SearchSpace) -> None:
    run = tmp_path / "run"
    shutil.copytree(scored, run)
    file = ScoreFile(run, tiny).file
    whole = file.read_text()
    file.write_text("".join(whole.splitlines(keepends=True)[:3]))
    score_run(run, 4)
    assert file.read_text() == whole


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (1, "d1,w1\n", "line 1: it should be 'd1,w1,d2,w2,d3,w3,score'"),
        (3, "1,8,1,8,0.5\n", "line 3: it should be 6 whole numbers and a score"),
        (3, "1,8,1,8,1,8,nan\n", "line 3: depths and widths lie from 1 to 2147483647, a score from 0 to 1"),
        (3, "1,8,1,8,1,8,x\n", "line 3: it should be 6 whole numbers and a score"),
        (4, "1,8,1.5,8,1,8,0.5\n", "line 4: it should be"),
        (4, f"1,{10**30},1,8,1,8,0.5\n", "line 4: depths"),
        (4, "1,8,1,8,1,5000,0.5\n", "line 4: its network lies outside of space tiny"),
        (2, "\n", "line 2: it should be"),
    ],
)
def test_a_line_at_fault_is_named(
    scored: Path, tmp_path: Path, line: int, text: str, message: str, tiny: SearchSpace
) -> None:
    lines = ScoreFile(scored, tiny).file.read_text().splitlines(keepends=True)
    (tmp_path / "scores.csv").write_text("".join([*lines[: line - 1], text, *lines[line:]]))
    with pytest.raises(NetspaceError, match=message):
        ScoreFile(tmp_path, tiny).read(inside=True)


@pytest.mark.parametrize("about", ["scored: x", "scored: -1", "scored: 2\nsaturated: 1"])
def test_what_is_said_of_scores_is_checked(tmp_path: Path, about: str, tiny: SearchSpace) -> None:
    (tmp_path / "scores.yaml").write_text(about)
    with pytest.raises(NetspaceError, match=r"scores\.yaml is corrupt"):
        ScoreFile(tmp_path, tiny).finished(2)


def test_scores_of_an_earlier_reading_go_on_as_they_were(scored: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(scored, run)
    about = run / "scores.yaml"
    known = read_yaml(about)
    about.write_text(to_yaml({key: value for key, value in known.items() if key != "reading"}))
    search, values = open_search(run), score_run(run, 5).values
    network = search.template.architectures(score_run(run, 5).points[-1:])[0]
    how = {"images": search.theta_set, "normalise": search.normalise, "reading": READINGS["error"]}
    assert values[-1] == pytest.approx(architecture_score(search.supernet, network, **how), abs=1e-6)  # type: ignore[arg-type]
    about.write_text(to_yaml({**known, "reading": "guess"}))
    with pytest.raises(NetspaceError, match="unknown reading 'guess'"):
        score_run(run, 6)
