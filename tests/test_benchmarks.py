"""What benchmarks measure with: rows of a table read where they tell spaces apart, and ranking within bands."""

import numpy as np
import pytest

from benchmarks.exploring import explore, spread_rows
from benchmarks.within_bands import kendall_within
from netspace.spaces.axes import Axis, Grid
from netspace.surrogate.judging import EnumeratedMembers

GRID = Grid(tuple(Axis.cut(name, range(1, 9), 4) for name in "abc"))
BANDS = [(60, 90), (200, 300)]


def table(noise: float) -> tuple[EnumeratedMembers, np.ndarray]:
    points = GRID.enumerate()
    members = EnumeratedMembers(GRID, points, (points**2).sum(1) + points.prod(1))
    a, b, c = np.log(members.points).T
    smooth = 20 - 2 * np.log(members.costs) + (a - b) ** 2 + 0.5 * (c - 1) ** 2
    return members, smooth + noise * np.random.default_rng(5).normal(size=len(points))


def test_rows_are_spread_over_the_orders_of_magnitude_of_cost(rng: np.random.Generator) -> None:
    costs = np.concatenate([np.arange(1, 10), np.arange(1000, 2000)])
    rows = spread_rows(costs, 40, rng=rng)
    assert len(set(rows.tolist())) == 40
    assert (costs[rows] < 10).sum() >= 8


def test_the_best_space_of_each_band_is_found_from_a_fifth_of_the_rows(rng: np.random.Generator) -> None:
    members, errors = table(0.2)
    read: list[int] = []

    def reads(rows: np.ndarray) -> np.ndarray:
        read.extend(rows.tolist())
        return errors[rows]

    known = explore(members, BANDS, reads, evaluations=100, rng=rng)
    assert 40 < len(read) == len(set(read)) <= 100
    for band in BANDS:
        rows = members.rows(band)
        truth = members.judge_errors(errors[rows], rows).error
        best, *others = known.choose(band)
        assert truth[best.space] - np.nanmin(truth) < 0.1
        assert best.error.low - 0.3 <= truth[best.space] <= best.error.high + 0.3
        assert best.tied
        assert sum(c.chance for c in (best, *others)) == pytest.approx(1)


def test_what_was_read_counts_in_full_where_residuals_are_small_and_little_where_they_are_noise(
    rng: np.random.Generator,
) -> None:
    quiet, loud = (
        explore(members, BANDS, lambda rows, e=errors: e[rows], evaluations=120, rng=rng)  # type: ignore[misc]
        for members, errors in (table(0.05), table(3.0))
    )
    assert quiet.own == 1.0
    assert loud.own < 0.2
    rows = quiet.members.rows(BANDS[1])
    inside = (quiet.rows >= rows.start) & (quiet.rows < rows.stop)
    np.testing.assert_allclose(quiet.expected(rows)[quiet.rows[inside] - rows.start], quiet.errors[inside])


def test_only_pairs_of_like_cost_count_within_bands() -> None:
    costs = np.array([100.0, 110.0, 1000.0, 1200.0])
    truth = np.array([4.0, 3.0, 2.0, 1.0])
    # Right between the bands, wrong inside both.
    assert kendall_within(np.array([3.0, 4.0, 1.0, 2.0]), truth, costs) == -1.0
    assert kendall_within(truth, truth, costs) == 1.0
    assert np.isnan(kendall_within(truth, truth, np.array([1.0, 10.0, 100.0, 1000.0])))
