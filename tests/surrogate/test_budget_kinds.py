"""Budgets of params and activations are judged by params and activations; the model of error goes on seeing FLOPs."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from netspace import Budget, CostModel, load_elite
from netspace.cost import Constraint
from netspace.spaces import SearchSpace
from netspace.surrogate import Judge, pareto_spaces, refine
from netspace.surrogate.grid import network_space
from tests.surrogate.planted import FloatArray, cost_of, finished_run, planted_signal

TEXTS = {"flops": ("1.5M", "3M"), "params": ("params=8K", "params=15K"), "activations": ("activations=60K",)}


def errors(x: FloatArray) -> FloatArray:
    """Fall with FLOPs, the feature behind the tiny space's six knobs, and with the last width."""
    return 0.9 - 0.02 * x[:, 6] - 0.01 * x[:, 5]


@pytest.fixture
def judge(tmp_path: Path, tiny: SearchSpace) -> Judge:
    run = finished_run(tmp_path / "run", tiny, {"2M": network_space(tiny, 0)})
    return Judge(run, planted_signal(tiny, errors), hit_rate=0.05)


@pytest.mark.parametrize("kind", TEXTS)
def test_every_space_is_judged_by_the_budgets_own_cost(judge: Judge, tiny: SearchSpace, kind: str) -> None:
    points, own = tiny.grid.enumerate(), tiny.grid.locate(tiny.grid.enumerate())
    costs, flops = cost_of(tiny, kind)(points), cost_of(tiny, "flops")(points)
    truth = errors(np.concatenate([np.log(points), np.log(flops)[:, None]], axis=1))
    budgets = [Budget.parse(text) for text in TEXTS[kind]]
    for budget, answer in zip(budgets, judge.answer(budgets), strict=True):
        inside = (costs >= budget.interval[0]) & (costs <= budget.interval[1])
        hits = np.bincount(own[inside], minlength=64)
        np.testing.assert_allclose(answer.judged.hit_rate, hits / np.bincount(own))
        means = np.array([truth[inside & (own == s)].mean() if hits[s] else np.nan for s in range(64)])
        np.testing.assert_allclose(answer.judged.error, means)
        able = np.where(answer.judged.hit_rate >= answer.applied, means, np.inf)
        assert answer.contenders[0].error.value == pytest.approx(able.min())
        assert answer.looked is None


def test_predicted_errors_are_shown_within_0_to_1_and_spaces_are_chosen_by_what_the_model_says(
    tmp_path: Path, tiny: SearchSpace
) -> None:
    budget, model = Budget.parse("2M"), cost_of(tiny, "flops")
    other = finished_run(tmp_path / "other", tiny, {"3M": network_space(tiny, 0)})
    (plain,) = Judge(other, planted_signal(tiny, errors), hit_rate=0.05).answer([budget])
    run = finished_run(tmp_path / "run", tiny, {"2M": network_space(tiny, plain.contenders[0].space)})
    for shift in (-0.65, 0.45):
        judge = Judge(run, planted_signal(tiny, lambda x, s=shift: errors(x) + s), hit_rate=0.05)  # type: ignore[misc]
        (answer,) = judge.answer([budget])
        beyond = answer.judged.error[np.isfinite(answer.judged.error)]
        assert (beyond.min() < 0) if shift < 0 else (beyond.max() > 1)
        assert [c.space for c in answer.contenders] == [c.space for c in plain.contenders]
        found = judge.searched(answer)
        assert found is not None
        space = judge.space(answer.contenders[0])
        moved = refine(space, search_space=tiny, signal=judge.signal, model=model, budget=budget)
        shown = [*answer.errors, *(x for c in answer.contenders for x in c.error), found[1], *moved.error]
        assert min(shown) == 0 if shift < 0 else max(shown) == 1
        assert all(0 <= x <= 1 for x in shown)


def test_budgets_of_several_kinds_are_answered_together_as_they_are_alone(judge: Judge) -> None:
    budgets = [Budget.parse(text) for text in ("params=15K", "2M", "activations=60K", "params=8K", "1.5M")]
    together = judge.answer(budgets)
    assert [a.budget for a in together] == budgets
    for budget, answer in zip(budgets, together, strict=True):
        assert judge.answer([budget])[0].contenders == answer.contenders
    kinds = [b.kind for b, _ in pareto_spaces(together)]
    assert kinds == sorted(kinds, key=["params", "flops", "activations"].index)
    assert pareto_spaces(together)[0][0] == budgets[3]


def test_of_equal_spaces_the_one_that_meets_its_own_cost_best_comes_first(tmp_path: Path, tiny: SearchSpace) -> None:
    run = finished_run(tmp_path / "flat", tiny, {"2M": network_space(tiny, 0)})
    judge = Judge(run, planted_signal(tiny, lambda x: np.full(len(x), 0.5)), hit_rate=0.05)
    (answer,) = judge.answer([Budget.parse("params=15K")])
    rates = [c.hit_rate for c in answer.contenders]
    assert rates == sorted(rates, reverse=True)
    best = judge.space(answer.contenders[0])
    assert rates[0] == pytest.approx(answer.budget.band(best, run.template).hit_rate)


def test_an_elite_file_carries_the_kind_and_its_own_quantiles(judge: Judge, tiny: SearchSpace, tmp_path: Path) -> None:
    (answer,) = judge.answer([Budget.parse("params=15K")])
    elite = load_elite(judge.elite(answer, 3).save(tmp_path))
    assert elite.filename == "elite-params=15K.yaml"
    assert elite.budget.kind == "params"
    first = elite.candidates[0]
    assert first.hit_rate == pytest.approx(answer.contenders[0].hit_rate, rel=1e-5)
    costs = np.sort(cost_of(tiny, "params")(first.space.enumerate()))
    assert first.cost.median == np.quantile(costs, 0.5, method="inverted_cdf")


def test_what_the_search_found_for_a_budget_is_judged_by_its_cost(tmp_path: Path, tiny: SearchSpace) -> None:
    alone = Judge(finished_run(tmp_path / "a", tiny, {"2M": network_space(tiny, 0)}), planted_signal(tiny, errors))
    (answer,) = alone.answer([Budget.parse("params=15K")])
    assert alone.searched(answer) is None
    best = alone.space(answer.contenders[0])
    judge = Judge(finished_run(tmp_path / "b", tiny, {"params=15K": best}), planted_signal(tiny, errors))
    (again,) = judge.answer([Budget.parse("params=15K")])
    one = answer.contenders[0]
    assert judge.searched(again) == (best, one.error.value, one.hit_rate)


def test_refining_at_another_cost_predicts_errors_from_flops(judge: Judge, tiny: SearchSpace) -> None:
    budget, model = Budget.parse("params=15K"), cost_of(tiny, "params")
    found = refine(tiny.full, search_space=tiny, signal=judge.signal, model=model, budget=budget)
    points = tiny.full.enumerate()
    costs = model(points)
    inside = (costs >= budget.interval[0]) & (costs <= budget.interval[1])
    assert found.hit_rate[0] == pytest.approx(inside.mean())
    flops = cost_of(tiny, "flops")(points[inside])
    assert found.error[0] == pytest.approx(judge.signal.predict(points[inside], flops).mean())
    assert found.hit_rate[1] > found.hit_rate[0]
    assert dataclasses.astuple(found)  # every field is known


def test_constraints_count_in_hit_rates_contenders_and_files_of_the_front(
    judge: Judge, tiny: SearchSpace, tmp_path: Path
) -> None:
    bounds = [Constraint.parse(text) for text in ("params<=9K", "peak_memory<=128KiB")]
    budget = Budget.parse("2M", constraints=bounds)
    (answer,) = judge.answer([budget])
    points, own = tiny.grid.enumerate(), tiny.grid.locate(tiny.grid.enumerate())
    inside = budget.satisfied(points, judge.run.template)
    assert 0 < inside.sum() < Budget.parse("2M").satisfied(points, judge.run.template).sum()
    np.testing.assert_allclose(answer.judged.hit_rate, np.bincount(own[inside], minlength=64) / np.bincount(own))
    elite = load_elite(judge.elite(answer, 3).save(tmp_path))
    assert elite.budget == budget
    for candidate in elite.candidates:
        members = candidate.space.enumerate()
        assert candidate.hit_rate == pytest.approx(budget.satisfied(members, elite.template).mean(), rel=1e-5)
        assert candidate.hit_rate_interval is None
    refined = refine(
        elite.space, search_space=tiny, signal=judge.signal, model=CostModel(elite.template), budget=budget
    )
    rates = [budget.satisfied(s.enumerate(), elite.template).mean() for s in (refined.before, refined.after)]
    assert refined.hit_rate == pytest.approx(tuple(rates))
