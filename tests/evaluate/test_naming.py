"""What populations are called: apart from each other, and the same after every restart."""

from dataclasses import replace
from pathlib import Path

import pytest

from netspace import Budget, Constraint, NetspaceError, SearchSpace, load_search_space
from netspace.data import load_images
from netspace.evaluate import Subject, evaluate_spaces
from netspace.evaluate.naming import named
from netspace.records import NetworkStore, Population
from netspace.settings import DataSettings
from tests.evaluate.test_population import QUICK
from tests.records.first_schema import to_first_schema

BUDGET = Budget.parse("2M", 0.3)


def elite(source: str, *, estimator: str = "score", space: tuple[int, ...] = (0, 0, 0, 0, 0, 0)) -> Population:
    tiny = load_search_space("tiny")
    return Subject("elite-2M", tiny.space(space), BUDGET, source, estimator).population


def names(wanted: list[Population], known: list[Population] | None = None) -> list[str]:
    return [one.name for one in named(wanted, known or [])]


def test_one_elite_keeps_the_plain_name_whatever_found_it() -> None:
    for estimator in ("score", "front (supernet, linear)"):
        assert names([elite("runs/a/elite-2M.yaml", estimator=estimator)]) == ["elite-2M"]


@pytest.mark.parametrize(
    ("sources", "labels"),
    [
        (["runs/a/elite-2M.yaml", "runs/b/elite-2M.yaml"], ["a", "b"]),
        (["runs/a/elite-2M.yaml", "runs/a/front/elite-2M.yaml"], ["a", "front"]),
        (["x/one.yaml", "x/two.yaml"], ["one", "two"]),
        (["1/run/elite-2M.yaml", "2/run/elite-2M.yaml"], ["1-run", "2-run"]),
    ],
)
def test_several_are_told_apart_by_where_they_come_from(sources: list[str], labels: list[str]) -> None:
    wanted = [elite(source) for source in sources]
    assert names(wanted) == [f"elite-2M-{label}" for label in labels]


def test_two_estimators_of_one_folder_are_told_apart_by_their_names() -> None:
    wanted = [elite("a/e.yaml"), elite("a/f.yaml", estimator="front (both, linear)")]
    assert names(wanted) == ["elite-2M-score", "elite-2M-front"]


def test_names_are_kept_whatever_the_order_and_the_way_to_the_files(tmp_path: Path) -> None:
    a, b = elite("runs/a/elite-2M.yaml"), elite("runs/b/elite-2M.yaml", space=(0, 1, 0, 0, 0, 0))
    first = named([a, b], [])
    assert names([b, a], first) == ["elite-2M-b", "elite-2M-a"]
    assert names([replace(a, source="./runs/../runs/a/elite-2M.yaml")], first) == ["elite-2M-a"]
    assert names([replace(b, source="/moved/b/elite-2M.yaml")], first) == ["elite-2M-b"]
    assert names([replace(b, source="/moved/c/elite-2M.yaml", run="c")], first) == ["elite-2M-b"]


def test_what_comes_later_leaves_the_first_ones_name_alone() -> None:
    (a,) = named([elite("runs/a/elite-2M.yaml")], [])
    b = elite("runs/b/elite-2M.yaml", space=(0, 1, 0, 0, 0, 0))
    assert names([elite("runs/a/elite-2M.yaml"), b], [a]) == ["elite-2M", "elite-2M-b"]
    assert names([b], [a]) == ["elite-2M-b"]


def test_an_elite_file_that_changed_keeps_its_name_so_that_the_store_refuses_it() -> None:
    (a,) = named([elite("runs/a/elite-2M.yaml")], [])
    assert names([elite("runs/a/elite-2M.yaml", space=(0, 1, 0, 0, 0, 0))], [a]) == ["elite-2M"]


def test_a_space_yields_to_the_baseline_of_its_name() -> None:
    tiny = load_search_space("tiny")
    space = Subject("expanded-2M", tiny.full, BUDGET, "expanded").population
    baseline = Population("expanded-2M", "baseline", "expanded").at(BUDGET)
    assert names([space, baseline]) == ["expanded-2M-space", "expanded-2M"]


def test_the_same_file_twice_is_refused() -> None:
    with pytest.raises(NetspaceError, match="is given twice at budget 2M"):
        named([elite("runs/a/elite-2M.yaml"), elite("runs/b/../a/elite-2M.yaml")], [])


def evaluate(folder: Path, tiny: SearchSpace, *subjects: Subject) -> NetworkStore:
    images, template = load_images(DataSettings("fashion")), tiny.template(28, 1, 10)
    given = {"search_space": tiny, "template": template, "images": images, "recipe": QUICK, "n": 2, "out": folder}
    return evaluate_spaces(list(subjects), baselines=("expanded",), **given)  # type: ignore[arg-type]


def test_a_folder_of_schema_1_goes_on_under_its_old_names(tmp_path: Path, tiny: SearchSpace) -> None:
    front = "front (supernet, linear)"
    old = evaluate(tmp_path / "out", tiny, Subject("front-2M", tiny.full, BUDGET))
    before = old.rows()
    to_first_schema(old.file)
    source = "runs/first/elite-2M.yaml"
    subject = Subject("elite-2M", tiny.full, BUDGET, source, front)
    after = evaluate(tmp_path / "out", tiny, subject)
    assert after.rows() == before
    assert {row["population"] for row in before} == {"front-2M", "expanded-2M"}
    kept = after.populations()["front-2M"]
    assert (kept.kind, kept.source, kept.tolerance, kept.estimator) == ("elite", source, 0.3, front)


def test_one_elite_with_and_without_constraints_is_two_populations() -> None:
    tiny = load_search_space("tiny")
    bounded = BUDGET.bounded([Constraint.parse("params<=9K")])
    free, bound = (Subject("elite-2M", tiny.full, b, "run/elite-2M.yaml").population for b in (BUDGET, bounded))
    assert names([free, bound]) == ["elite-2M-free", "elite-2M-params<=9K"]
