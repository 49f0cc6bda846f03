"""The fidelity gate: open for a score that ranks within bands, closed for one that only knows size."""

import numpy as np
import pytest

from netspace.analysis import kendall_tau
from netspace.analysis.fidelity import OVERALL, WITHIN, Agreement, agreements, is_open

BANDS = ["10M"] * 15 + ["80M"] * 15 + [None] * 6


def problem(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return sizes and errors: large networks are better, and networks of one size differ."""
    size = np.concatenate([np.full(15, 1.0), np.full(15, 2.0), rng.uniform(0, 3, 6)])
    return size, 0.5 - 0.1 * size + 0.03 * rng.normal(size=36)


def find(found: list[Agreement], score: str, group: str) -> Agreement:
    return next(a for a in found if (a.score, a.group) == (score, group))


def test_a_score_of_size_alone_agrees_overall_but_not_within_bands(rng: np.random.Generator) -> None:
    size, errors = problem(rng)
    noise = 1e-6 * rng.normal(size=36)
    found = agreements({"size": -size + noise, "good": errors + 0.01 * rng.normal(size=36)}, errors, BANDS)
    assert find(found, "size", OVERALL).tau.low > 0.3
    assert not is_open(find(found, "size", WITHIN))
    assert is_open(find(found, "good", WITHIN))
    assert find(found, "good", "10M").n == 15
    assert find(found, "good", WITHIN).n == 30


def test_tau_within_bands_is_the_mean_over_bands_of_equal_size(rng: np.random.Generator) -> None:
    _, errors = problem(rng)
    score = errors + 0.03 * rng.normal(size=36)
    within = find(agreements({"s": score}, errors, BANDS), "s", WITHIN)
    expected = np.mean([kendall_tau(score[:15], errors[:15]), kendall_tau(score[15:30], errors[15:30])])
    assert within.tau.value == pytest.approx(expected)
    assert within.tau.low < within.tau.value < within.tau.high


def test_shuffled_errors_close_the_gate(rng: np.random.Generator) -> None:
    _, errors = problem(rng)
    score = errors + 0.005 * rng.normal(size=36)
    closed = 0
    for _ in range(10):
        shuffled = errors.copy()
        for rows in (slice(0, 15), slice(15, 30)):
            shuffled[rows] = rng.permutation(shuffled[rows])
        closed += not is_open(find(agreements({"s": score}, shuffled, BANDS), "s", WITHIN))
    assert is_open(find(agreements({"s": score}, errors, BANDS), "s", WITHIN))
    assert closed >= 9  # of 10, at most one interval misses 0 by chance


def test_a_constant_score_says_nothing(rng: np.random.Generator) -> None:
    _, errors = problem(rng)
    assert not is_open(find(agreements({"flat": np.ones(36)}, errors, BANDS), "flat", WITHIN))
