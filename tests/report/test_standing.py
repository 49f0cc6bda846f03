"""Populations against the front of all networks, worked out by hand."""

from math import inf, log10
from pathlib import Path
from typing import Any

import pytest

from netspace.analysis import draws_until_interval
from netspace.report import Material, evaluation_tables, standings


def row(population: str, place: int, flops: int, error: float) -> dict[str, Any]:
    return {"population": population, "place": place, "flops": flops, "test_error": error, "gate": False}


@pytest.fixture
def material() -> Material:
    """An elite whose two networks make the front, and two networks of the whole space behind it."""
    networks = [row("elite-10M", 0, 10**7, 0.30), row("elite-10M", 1, 10**6, 0.40)]
    networks += [row("expanded-10M", 0, 10**7, 0.305), row("expanded-10M", 1, 10**6, 0.50)]
    failures = [{"population": "expanded-10M", "place": 2, "status": "diverged", "reason": "nan", "gate": False}]
    sizes = {"elite-10M": {"members": 8, "in_band": 2}, "expanded-10M": {"members": 1000, "in_band": 10}}
    return Material([Path()], networks=networks, failures=failures, evaluations=[{"populations": sizes}])


def test_distances_and_areas_are_those_to_the_front_of_all(material: Material) -> None:
    elite, expanded = standings(material)
    assert (elite.mean_distance, elite.median_distance) == (0, 0)
    assert expanded.mean_distance == pytest.approx((0.005 + 0.1) / 2)
    assert elite.reference == expanded.reference == (10**7, 0.5)
    assert elite.hypervolume == pytest.approx((log10(10**7) - log10(10**6)) * (0.5 - 0.4))
    assert expanded.hypervolume == 0


def test_draws_are_exact_where_all_in_band_were_trained_and_failures_count_as_draws(material: Material) -> None:
    elite, expanded = standings(material)
    assert elite.samples is not None
    assert elite.samples.exact
    assert elite.samples.near_front == (4, 4, 4)
    assert expanded.samples is not None
    assert (expanded.samples.near, expanded.samples.n) == (1, 3)
    assert expanded.samples.near_front == pytest.approx([100 * x for x in draws_until_interval(1, 3)])


def test_a_population_without_a_space_of_its_own_has_no_draws(material: Material) -> None:
    material.networks.append(row("random-spaces-10M", 0, 10**7, 0.4))
    material.evaluations[0]["populations"]["random-spaces-10M"] = {}
    assert standings(material)[-1].samples is None


def test_files_of_older_versions_name_populations_without_sizes(material: Material) -> None:
    material.evaluations[:] = [{"populations": ["elite-10M", "expanded-10M"]}]
    assert [standing.samples for standing in standings(material)] == [None, None]


def test_the_table_says_exact_and_infinity_in_words_of_its_own(material: Material) -> None:
    tables = {table.title.split(":")[0]: table.rows for table in evaluation_tables(material)}
    assert tables["Samples needed"][0] == ["elite-10M", "4.0", "2 of 2", "4.0 (exact)"]
    assert tables["Front of all networks"][0] == ["elite-10M", "2", "0.00%", "0.00%", "0.1", "10M, 50.0%"]
    material.networks[2]["test_error"] = 0.4
    tables = {table.title.split(":")[0]: table.rows for table in evaluation_tables(material)}
    near, draws = tables["Samples needed"][1][2:]
    assert near == "0 of 3"
    assert draws.startswith("∞ (")
    assert draws.endswith("…∞)")
    assert standings(material)[1].samples.near_front.value == inf  # type: ignore[union-attr]
