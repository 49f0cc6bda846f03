"""Grids of axes: numbering, listing and members at places."""

import itertools

import numpy as np
import pytest

from netspace.errors import NetspaceError
from netspace.spaces.axes import Axis, Grid, spread_places
from netspace.surrogate.features import model_features

GRID = Grid((Axis.cut("d", [1, 2, 3], 2, knob="depth"), Axis.cut("w", [4, 8, 12, 16], 2)))


def test_values_are_cut_into_ranges_as_equal_as_they_can_be() -> None:
    assert GRID.axes[0].ranges == ((1, 2), (3,))
    assert Axis.cut("w", range(1, 12), 3).ranges == ((1, 2, 3, 4), (5, 6, 7), (8, 9, 10, 11))
    with pytest.raises(NetspaceError, match="axis w has 2 values, which cannot be cut into 3 ranges"):
        Axis.cut("w", [1, 2], 3)


def test_an_axis_refuses_values_that_do_not_rise() -> None:
    with pytest.raises(NetspaceError, match="distinct and rising"):
        Axis("w", ((4, 8), (8, 12)))


def test_every_architecture_is_listed_once_and_located_in_its_space() -> None:
    points = GRID.enumerate()
    assert points.tolist() == [list(p) for p in itertools.product([1, 2, 3], [4, 8, 12, 16])]
    assert GRID.at(np.array([5, 0])).tolist() == [[2, 8], [1, 4]]
    space = GRID.locate(points)
    for point, number in zip(points.tolist(), space.tolist(), strict=True):
        chosen = [axis.ranges[i] for axis, i in zip(GRID.axes, GRID.choice(number), strict=True)]
        assert all(value in one for value, one in zip(point, chosen, strict=True))
    assert np.bincount(space).tolist() == GRID.sizes.tolist() == [4, 4, 2, 2]


def test_two_axes_of_one_name_and_a_grid_without_axes_are_refused() -> None:
    with pytest.raises(NetspaceError, match="^axis 'w' is there twice$"):
        Grid((GRID.axes[1], GRID.axes[0], GRID.axes[1]))
    with pytest.raises(NetspaceError, match="^a grid needs at least one axis$"):
        Grid(())


def test_a_value_off_its_axis_is_named() -> None:
    with pytest.raises(NetspaceError, match="7 is no value of axis w"):
        GRID.locate(np.array([[1, 7]]))


def test_members_at_places_lie_in_their_spaces() -> None:
    places = spread_places(50, 2)
    members = GRID.members(np.arange(GRID.num_spaces), places)
    assert members.shape == (4, 50, 2)
    for number in range(4):
        assert (GRID.locate(members[number]) == number).all()


def test_spread_places_visit_every_cell_evenly_and_go_on_where_they_ended() -> None:
    places = spread_places(1024, 3)
    cells = np.bincount((places * 4).astype(int) @ [16, 4, 1], minlength=64)
    assert cells.min() >= 10
    assert cells.max() <= 22
    np.testing.assert_allclose(spread_places(24, 3, first=1000), places[1000:])


def test_features_are_logs_of_every_knob_and_the_cost_with_summaries_over_the_stages() -> None:
    grid = Grid((*GRID.axes, Axis("v", GRID.axes[1].ranges)))
    row = model_features(grid, np.array([[2, 8, 4]]), np.array([100]), score=np.array([0.5]))
    mean, harmonic = np.log([8, 4]).mean(), np.log(2 / (1 / 8 + 1 / 4))
    np.testing.assert_allclose(row[0], [*np.log([2, 8, 4, 100]), mean, harmonic, 0.5])
