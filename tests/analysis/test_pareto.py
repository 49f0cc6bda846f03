"""Fronts, hypervolumes and distances against brute force."""

import numpy as np
import pytest

from netspace.analysis import distance_to_front, hypervolume, pareto_front


def dominated(i: int, cost: np.ndarray, error: np.ndarray) -> bool:
    at_most = (cost <= cost[i]) & (error <= error[i])
    less = (cost < cost[i]) | (error < error[i])
    return bool((at_most & less).any())


@pytest.mark.parametrize("levels", [4, 1000])
def test_the_front_is_what_nothing_dominates_ties_included(rng: np.random.Generator, levels: int) -> None:
    for n in (1, 2, 7, 60):
        cost, error = rng.integers(0, levels, (2, n)).astype(float)
        expected = [not dominated(i, cost, error) for i in range(n)]
        assert pareto_front(cost, error).tolist() == expected


def test_hypervolume_is_the_area_counted_on_a_grid(rng: np.random.Generator) -> None:
    cost, error = rng.integers(0, 12, (2, 15)).astype(float)
    cells = sum(
        bool(((cost <= x) & (error <= y)).any()) for x in range(10) for y in range(10)
    )  # unit cells with lower corner (x, y) below the reference (10, 10)
    assert hypervolume(cost, error, (10, 10)) == cells
    assert hypervolume(cost + 20, error, (10, 10)) == 0
    assert hypervolume([], [], (10, 10)) == 0


def test_distance_is_to_the_best_that_is_no_dearer(rng: np.random.Generator) -> None:
    cost, error = rng.random((2, 30))
    front_cost, front_error = rng.random((2, 9))
    for c, e, d in zip(cost, error, distance_to_front(cost, error, front_cost, front_error), strict=True):
        cheap = front_error[front_cost <= c]
        assert d == (e - cheap.min() if len(cheap) else np.inf)


def test_members_of_the_front_have_distance_zero(rng: np.random.Generator) -> None:
    cost, error = rng.random((2, 40))
    on = pareto_front(cost, error)
    distance = distance_to_front(cost, error, cost[on], error[on])
    assert np.all(distance[on] == 0)
    assert np.all(distance >= 0)


def test_unequal_lengths_and_nan_are_refused() -> None:
    with pytest.raises(ValueError, match="one cost per error"):
        pareto_front([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="must be finite"):
        hypervolume([1.0], [np.nan], (2, 2))
