"""What the figures of trained networks show, and how populations are told apart."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspace.report import Material, all_charts
from netspace.report.chart import GREY


def population(name: str, flops: np.ndarray, error: float) -> list[dict[str, Any]]:
    costs = {"params": 1, "activations": 1, "depth": [1], "width": [4], "gate": False}
    return [
        {"population": name, "place": i, "id": i, "flops": int(f), "test_error": error + i / 1000, **costs}
        for i, f in enumerate(flops)
    ]


@pytest.fixture
def material() -> Material:
    """An elite whose networks cost more, within the band, than those of the whole space."""
    low, high, middle = np.linspace(9e6, 10.2e6, 20), np.linspace(9.8e6, 11e6, 20), np.linspace(9.8e6, 11e6, 20)
    networks = population("elite-10M", high, 0.3) + population("expanded-10M", low, 0.4)
    networks += population("uniform-width-10M", middle, 0.5) + population("random-spaces-10M", middle, 0.45)
    return Material([Path()], networks=networks + population("elite-30M", 3 * high, 0.2))


def test_populations_differ_in_shape_and_colour_and_the_whole_space_is_the_background(material: Material) -> None:
    chart = all_charts(material)[0]
    points = {s.name.split(" (")[0]: s for s in chart.series if s.kind == "points"}
    assert list(points) == ["whole space in band", "random-spaces", "uniform-width", "elite-10M", "elite-30M"]
    for a, b in combinations(points.values(), 2):
        assert a.colour != b.colour
        assert a.marker != b.marker
    assert points["whole space in band"].colour == GREY
    assert [s.filled for s in points.values()] == [True, False, False, True, True]


def test_a_population_has_one_colour_in_every_figure(material: Material) -> None:
    cloud, *distributions = all_charts(material)
    colours = {s.name.split(" (")[0]: s.colour for s in cloud.series if s.kind == "points"}
    for chart in distributions:
        for name in ("elite-10M", "elite-30M"):
            assert {s.colour for s in chart.series if s.name.startswith(name)} <= {colours[name]}
    uniform = [s.colour for s in distributions[0].series if s.name.startswith("uniform-width-10M")]
    assert set(uniform) == {colours["uniform-width"]}


def test_without_the_whole_space_the_front_is_that_of_all(material: Material) -> None:
    kept = [row for row in material.networks if not row["population"].startswith("expanded")]
    names = [s.name for s in all_charts(Material([Path()], networks=kept))[0].series]
    assert names[0] == "front of all"
    assert not any(name.startswith("whole space") for name in names)


def test_baselines_of_other_costs_are_also_drawn_at_the_elites_costs(material: Material) -> None:
    chart = next(c for c in all_charts(material) if c.name == "edf-10M")
    (matched,) = [s for s in chart.series if s.dashed]
    assert matched.name == "expanded-10M, at the costs of elite-10M"
    assert "dashed: networks weighed" in chart.note
    # Errors rise with cost here, so the dearer networks that count have the larger errors.
    plain = next(s for s in chart.series if s.name == "expanded-10M (n = 20)")
    assert matched.y[11] == 0
    assert plain.y[11] > 0.5
    assert matched.y[-1] == pytest.approx(1)


def test_each_distribution_rises_from_0_to_1_and_that_of_the_elite_lies_on_top(material: Material) -> None:
    chart = next(c for c in all_charts(material) if c.name == "edf-10M")
    lines = [s for s in chart.series if s.kind == "steps" and not s.dashed]
    assert lines[-1].name.startswith("elite-10M")
    for line in lines:
        assert (line.y[0], line.y[-1]) == (0, pytest.approx(1))
        assert line.x[0] == line.x[1] == min(line.x)


def test_at_equal_costs_nothing_is_weighed(material: Material) -> None:
    kept = [row for row in material.networks if not row["population"].startswith("expanded")]
    chart = next(c for c in all_charts(Material([Path()], networks=kept)) if c.name == "edf-10M")
    assert not any(s.dashed for s in chart.series)
    assert "dashed" not in chart.note
