"""What populations are: fields that stores keep, and that older stores' names say."""

import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from netspace.cost import Budget
from netspace.errors import NetspaceError
from netspace.records import NetworkStore, Population, by_budget, pairs_at_equal_budget
from tests.records.first_schema import to_first_schema
from tests.records.test_store import ABOUT, planned

SPACE = '{"stages": [{"depth": "1..2", "width": "4..8 by 4"}]}'
ELITE = Population("elite-10M", "elite", "elite", 10**7, 0.1, "flops", "runs/a/elite-10M.yaml", "a", "score", SPACE)


@pytest.mark.parametrize(
    ("name", "kind", "subject", "budget", "estimator"),
    [
        ("elite-10M", "elite", "elite", "10M", ""),
        ("front-2M", "elite", "elite", "2M", "front"),
        ("random-spaces-1.6G", "baseline", "random-spaces", "1.6G", ""),
        ("expanded-3M", "baseline", "expanded", "3M", ""),
        ("nas-elite-10M", "nas", "elite", "10M", ""),
        ("nas-expanded-10M", "nas", "expanded", "10M", ""),
        ("whole-2M", "gate", "whole", "2M", ""),
        ("across", "gate", "across", None, ""),
        ("calibration", "calibration", "calibration", None, ""),
        ("my-space-1234567", "space", "my-space", "1234567", ""),
        ("my-space", "space", "my-space", None, ""),
    ],
)
def test_the_names_of_schema_1_say_what_a_population_is(
    name: str, kind: str, subject: str, budget: str | None, estimator: str
) -> None:
    one = Population.from_name(name)
    assert (one.name, one.kind, one.subject, one.budget, one.estimator) == (name, kind, subject, budget, estimator)
    assert one.tolerance is None


def test_each_elite_is_compared_with_every_other_population_of_its_budget_and_each_pair_once() -> None:
    ten, three = Budget.parse("10M"), Budget.parse("3M")
    other = replace(ELITE, name="elite-10M-b", run="b")
    baselines = [Population(f"{name}-10M", "baseline", name).at(ten) for name in ("expanded", "random-spaces")]
    lone = Population("expanded-3M", "baseline", "expanded").at(three)
    assert pairs_at_equal_budget([*baselines, other, lone, ELITE]) == [
        ("elite-10M", "elite-10M-b"),
        ("elite-10M", "expanded-10M"),
        ("elite-10M", "random-spaces-10M"),
        ("elite-10M-b", "expanded-10M"),
        ("elite-10M-b", "random-spaces-10M"),
    ]


def test_a_space_that_was_given_is_compared_where_there_is_no_elite() -> None:
    names = ("mine-3M", "expanded-3M", "other-3M")
    pairs = [("mine-3M", "other-3M"), ("mine-3M", "expanded-3M"), ("other-3M", "expanded-3M")]
    assert pairs_at_equal_budget(map(Population.from_name, names)) == pairs
    assert pairs_at_equal_budget(map(Population.from_name, ("across", "calibration"))) == []


def test_a_budget_is_its_target_its_cost_and_its_tolerance() -> None:
    wide, params = replace(ELITE, name="wide", tolerance=0.5), replace(ELITE, name="params", cost="params")
    assert [[p.name for p in group] for group in by_budget([params, wide, ELITE])] == [
        ["elite-10M"],
        ["wide"],
        ["params"],
    ]
    old = Population.from_name("expanded-10M")
    assert [[p.name for p in group] for group in by_budget([old, ELITE])] == [["elite-10M", "expanded-10M"]]
    assert len(by_budget([old, wide, ELITE])) == 3


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store as schema 1 left it."""
    folder = tmp_path / "old"
    store = NetworkStore(folder)
    store.create(**ABOUT)
    store.add(planned("front-2M", 2) + planned("expanded-2M", 2))
    to_first_schema(store.file)
    return folder


def schema(folder: Path) -> tuple[int, bool]:
    with sqlite3.connect(folder / "networks.sqlite") as db:
        table = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'populations'").fetchone()
        return db.execute("SELECT schema FROM about").fetchone()[0], table is not None


def test_an_old_store_says_what_its_populations_are_and_is_left_as_it_is_by_readers(old: Path) -> None:
    store = NetworkStore(old)
    store.check(**ABOUT)
    assert {name: (p.kind, p.budget) for name, p in store.populations().items()} == {
        "front-2M": ("elite", "2M"),
        "expanded-2M": ("baseline", "2M"),
    }
    assert schema(old) == (1, False)


def test_an_old_store_gets_the_table_when_it_is_written_to_and_only_by_its_own_recipe(old: Path) -> None:
    store = NetworkStore(old)
    before = store.rows()
    with pytest.raises(Exception, match="another recipe"):
        store.create(**{**ABOUT, "recipe": "x"})
    assert schema(old) == (1, False)
    store.create(**ABOUT)
    assert schema(old) == (3, True)
    assert store.populations()["front-2M"].estimator == "front"
    store.create(**ABOUT)
    assert store.rows() == before


def test_what_a_store_was_told_of_a_population_comes_back(tmp_path: Path) -> None:
    store = NetworkStore(tmp_path)
    store.create(**ABOUT)
    store.add(planned("elite-10M", 1) + planned("whole-10M", 1), [ELITE])
    assert store.populations() == {"elite-10M": ELITE, "whole-10M": Population.from_name("whole-10M")}


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("kind", "elit", "population 'elite-10M': kind"),
        ("target", "x", "population 'elite-10M': target"),
        ("target", -3, "population 'elite-10M': target"),
        ("tolerance", 1e300, "population 'elite-10M': tolerance"),
        ("run", b"\xff", "population 'elite-10M': run"),
        ("space", "{", "its space is no JSON"),
        ("space", '{"stages": 5}', "population 'elite-10M': stages"),
    ],
)
def test_a_row_that_is_no_population_is_named(tmp_path: Path, column: str, value: object, message: str) -> None:
    store = NetworkStore(tmp_path)
    store.create(**ABOUT)
    store.add(planned("elite-10M", 1), [ELITE])
    with sqlite3.connect(store.file) as db:
        db.execute(f"UPDATE populations SET {column} = ?", (value,))
    with pytest.raises(NetspaceError, match=re.escape(message)) as found:
        store.populations()
    assert str(store.file) in str(found.value)


def test_a_store_whose_budget_is_of_no_known_cost_is_refused_with_its_name(tmp_path: Path) -> None:
    store = NetworkStore(tmp_path)
    store.create(**ABOUT)
    store.add(planned("elite-10M", 1), [replace(ELITE, cost=",lops")])
    with pytest.raises(NetspaceError, match=r"population 'elite-10M': unknown cost ',lops', did you mean 'flops'"):
        store.populations()


@pytest.mark.parametrize("value", [None, b"\xff"])
def test_a_network_whose_population_is_no_name_is_said(tmp_path: Path, value: object) -> None:
    store = NetworkStore(tmp_path)
    store.create(**ABOUT)
    store.add(planned("elite-10M", 2), [ELITE])
    with sqlite3.connect(store.file) as db:
        db.execute("CREATE TABLE loose AS SELECT * FROM networks")  # a copy asks for nothing of its values
        db.execute("UPDATE loose SET population = ? WHERE place = 1", (value,))
        db.execute("DROP TABLE networks")
        db.execute("ALTER TABLE loose RENAME TO networks")
    with pytest.raises(
        NetspaceError, match=re.escape(f"{store.file}: a network's population is {value!r}, and has to")
    ):
        store.populations()
