"""Schedules against closed forms and at their ends."""

import math

import pytest

from netspace.schedules import cosine, linear


@pytest.mark.parametrize(("progress", "value"), [(-1, 5), (0, 5), (0.25, 4), (1, 1), (2, 1)])
def test_linear(progress: float, value: float) -> None:
    assert linear(progress, 5, 1) == pytest.approx(value)


@pytest.mark.parametrize("progress", [0, 0.1, 0.5, 0.9, 1])
def test_cosine(progress: float) -> None:
    expected = 0.001 + 0.024 * (1 + math.cos(math.pi * progress)) / 2
    assert cosine(progress, 0.025, 0.001) == pytest.approx(expected)


def test_cosine_is_clipped() -> None:
    assert cosine(-1, 3, 1) == 3
    assert cosine(7, 3, 1) == 1
