"""Expected costs and penalties of spaces against enumeration."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from netspace import Budget, CostModel, SearchSpace
from netspace.cost import Constraint
from netspace.search import SpaceDistribution, penalty_tables
from netspace.search.constraint import DrawnPenalty, expected_cost
from netspace.settings import PenaltyForm
from netspace.spaces import KnobAxis


def random_theta(space: SearchSpace, rng: np.random.Generator) -> SpaceDistribution:
    theta = SpaceDistribution(space.shape)
    with torch.no_grad():
        for logits in theta.logits:
            logits.copy_(torch.from_numpy(rng.normal(size=len(logits))))
    return theta


@pytest.mark.parametrize("kind", ["flops", "params", "activations", "peak_memory"])
def test_expected_cost_under_theta_equals_enumeration(mixed: SearchSpace, rng: np.random.Generator, kind: str) -> None:
    model = CostModel(mixed.template(28, 1, 10), kind)
    theta = random_theta(mixed, rng)
    choices = np.array(list(np.ndindex(*mixed.shape)))
    means = [model(mixed.space(choice).enumerate()).mean() for choice in choices]
    expected = float(theta.log_prob(choices).exp().detach() @ torch.tensor(means))
    assert float(expected_cost(model, mixed)(theta).detach()) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", ["flops", "peak_memory"])
def test_expected_cost_of_expanded_agrees_with_a_million_draws(
    expanded: SearchSpace, rng: np.random.Generator, kind: str
) -> None:
    model = CostModel(expanded.template(32, 3, 10), kind)
    costs = model(expanded.full.draw(10**6, rng=rng))
    exact = float(expected_cost(model, expanded)(SpaceDistribution(expanded.shape)).detach())
    assert abs(costs.mean() - exact) < 4 * costs.std() / 1000


def test_the_expected_peak_of_sized_grids_is_exact_too_and_has_a_gradient(
    mixed: SearchSpace, rng: np.random.Generator
) -> None:
    sized = replace(mixed, stages=mixed.stages[:2], strides=(1, 2), image_size=KnobAxis((20, 24, 28), ranges=3))
    model, theta = CostModel(sized.template(28, 1, 10), "peak_memory"), random_theta(sized, rng)
    choices = np.array(list(np.ndindex(*sized.shape)))
    means = [model(sized.space(choice).enumerate()).mean() for choice in choices]
    expected = theta.log_prob(choices).exp() @ torch.tensor(means)
    found = expected_cost(model, sized)(theta)
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-12)
    logits = list(theta.logits)
    for own, wanted in zip(torch.autograd.grad(found, logits), torch.autograd.grad(expected, logits), strict=True):
        assert torch.allclose(own, wanted, rtol=1e-9)


def test_the_penalty_of_each_space_is_exact_where_spaces_are_small(tiny: SearchSpace) -> None:
    model, budget = CostModel(tiny.template(32, 3, 10)), Budget.parse("3M")
    (table,) = penalty_tables(tiny, model, (budget,))
    assert table.shape == tiny.shape
    for choice in np.ndindex(*tiny.shape):
        costs = model(tiny.space(choice).enumerate())
        assert float(table[choice]) == pytest.approx(np.abs(costs / budget.target - 1).mean())


def test_the_centre_penalty_is_the_distance_of_the_geometric_mean(tiny: SearchSpace) -> None:
    model, budget = CostModel(tiny.template(32, 3, 10)), Budget.parse("3M")
    (table,) = penalty_tables(tiny, model, (budget,), "centre")
    for choice in np.ndindex(*tiny.shape):
        costs = model(tiny.space(choice).enumerate())
        geometric = np.exp(np.log(costs).mean())
        assert float(table[choice]) == pytest.approx(abs(np.log(geometric / budget.target)))


def test_the_penalty_of_large_spaces_is_within_its_stated_error(
    expanded: SearchSpace, rng: np.random.Generator
) -> None:
    model = CostModel(expanded.template(32, 3, 10))
    budgets = tuple(Budget.parse(text) for text in ("1.6G", "8G", "32G"))
    tables = penalty_tables(expanded, model, budgets)
    errors = []
    for _ in range(60):
        choice = tuple(int(rng.integers(n)) for n in expanded.shape)
        costs = model(expanded.space(choice).draw(20_000, rng=rng))
        for budget, table in zip(budgets, tables, strict=True):
            penalty = np.abs(costs / budget.target - 1).mean()
            if penalty < 1:
                errors.append(float(table[choice]) - penalty)
    assert len(errors) > 50
    assert np.sqrt(np.mean(np.square(errors))) < 0.01


@pytest.mark.parametrize("form", ["members", "centre"])
def test_the_penalty_grows_by_the_share_of_a_bound_that_members_exceed(tiny: SearchSpace, form: PenaltyForm) -> None:
    model = CostModel(tiny.template(32, 3, 10))
    free = Budget.parse("3M")
    bounds = [Constraint.parse(text) for text in ("params<=5K", "peak_memory>=100K")]
    with_bounds, without = penalty_tables(tiny, model, (free.bounded(bounds), free), form)
    drawn = DrawnPenalty(tiny, model, free.bounded(bounds), form)
    for choice in np.ndindex(*tiny.shape):
        members = tiny.space(choice).enumerate()
        params, memory = (CostModel(model.template, kind)(members) for kind in ("params", "peak_memory"))
        extra = np.maximum(params / 5000 - 1, 0).mean() + np.maximum(1 - memory / 100_000, 0).mean()
        assert float(with_bounds[choice] - without[choice]) == pytest.approx(extra)
        assert drawn.of(np.array([choice]))[0] == pytest.approx(float(with_bounds[choice]), rel=0.1, abs=0.05)
