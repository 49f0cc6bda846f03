"""What the command fidelity says at its end."""

import pytest

from netspace.analysis import Agreement, Interval
from netspace.cli.fidelity import _verdict

NAN = Interval(float("nan"), float("nan"), float("nan"))


def agreement(score: str, group: str, low: float, high: float) -> Agreement:
    return Agreement(score, group, 12, Interval((low + high) / 2, low, high), NAN)


def test_the_verdict_names_the_budgets_at_which_the_score_may_rank_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    within = {
        "super network": agreement("super network", "within bands", 0.2, 0.4),
        "flops": agreement("flops", "within bands", 0.5, 0.7),
    }
    bands = [agreement("super network", "5M", -0.1, 0.3), agreement("super network", "9M", 0.1, 0.5)]
    _verdict(within, "super network", bands)
    said = capsys.readouterr().out
    assert "ranks better than chance: τ 0.30 (0.20…0.40) within bands" in said
    assert "includes 0 at 5M, τ 0.10: give these more networks" in said
    assert "9M" not in said
    assert "It does not beat: flops (0.60)" in said


def test_a_closed_gate_is_not_trustworthy(capsys: pytest.CaptureFixture[str]) -> None:
    _verdict({"super network": agreement("super network", "within bands", -0.1, 0.4)}, "super network", [])
    assert "NOT TRUSTWORTHY" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-1.0, -0.5, "the interval lies below 0: it ranks the wrong way round"),
        (-0.5, 0.0, "the interval includes 0."),
        (float("nan"), float("nan"), "the interval is not known."),
    ],
)
def test_a_closed_gate_says_where_its_interval_lies(
    low: float, high: float, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bands = [agreement("super network", "5M", low, high), agreement("super network", "9M", 0.1, 0.5)]
    _verdict({"super network": agreement("super network", "within bands", low, high)}, "super network", bands)
    text = capsys.readouterr().out
    assert said in text
    assert ("includes 0" in text) is ("includes 0" in said)
    assert f"alone the interval {said.split('interval ')[1].split(':')[0].rstrip('.')} at 5M" in text


def test_a_closed_form_that_ranks_nothing_is_not_said_to_be_unbeaten(capsys: pytest.CaptureFixture[str]) -> None:
    within = {
        "super network": agreement("super network", "within bands", 0.2, 0.4),
        "narrowest width": Agreement("narrowest width", "within bands", 12, NAN, NAN),
    }
    _verdict(within, "super network", [])
    assert "does not beat" not in capsys.readouterr().out
