"""Populations: equal budgets, equal seeds, and results that do not depend on processes or kills."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from netspace import Budget, CostModel, NetspaceError, Pool, SearchSpace
from netspace.config import load_recipe
from netspace.cost import Constraint
from netspace.data import load_images
from netspace.evaluate import BASELINES, PopulationPlan, Subject, draw_baseline, evaluate_spaces, plan_networks
from netspace.records import NetworkStore
from netspace.settings import DataSettings, Recipe

QUICK = Recipe("test", epochs=1, batch_size=32, warmup_epochs=0, train_images=256, validation_share=0.25)


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_are_different_networks_within_the_budget(
    expanded: SearchSpace, rng: np.random.Generator, name: str
) -> None:
    template, budget = expanded.template(32, 3, 10), Budget.parse("600M")
    drawn = draw_baseline(
        name,
        40,
        search_space=expanded,
        template=template,
        budget=budget,
        rng=rng,
    )
    costs = CostModel(template)(drawn)
    assert np.all(np.abs(costs / budget.target - 1) <= 0.1)
    assert len(np.unique(drawn, axis=0)) == 40
    growth = np.diff(template.layout().all(drawn, "width"), axis=1)
    if name == "uniform-width":
        assert np.all(growth == 0)
    if name == "linear-width":
        assert np.all(growth[:, 0] == growth[:, 1])
        assert np.all(growth >= 0)
        assert len(np.unique(growth)) > 5


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_meet_the_budgets_constraints(tiny: SearchSpace, rng: np.random.Generator, name: str) -> None:
    bounds = [Constraint.parse(text) for text in ("params<=9K", "peak_memory<=128KiB")]
    template, budget = tiny.template(32, 3, 10), Budget.parse("2M", 0.5, bounds)
    free = replace(budget, constraints=())
    drawn, loose = (
        draw_baseline(name, 2, search_space=tiny, template=template, budget=b, rng=rng) for b in (budget, free)
    )
    assert budget.satisfied(drawn, template).all()
    assert free.satisfied(loose, template).all()


def test_networks_drawn_from_a_space_meet_the_constraints_that_its_population_names(tiny: SearchSpace) -> None:
    budget = Budget.parse("2M", 0.5, [Constraint.parse("params<=9K")])
    subject, template = Subject("elite-2M", tiny.full, budget, estimator="front"), tiny.template(32, 3, 10)
    plan = PopulationPlan("elite-2M", budget, tiny.full)
    planned = plan_networks([plan], 6, search_space=tiny, template=template, seed=0)
    assert budget.satisfied(template.points([one.architecture for one in planned]), template).all()
    assert subject.population.constraints == "params<=9K"


# Random spaces are drawn until so many have been tried that no more are there: a minute or two.
SLOW = {"random-spaces": [pytest.mark.slow]}


@pytest.mark.parametrize("name", [pytest.param(name, marks=SLOW.get(name, [])) for name in BASELINES])
def test_a_baseline_with_too_few_networks_says_how_many(tiny: SearchSpace, rng: np.random.Generator, name: str) -> None:
    with pytest.raises(NetspaceError, match=r"ask for fewer"):
        draw_baseline(
            name,
            300,
            search_space=tiny,
            template=tiny.template(32, 3, 10),
            budget=Budget.parse("3M"),
            rng=rng,
        )


def test_populations_share_training_seeds_but_not_draws(tiny: SearchSpace) -> None:
    budget, template = Budget.parse("3M", 0.3), tiny.template(32, 3, 10)
    plans = [PopulationPlan(name, budget, space=tiny.full) for name in ("a", "b")]
    planned = plan_networks(plans, 6, search_space=tiny, template=template, seed=1)
    again = plan_networks(plans[::-1], 6, search_space=tiny, template=template, seed=1)
    assert sorted(planned, key=str) == sorted(again, key=str)
    first, second = planned[:6], planned[6:]
    assert [p.seed for p in first] == [p.seed for p in second]
    assert [p.architecture for p in first] != [p.architecture for p in second]
    longer = plan_networks(plans[:1], 9, search_space=tiny, template=template, seed=1)
    assert len({str(p.architecture) for p in longer}) == 9


def run(folder: Path, tiny: SearchSpace, jobs: int) -> list[dict[str, object]]:
    budget = Budget.parse("2M", 0.3)
    store = evaluate_spaces(
        [Subject("elite-2M", tiny.full, budget)],
        baselines=("random-spaces",),
        search_space=tiny,
        template=tiny.template(28, 1, 10),
        images=load_images(DataSettings("fashion")),
        recipe=QUICK,
        n=3,
        out=folder,
        pool=Pool(jobs),
    )
    return [{k: v for k, v in row.items() if k not in ("seconds", "id")} for row in store.rows()]


def test_results_do_not_depend_on_the_number_of_processes(tmp_path: Path, tiny: SearchSpace) -> None:
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "networks.sqlite").touch()  # as a full disk leaves it
    one, two = run(tmp_path / "one", tiny, 1), run(tmp_path / "two", tiny, 2)
    assert one == two
    assert [row["population"] for row in one] == ["elite-2M"] * 3 + ["random-spaces-2M"] * 3
    assert all(row["status"] == "ok" for row in one)
    # Again: nothing is trained anew, and the same comes back.
    started = time.perf_counter()
    assert run(tmp_path / "one", tiny, 1) == one
    assert time.perf_counter() - started < 30


def test_data_of_another_shape_are_refused(tmp_path: Path, tiny: SearchSpace) -> None:
    with pytest.raises(
        NetspaceError, match=r"has \(image size, channels, classes\) \(28, 1, 10\), but .*\(32, 3, 10\)"
    ):
        evaluate_spaces(
            [Subject("elite-3M", tiny.full, Budget.parse("3M"))],
            baselines=(),
            search_space=tiny,
            template=tiny.template(32, 3, 10),
            images=load_images(DataSettings("fashion")),
            recipe=load_recipe("quick"),
            n=2,
            out=tmp_path / "run",
        )
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_an_evaluation_killed_with_its_workers_goes_on_to_the_same_errors(tmp_path: Path, tiny: SearchSpace) -> None:
    whole = run(tmp_path / "whole", tiny, 2)
    code = (
        "from tests.evaluate.test_population import run; from netspace import load_search_space; from pathlib import "
        f"Path\nif __name__ == '__main__': run(Path({str(tmp_path / 'killed')!r}), load_search_space('tiny'), 2)"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    for wait in (1, 3):
        process = subprocess.Popen([sys.executable, str(script)], env=environment, start_new_session=True)
        store = NetworkStore(tmp_path / "killed")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(NetspaceError):  # the store may not be there yet, or be empty
                if store.counts().get("ok", 0) >= wait:
                    break
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert run(tmp_path / "killed", tiny, 2) == whole
