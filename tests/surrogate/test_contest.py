"""The choice among judged spaces: ties, and what is said of the best."""

import numpy as np
import pytest

from netspace.errors import NetspaceError
from netspace.surrogate.contest import contest, preferred, shortlist
from netspace.surrogate.judging import Judged


def judged(error: list[float], hit_rate: list[float]) -> Judged:
    return Judged(np.array(error), np.array(hit_rate), np.zeros(len(error)))


def test_of_equal_errors_the_hit_rate_decides_and_then_the_distance_from_the_target() -> None:
    found = judged([0.0, 0.0, 0.0, 0.1, 0.0], [0.5, 0.7, 0.7, 1.0, 0.2])
    away = np.array([0.0, 0.3, 0.1, 0.0, 0.0])
    assert shortlist(found, 4, hit_rate=0.4, away=away).tolist() == [2, 1, 0, 3]
    assert shortlist(found, 5, hit_rate=0.4).tolist() == [1, 2, 0, 3]


def test_a_better_hit_rate_does_not_outdo_a_smaller_error() -> None:
    found = judged([0.3, 0.3 - 1e-6, np.nan, 0.2], [0.9, 0.5, 0.5, 0.1])
    assert shortlist(found, 5, hit_rate=0.4).tolist() == [1, 0]
    with pytest.raises(NetspaceError, match="no space of the grid"):
        shortlist(found, 5, hit_rate=0.95)


def test_what_is_equal_has_equal_chances() -> None:
    found = contest(np.array([3, 1, 0, 2]), judged([0.0, 0.0, 0.2, 0.0], [1.0] * 4), np.zeros((4, 4)))
    assert [c.error.value for c in found] == [0, 0, 0, 0.2]
    assert [c.chance for c in found] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])
    assert [c.tied for c in found] == [True, True, True, False]


def test_chances_are_those_of_independent_normals() -> None:
    two = judged([0.30, 0.31], [1.0, 1.0])
    best, other = contest(np.array([0, 1]), two, np.eye(2) * 0.005**2)
    assert best.chance == pytest.approx(0.921, abs=0.02)  # Φ(0.01 / (0.005·√2))
    assert best.chance + other.chance == pytest.approx(1)
    assert other.behind.value == pytest.approx(0.01)
    assert other.tied


def test_what_a_difference_is_worth_and_what_the_model_misses_make_a_chance_smaller() -> None:
    two, known = judged([0.30, 0.31], [1.0, 1.0]), np.eye(2) * 1e-8
    sure = contest(np.array([0, 1]), two, known)[0]
    missed = contest(np.array([0, 1]), two, known, misfit=np.eye(2) * 0.01**2)
    halved = contest(np.array([0, 1]), two, known, slope=0.5, misfit=np.eye(2) * 0.01**2)
    worthless = contest(np.array([0, 1]), two, known, slope=0.0, misfit=np.eye(2) * 0.01**2)
    chances = [sure.chance, missed[0].chance, halved[0].chance, worthless[0].chance]
    assert chances == pytest.approx([1.0, 0.760, 0.638, 0.5], abs=0.025)
    assert halved[1].behind.value == pytest.approx(0.005)
    assert missed[0].error.high - missed[0].error.value == pytest.approx(1.96 * 0.01, rel=0.01)
    # What all share does not tell them apart.
    assert contest(np.array([0, 1]), two, known, misfit=np.full((2, 2), 0.01**2))[0].chance == 1.0


@pytest.mark.parametrize(
    ("error", "hit_rate", "off", "first"),
    [
        ([0.300, 0.301], [0.3, 0.5], [0.0, 0.05], 1),  # nearly a coin toss: the higher hit rate
        ([0.300, 0.301], [0.3, 0.5], [0.0, 0.21], 0),  # but its median misses the budget
        ([0.300, 0.310], [0.3, 0.9], [0.0, 0.0], 0),  # better with probability 0.84: it stays
        ([0.300, 0.310], [0.3, 0.3], [0.21, -0.1], 1),  # cannot be told apart, and the first one's median misses
        ([0.300, 0.340], [0.3, 0.9], [0.21, 0.0], 0),  # can be told apart: the error counts
        ([0.300, 0.301], [0.5, 0.3], [0.21, -0.15], 1),  # neither median is near: the nearer one
        ([0.300, 0.301], [0.5, 0.6], [np.nan, np.nan], 0),
    ],
)
def test_of_spaces_as_good_as_the_first_the_one_that_meets_the_budget_best_is_preferred(
    error: list[float], hit_rate: list[float], off: list[float], first: int
) -> None:
    found = contest(np.array([0, 1]), judged(error, hit_rate), np.eye(2) * 0.01**2 / 2)
    assert preferred(found, np.array(off), 0.1) == first
