"""Judging every space of a grid: exactly, by samples, and the choice among them."""

import numpy as np
import pytest

from netspace.errors import NetspaceError
from netspace.spaces.axes import Axis, Grid, spread_places
from netspace.surrogate.candidates import Candidates
from netspace.surrogate.contest import contest, shortlist
from netspace.surrogate.judging import EnumeratedMembers, Judged, Wanted, least_hit_rate
from netspace.surrogate.sampled import PREDICTED, PRICED, SampledMembers
from netspace.surrogate.searched import SearchedMembers

GRID = Grid(
    (
        Axis.cut("d", range(1, 5), 2, knob="depth"),
        Axis.cut("v", range(2, 14), 3),
        Axis.cut("w", range(2, 14), 3),
    )
)
BANDS = [(60, 90), (200, 300), (400, 402)]


def price(points: np.ndarray) -> np.ndarray:
    d, v, w = points.T
    return np.asarray(d * v * v + v * w + w * w)


def predict(points: np.ndarray, costs: np.ndarray) -> np.ndarray:
    d, v, w = points.T.astype(float)
    return np.asarray(10 / d + np.abs(v - w) - 0.01 * costs)


def enumerated() -> EnumeratedMembers:
    points = GRID.enumerate()
    return EnumeratedMembers(GRID, points, price(points))


def test_each_space_is_judged_as_brute_force_does() -> None:
    points = GRID.enumerate()
    costs, space = price(points), GRID.locate(points)
    errors = predict(points, costs)
    for band, judged in zip(BANDS, enumerated().judge(predict, BANDS), strict=True):
        for number in range(GRID.num_spaces):
            own = space == number
            inside = own & (costs >= band[0]) & (costs <= band[1])
            assert judged.hit_rate[number] == pytest.approx(inside.sum() / own.sum())
            if inside.any():
                assert judged.error[number] == pytest.approx(errors[inside].mean())
            else:
                assert np.isnan(judged.error[number])


def even(points: np.ndarray) -> np.ndarray:
    return np.asarray(points.sum(-1) % 2 == 0)


@pytest.mark.parametrize("kind", ["listed", "sampled", "searched"])
def test_what_members_have_to_meet_beside_the_band_is_judged_too(kind: str) -> None:
    made = {
        "listed": enumerated,
        "sampled": lambda: SampledMembers(GRID, price),
        "searched": lambda: SearchedMembers(price, Candidates(GRID)),
    }
    members, points = made[kind](), GRID.enumerate()
    (judged,) = members.judge(predict, [Wanted(60, 300, even)])
    costs, space = price(points), GRID.locate(points)
    inside = (costs >= 60) & (costs <= 300) & even(points)
    for number in range(GRID.num_spaces):
        place = members.number(GRID.choice(number))
        assert place is not None
        own = space == number
        assert judged.hit_rate[place] == pytest.approx(
            (inside & own).sum() / own.sum(), abs=0 if kind == "listed" else 0.15
        )
    found, _, _ = members.in_band(np.arange(GRID.num_spaces), Wanted(60, 300, even), 8)
    assert len(found)
    assert even(found).all()


def test_a_grid_whose_members_are_not_listed_is_judged_as_the_listed_one() -> None:
    lazy, listed = EnumeratedMembers(GRID, None, price(GRID.enumerate())), enumerated()
    for a, b in zip(lazy.judge(predict, BANDS), listed.judge(predict, BANDS), strict=True):
        np.testing.assert_array_equal(a.error, b.error)
        np.testing.assert_array_equal(a.hit_rate, b.hit_rate)
    np.testing.assert_array_equal(lazy.quantiles(), listed.quantiles())
    for a, b in zip(
        lazy.in_band(np.array([0, 4]), (60, 90), 5), listed.in_band(np.array([0, 4]), (60, 90), 5), strict=True
    ):
        np.testing.assert_array_equal(a, b)
    rows = listed.rows(BANDS[0])
    again = listed.judge_errors(predict(listed.points[rows], listed.costs[rows]), rows)
    np.testing.assert_array_equal(again.error, listed.judge(predict, BANDS[:1])[0].error)


def test_quantiles_are_those_of_the_members() -> None:
    points = GRID.enumerate()
    costs, space = price(points), GRID.locate(points)
    for number, row in enumerate(enumerated().quantiles()):
        np.testing.assert_array_equal(
            row, np.quantile(costs[space == number], (0.05, 0.5, 0.95), method="inverted_cdf")
        )


def test_rows_that_are_missing_leave_their_space_smaller_or_empty() -> None:
    points = GRID.enumerate()
    kept = points[(GRID.locate(points) != 4) & (points[:, 0] != 1)]
    members = EnumeratedMembers(GRID, kept, price(kept))
    (judged,) = members.judge(predict, [(1, 10_000)])
    assert judged.hit_rate[4] == 0
    assert np.isnan(judged.error[4])
    assert judged.hit_rate[0] == 1
    assert np.isnan(members.quantiles()[4]).all()


def test_sampled_members_agree_with_the_listed_ones_within_their_standard_error() -> None:
    exact = enumerated().judge(predict, BANDS[:2])
    sampled = SampledMembers(GRID, price, least_hit_rate=0.2)
    for truth, found in zip(exact, sampled.judge(predict, BANDS[:2]), strict=True):
        ahead = shortlist(truth, 4, hit_rate=0.2)
        assert np.abs(found.hit_rate - truth.hit_rate).max() < 0.06
        assert (np.abs(found.error[ahead] - truth.error[ahead]) < 4 * found.sampling[ahead] + 0.01).all()
        assert found.sampling[ahead].max() < 0.1
    spread = np.abs(sampled.quantiles() / enumerated().quantiles() - 1)
    assert np.median(spread) < 0.05


def test_a_space_with_few_members_in_band_has_an_error_too() -> None:
    grid = Grid((Axis.cut("w", range(1, 200_001), 2),))
    places = spread_places(PRICED, 1)[:, 0]
    rare = 1 + int(places[PREDICTED] * 100_000)  # of the first space: the first place whose error is not looked at
    near = np.abs(1 + (places * 100_000).astype(int) - rare)
    assert near[:PREDICTED].min() > 100
    sampled = SampledMembers(grid, lambda points: points[:, 0], least_hit_rate=0.5)
    (found,) = sampled.judge(lambda points, costs: costs.astype(float), [(rare - 100, rare + 100)])
    assert 0 < found.hit_rate[0] < 0.01
    assert found.error[0] == pytest.approx(rare, abs=100)
    assert shortlist(found, 1, hit_rate=least_hit_rate(found, 0.5)).tolist() == [0]


@pytest.mark.parametrize("members", [enumerated(), SampledMembers(GRID, price)], ids=["enumerated", "sampled"])
def test_members_in_band_are_of_their_space_and_in_band(members: EnumeratedMembers | SampledMembers) -> None:
    spaces = np.array([0, 4])
    points, costs, group = members.in_band(spaces, (60, 90), 5)
    assert ((costs >= 60) & (costs <= 90)).all()
    np.testing.assert_array_equal(costs, price(points))
    np.testing.assert_array_equal(GRID.locate(points), spaces[group])
    assert np.bincount(group).max() <= 5


def judged(*errors: float, rates: tuple[float, ...]) -> Judged:
    return Judged(np.array(errors), np.array(rates), np.zeros(len(errors)))


def test_spaces_below_the_hit_rate_are_passed_over_while_others_reach_it() -> None:
    some = judged(1.0, 2.0, 3.0, np.nan, rates=(0.1, 0.6, 0.5, 0.0))
    assert shortlist(some, 5, hit_rate=least_hit_rate(some, 0.5)).tolist() == [1, 2]
    assert least_hit_rate(some, 0.55) == 0.55
    # Spaces that miss the budget say nothing of what can be reached; where all do, they have to.
    rates = some.hit_rate
    best = int(rates.argmax())
    others = np.arange(len(rates)) != best
    second = float(rates[others].max())
    assert least_hit_rate(some, (second + rates[best]) / 2, among=others) == second / 2
    assert least_hit_rate(some, 0.5, among=np.zeros(len(rates), bool)) == least_hit_rate(some, 0.5)
    few = judged(1.0, 2.0, 3.0, rates=(0.09, 0.2, 0.11))
    assert shortlist(few, 5, hit_rate=least_hit_rate(few, 0.5)).tolist() == [1, 2]
    with pytest.raises(NetspaceError, match="no space of the grid has a member within the budget"):
        shortlist(judged(np.nan, rates=(0.0,)), 1)


def test_a_space_whose_difference_to_the_best_may_be_none_is_said_to_be_tied() -> None:
    some = judged(1.0, 1.5, 4.0, rates=(0.5, 0.5, 0.25))
    covariance = np.diag([0.1, 0.1, 0.1])
    best, near, far = contest(np.array([0, 1, 2]), some, covariance)
    assert (best.tied, near.tied, far.tied) == (True, True, False)
    assert near.behind.low == pytest.approx(0.5 - 1.96 * np.sqrt(0.2), abs=1e-3)
    assert far.draws == 4
    # Where the two errors go up and down together, the same difference is sure.
    shared = np.full((3, 3), 0.1) + np.diag([0.0, 0.001, 0.001])
    assert [c.tied for c in contest(np.array([0, 1, 2]), some, shared)] == [True, False, False]
