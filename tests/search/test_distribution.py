"""Θ against closed forms and enumeration."""

import math

import numpy as np
import pytest
import torch

from netspace.search import SpaceDistribution

SHAPE = (3, 2, 4)


@pytest.fixture
def theta(rng: np.random.Generator) -> SpaceDistribution:
    distribution = SpaceDistribution(SHAPE)
    with torch.no_grad():
        for logits in distribution.logits:
            logits.copy_(torch.from_numpy(rng.normal(size=len(logits))))
    return distribution


def joint(theta: SpaceDistribution) -> np.ndarray:
    p = [axis.detach().numpy() for axis in theta.probabilities()]
    return np.einsum("i,j,k->ijk", *p)


def test_theta_starts_uniform() -> None:
    theta = SpaceDistribution(SHAPE)
    assert np.allclose(joint(theta), 1 / 24)
    assert theta.entropy() == pytest.approx(math.log(24))


def test_log_prob_is_the_log_of_the_joint(theta: SpaceDistribution) -> None:
    choices = np.array(list(np.ndindex(*SHAPE)))
    assert np.allclose(theta.log_prob(choices).exp().detach().numpy(), joint(theta).ravel())


def test_entropy_is_that_of_the_joint(theta: SpaceDistribution) -> None:
    p = joint(theta)
    assert theta.entropy() == pytest.approx(-(p * np.log(p)).sum())


def test_samples_follow_the_joint_within_4_standard_errors(theta: SpaceDistribution, rng: np.random.Generator) -> None:
    n, p = 20_000, joint(theta)
    counts = np.zeros(SHAPE)
    np.add.at(counts, tuple(theta.sample(n, rng=rng).T), 1)
    assert np.all(np.abs(counts / n - p) <= 4 * np.sqrt(p * (1 - p) / n))


@pytest.mark.parametrize("temperature", [5.0, 0.5, 0.001])
def test_gumbel_softmax_picks_ranges_as_softmax_does_within_4_standard_errors(
    theta: SpaceDistribution, rng: np.random.Generator, temperature: float
) -> None:
    n = 4000
    counts = [np.zeros(k) for k in SHAPE]
    with torch.no_grad():
        for _ in range(n):
            for axis, weights in enumerate(theta.relaxed(temperature, rng=rng)):
                counts[axis][int(weights.argmax())] += 1
                assert float(weights.sum()) == pytest.approx(1)
    for axis, p in enumerate(theta.probabilities()):
        q = p.detach().numpy()
        assert np.all(np.abs(counts[axis] / n - q) <= 4 * np.sqrt(q * (1 - q) / n))


def test_relaxed_weights_are_one_hot_when_cold_and_even_when_hot(
    theta: SpaceDistribution, rng: np.random.Generator
) -> None:
    with torch.no_grad():
        assert all(float(w.max()) > 0.999 for w in theta.relaxed(0.001, rng=rng))
        assert all(float(w.max() - w.min()) < 0.1 for w in theta.relaxed(100.0, rng=rng))


def test_the_expectation_of_a_table_and_its_gradient_are_exact(
    theta: SpaceDistribution, rng: np.random.Generator
) -> None:
    table = torch.from_numpy(rng.normal(size=SHAPE))
    value = theta.expectation(table)
    assert float(value.detach()) == pytest.approx(float((joint(theta) * table.numpy()).sum()))
    (gradient,) = torch.autograd.grad(value, [theta.logits[0]])
    step = 1e-6
    for k in range(3):
        with torch.no_grad():
            theta.logits[0][k] += step
            above = float(theta.expectation(table))
            theta.logits[0][k] -= 2 * step
            below = float(theta.expectation(table))
            theta.logits[0][k] += step
        assert float(gradient[k]) == pytest.approx((above - below) / (2 * step), abs=1e-6)


def test_the_likeliest_spaces_come_in_order_and_ties_by_index(theta: SpaceDistribution) -> None:
    found = theta.likeliest(24)
    assert [p for _, p in found] == sorted(joint(theta).ravel().tolist(), reverse=True)
    assert [choice for choice, _ in SpaceDistribution(SHAPE).likeliest(3)] == [(0, 0, 0), (0, 0, 1), (0, 0, 2)]


def test_the_likeliest_of_a_large_grid_are_found_too() -> None:
    theta = SpaceDistribution((4, 16) * 3)
    with torch.no_grad():
        for logits in theta.logits:
            logits[1] = 3.0
    assert theta.likeliest(5)[0][0] == (1,) * 6
    assert SpaceDistribution((4, 16) * 3).likeliest(2)[1][0] == (0, 0, 0, 0, 0, 1)
