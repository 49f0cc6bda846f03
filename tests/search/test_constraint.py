"""Expected costs and penalties of spaces against enumeration."""

import numpy as np
import pytest
import torch

from netspace import Budget, CostModel, SearchSpace
from netspace.search import ExpectedCost, SpaceDistribution, penalty_tables


def random_theta(space: SearchSpace, rng: np.random.Generator) -> SpaceDistribution:
    theta = SpaceDistribution(space.shape)
    with torch.no_grad():
        for logits in theta.logits:
            logits.copy_(torch.from_numpy(rng.normal(size=len(logits))))
    return theta


@pytest.mark.parametrize("kind", ["flops", "params", "activations"])
def test_expected_cost_under_theta_equals_enumeration(mixed: SearchSpace, rng: np.random.Generator, kind: str) -> None:
    model = CostModel(mixed.template(28, 1, 10), kind)
    theta = random_theta(mixed, rng)
    choices = np.array(list(np.ndindex(*mixed.shape)))
    means = [model(mixed.space(choice).enumerate()).mean() for choice in choices]
    expected = float(theta.log_prob(choices).exp().detach() @ torch.tensor(means))
    assert float(ExpectedCost(model, mixed)(theta).detach()) == pytest.approx(expected, rel=1e-12)


def test_expected_cost_of_expanded_agrees_with_a_million_draws(expanded: SearchSpace, rng: np.random.Generator) -> None:
    model = CostModel(expanded.template(32, 3, 10))
    costs = model(expanded.full.draw(10**6, rng=rng))
    exact = float(ExpectedCost(model, expanded)(SpaceDistribution(expanded.shape)).detach())
    assert abs(costs.mean() - exact) < 4 * costs.std() / 1000


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
