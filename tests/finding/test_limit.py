"""A time limit on stand-alone trainings."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from netspace import NetspaceError, find_spaces
from netspace.analysis import Interval
from netspace.finding import calibration, limit, parse_duration
from netspace.finding.limit import TimeLimit, format_duration, mean_seconds
from netspace.finding.so_far import SoFar
from netspace.records import NetworkStore
from netspace.runs import CALIBRATION, Run
from netspace.surrogate import Question
from tests.finding.test_estimators import RECIPE, config_of, elite_bytes, planting, recipe

__all__ = ["recipe"]


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("1.5h", 5400), (" 2 d", 172800)])
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds
    assert parse_duration(format_duration(seconds)) >= seconds


@pytest.mark.parametrize("text", ["", "30", "0m", "-5m", "1e3s", "5 minutes", "1h30m", "²m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(NetspaceError, match="is no duration; write it as 90s, 30m or 1.5h"):
        parse_duration(text)


def test_a_limit_says_what_would_be_needed_before_anything_is_trained(
    tmp_path: Path, recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "seconds_of_training", lambda *_: Interval(40.0, 40.0, 40.0))
    with pytest.raises(NetspaceError, match="a training by recipe 'short' takes about 40s here.* give 4m or more"):
        find_spaces(config_of("population", recipe), tmp_path / "run", time_limit=30)
    assert not (tmp_path / "run" / CALIBRATION).exists()


def test_trainings_that_would_end_too_late_are_left_out_and_the_answer_is_of_those_that_are_done(
    tmp_path: Path, recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of("population", recipe)
    config = replace(config, search=replace(config.search, front=replace(config.search.front, population=40)))
    monkeypatch.setattr(calibration, "seconds_of_training", lambda *_: Interval(0.1, 0.1, 0.1))  # it was too hopeful
    for place in (limit, calibration):
        monkeypatch.setattr(place, "mean_seconds", lambda done: 0.7 if done else None)
    monkeypatch.setattr(limit, "spent", lambda done: 0.7 * len(done))
    find_spaces(config, tmp_path / "run", time_limit=4.0)
    store = NetworkStore(tmp_path / "run" / CALIBRATION)
    n = len(store.rows())
    assert 6 <= n <= 8
    assert store.counts() == {"ok": n}
    first = elite_bytes(tmp_path / "run")
    said: list[str] = []
    find_spaces(config, tmp_path / "run", time_limit=4.0, on_note=said.append)  # its time is spent
    assert any(text.startswith(f"within 4s: {n} trainings instead of 40, of about") for text in said)
    assert len(store.rows()) == n
    assert elite_bytes(tmp_path / "run") == first


def test_after_each_training_there_is_an_answer_with_its_uncertainty(tmp_path: Path, recipe: str) -> None:
    config = config_of("population", recipe)
    with planting():
        find_spaces(config, tmp_path / "run")
    said: list[str] = []
    so_far = SoFar(Run(tmp_path / "run"), Question(config.parsed_budgets, hit_rate=0.5), said.append)
    so_far(5)
    assert not said  # a model needs six
    so_far(7)
    assert [text.split(":")[0] for text in said] == ["after 7 trainings, 1M", "after 7 trainings, 2M"]
    assert all("points), P(best) 0." in text for text in said)
    so_far(8)
    assert len(said) == 2  # too soon after


def test_room_counts_what_is_done_and_never_falls_below_what_a_model_needs() -> None:
    limited = TimeLimit(100, 2, "p")
    assert limited.room([], 10, RECIPE) == 20
    assert limited.room(rows(10.0, 10), 10, RECIPE) == 20
    assert limited.room(rows(30.0, 9), 10, RECIPE) == 9
    assert limited.room([], 33, RECIPE) == 6
    with pytest.raises(NetspaceError, match="give 102s or more"):
        limited.room([], 34, RECIPE)


def test_trainings_that_failed_say_nothing_of_the_time_and_do_not_count_for_the_model() -> None:
    failed = rows(0.0, 8, "failed")
    assert mean_seconds(failed) is None
    assert mean_seconds([*failed, *rows(10.0, 2)]) == 10
    assert TimeLimit(100, 2, "p").room(failed, 33, RECIPE) == 8 + 6
    with pytest.raises(NetspaceError, match="give 102s or more"):
        TimeLimit(100, 2, "p").room(failed, 34, RECIPE)
    assert TimeLimit(100, 2, "p").room([*failed, *rows(10.0, 8)], 10, RECIPE) == 8 + 8 + 12


def rows(seconds: float, n: int, status: str = "ok") -> list[dict[str, Any]]:
    return [{"status": status, "seconds": seconds}] * n


def test_a_super_network_is_not_ended_early(tmp_path: Path, recipe: str) -> None:
    with pytest.raises(NetspaceError, match="estimator 'front' trains a super network to its end"):
        find_spaces(config_of("front", recipe), tmp_path / "run", time_limit=30)
