"""Grids with too many spaces to judge each: candidates, their neighbours, and what is said of them."""

import io
import math
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest

from netspace import Budget, CostModel, load_elite
from netspace.cli.front_tables import plain_front, print_front
from netspace.cli.output import json_text
from netspace.documents import write_atomically
from netspace.records.front_file import read_front
from netspace.spaces import Grid, GridAxis, KnobAxis, SearchSpace, StageGrid
from netspace.spaces.axes import Axis
from netspace.surrogate import Judge
from netspace.surrogate.candidates import Candidates, neighbours
from netspace.surrogate.contest import shortlist
from netspace.surrogate.grid import members
from netspace.surrogate.judging import EnumeratedMembers, least_hit_rate
from netspace.surrogate.sampled import SampledMembers
from netspace.surrogate.searched import SearchedMembers
from tests.surrogate.planted import FloatArray, finished_run, planted_signal

SMALL = Grid(tuple(Axis.cut(name, range(2, 14), 4, knob="width") for name in "abcd"))
BANDS = [(300, 360), (120, 150)]


def price(points: FloatArray) -> FloatArray:
    a, b, c, d = points.T
    return np.asarray(a * b + b * c + c * d + d * d)


def predict(points: FloatArray, costs: FloatArray) -> FloatArray:
    a, b, c, d = np.log(points).T
    return 3 + np.abs(a - b) + (c - 1.8) ** 2 + 0.3 * np.sin(5 * d) - 0.2 * np.log(costs)


def wide(**stage: int) -> StageGrid:
    """A stage with five axes: depth, width, expansion, kernel, and a knob-wise cut into single values."""
    low = stage["low"]
    width = GridAxis(low=low, high=low + 8 * 11, ranges=6, step=8)
    knobs = {"kernel": KnobAxis(values=(3, 5, 7)), "expansion": KnobAxis(values=(1, 2, 3, 4, 5, 6))}
    return StageGrid(GridAxis(low=1, high=6, ranges=3), width, tuple(knobs.items()))


@pytest.fixture(scope="module")
def huge() -> SearchSpace:
    """Four stages of MBConv, all knobs searched, and the image size."""
    return SearchSpace(
        "huge",
        tuple(wide(low=low) for low in (16, 24, 40, 64)),
        strides=(1, 2, 2, 2),
        block="mbconv",
        image_size=KnobAxis(values=(24, 28, 32, 36, 40, 48), ranges=3),
    )


def test_candidates_keep_their_numbers_and_are_found_again() -> None:
    candidates = Candidates(SMALL, 50)
    n, first = len(candidates), candidates.choice(0)
    assert n == candidates.first <= 50
    given = np.array([[3, 3, 3, 3], [0, 0, 0, 0], [3, 3, 3, 3], first])
    numbers = candidates.add(given)
    assert numbers[0] == numbers[2]
    assert numbers[3] == 0
    assert [candidates.choice(int(i)) for i in numbers] == [tuple(row) for row in given.tolist()]
    assert candidates.number((3, 3, 3, 3)) == numbers[0]
    np.testing.assert_array_equal(candidates.choices(numbers), given)
    listed = candidates.choices(np.arange(len(candidates)))
    assert len(np.unique(listed, axis=0)) == len(candidates)
    missing = next(c for c in np.ndindex(*SMALL.shape) if candidates.number(c) is None)
    assert missing not in {tuple(row) for row in listed.tolist()}


def test_neighbours_are_one_step_or_a_step_up_and_one_down_away() -> None:
    found = {tuple(row) for row in neighbours(np.array([[0, 1, 3]]), (4, 4, 4)).tolist()}
    steps = {s for s in np.ndindex(4, 4, 4) if s != (0, 1, 3)}
    away = {s: sorted(a - b for a, b in zip(s, (0, 1, 3), strict=True) if a != b) for s in steps}
    assert found == {s for s, d in away.items() if d in ([1], [-1], [-1, 1])}


@pytest.mark.parametrize("asked", [0.0, 0.3, 0.9])
def test_what_is_found_from_few_candidates_is_nearly_the_best_of_all(asked: float) -> None:
    points = SMALL.enumerate()
    exact = EnumeratedMembers(SMALL, points, price(points)).judge(predict, BANDS)
    searched = SearchedMembers(price, Candidates(SMALL, 20), least_hit_rate=asked)
    for truth, found in zip(exact, searched.judge(predict, BANDS), strict=True):
        floor = least_hit_rate(truth, asked)
        best = shortlist(truth, 1, hit_rate=floor)[0]
        chosen = searched.choice(int(shortlist(found, 1, hit_rate=least_hit_rate(found, asked))[0]))
        number = int(np.ravel_multi_index(chosen, SMALL.shape))
        able = np.isfinite(truth.error) & (truth.hit_rate >= floor)
        spread = float(truth.error[able].max() - truth.error[able].min())
        assert truth.hit_rate[number] >= floor - 0.05
        assert truth.error[number] - truth.error[best] < 0.05 * spread + 1e-9
        assert found.looked is not None
        assert found.looked < SMALL.num_spaces


def test_what_is_found_at_one_budget_does_not_depend_on_the_others() -> None:
    def leading(bands: list[tuple[int, int]], which: int) -> list[tuple[tuple[int, ...], float]]:
        searched = SearchedMembers(price, Candidates(SMALL, 20), least_hit_rate=0.1)
        judged = searched.judge(predict, bands)[which]
        return [(searched.choice(int(i)), float(judged.error[i])) for i in shortlist(judged, 5, hit_rate=0.1)]

    assert leading(BANDS, 1) == leading(BANDS[1:], 0)


def test_a_budget_that_no_spread_candidate_meets_is_reached_by_steps() -> None:
    searched = SearchedMembers(price, Candidates(SMALL, 3), least_hit_rate=0.1)
    least = int(price(SMALL.enumerate()).min())
    (found,) = searched.judge(predict, [(least, least + 4)])
    (best,) = shortlist(found, 1)
    assert searched.choice(int(best)) == (0, 0, 0, 0)


def test_a_space_that_is_known_is_judged_though_nobody_came_across_it() -> None:
    searched = SearchedMembers(price, Candidates(SMALL, 20), least_hit_rate=0.3)
    (alone,) = searched.judge(predict, BANDS[:1])
    strange = next(c for c in np.ndindex(*SMALL.shape) if searched.number(c) is None)
    (found,) = searched.judge(predict, BANDS[:1], [strange])
    number = searched.number(strange)
    assert number is not None
    points = SMALL.enumerate()
    exact = EnumeratedMembers(SMALL, points, price(points)).judge(predict, BANDS[:1])[0]
    same = int(np.ravel_multi_index(strange, SMALL.shape))
    assert found.hit_rate[number] == pytest.approx(exact.hit_rate[same], abs=0.1)
    assert (found.looked or 0) == (alone.looked or 0) + 1


def test_grids_of_up_to_a_million_spaces_are_judged_whole(expanded: SearchSpace, huge: SearchSpace) -> None:
    assert isinstance(members(expanded, CostModel(expanded.template(32, 3, 10))), SampledMembers)
    assert isinstance(members(huge, CostModel(huge.template(32, 3, 10))), SearchedMembers)


def plant(x: FloatArray) -> FloatArray:
    """Errors with a best shape that each budget pulls at: depth, kernel and expansion have an inner optimum."""
    depths, expansions, kernels = x[:, 0:16:4], x[:, 2:16:4], x[:, 3:16:4]
    shape = ((depths - math.log(3)) ** 2).sum(1) + ((expansions - math.log(3)) ** 2).sum(1)
    return 0.6 - 0.02 * x[:, 17] + 0.02 * shape + 0.01 * ((kernels - math.log(5)) ** 2).sum(1)


def test_a_grid_of_ten_to_the_ten_spaces_is_answered_near_the_planted_best(huge: SearchSpace, tmp_path: Path) -> None:
    assert huge.num_spaces > 10**9
    run = finished_run(tmp_path / "run", huge, {"30M": huge.space([0] * 17)})
    judge = Judge(run, planted_signal(huge, plant), hit_rate=0.1)
    budgets = [Budget.parse(text) for text in ("30M", "100M", "300M")]
    answers = judge.answer(budgets)
    rng, model = np.random.default_rng(0), CostModel(run.template)
    points = huge.full.draw(2**18, rng=rng)
    costs = model(points)
    for budget, answer in zip(budgets, answers, strict=True):
        best, space = answer.contenders[0], judge.space(answer.contenders[0])
        assert answer.looked is not None
        assert 100_000 < answer.looked < 300_000
        inside = (costs >= budget.interval[0]) & (costs <= budget.interval[1])
        errors = judge.signal.predict(points[inside], costs[inside])
        # A space's mean is that of many networks; it is among the best thousandth of single networks of its budget.
        assert best.error.value < np.quantile(errors, 0.001)
        assert best.hit_rate == pytest.approx(budget.band(space, run.template).hit_rate, abs=0.03)
    elite = load_elite(judge.elite(answers[0], 3).save(tmp_path))
    assert elite.candidates[0].space == judge.space(answers[0].contenders[0])


def test_the_searchs_own_elite_is_found_among_the_candidates(
    huge: SearchSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = huge.space([2, 4, 5, 0, 2, 4, 5, 0, 0, 0, 5, 0, 0, 0, 0, 0, 1])
    target = int(np.median(CostModel(huge.template(28, 1, 10))(own.enumerate())))
    text = f"{target}"
    run = finished_run(tmp_path / "run", huge, {text: own})
    few = Candidates(huge.grid, 2**10)
    monkeypatch.setattr("netspace.surrogate.answer.candidates_of", lambda space: few)
    judge = Judge(run, planted_signal(huge, plant), hit_rate=0.1)
    (answer,) = judge.answer([Budget.parse(text)])
    found = judge.searched(answer)
    assert found is not None
    assert found[0] == own
    assert found[1] >= answer.contenders[0].error.value
    other = CostModel(run.template, "params")
    (more,) = judge.answer([Budget.parse(f"params={int(np.median(other(own.enumerate())))}")])
    inside = more.budget.band(judge.space(more.contenders[0]), run.template)
    assert more.contenders[0].hit_rate == pytest.approx(inside.hit_rate, abs=0.03)
    assert judge.space(answer.contenders[0]) != judge.space(more.contenders[0])
    check_words(judge, answer, tmp_path)


def check_words(judge: Judge, answer: object, folder: Path) -> None:
    """The command's text and front.json say that spaces were looked at, not judged one and all."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        print_front(judge, [answer], [judge.signal], refined={}, top=2)  # type: ignore[list-item]
    looked = answer.looked  # type: ignore[attr-defined]
    assert f"{looked:,} were looked at" in printed.getvalue()
    plain = plain_front(judge, [answer], [judge.signal], refined={}, files=[folder / "elite.yaml"], top=2)  # type: ignore[list-item]
    write_atomically(folder / "front.json", json_text(plain))
    (read,) = read_front(folder / "front.json")["budgets"]
    assert read["spaces_looked_at"] == looked
    assert read["spaces_of_grid"] == judge.run.space.num_spaces
    assert read["spaces"][0]["space"]["stages"][0]["kernel"]
    assert read["spaces"][0]["space"]["image_size"]
