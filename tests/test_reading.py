"""Files that are almost right: each reader takes them or says in one line what is wrong, at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from netspace import Architecture, NetspaceError, NetworkTemplate, SearchSpace, load_elite, load_search_space
from netspace.config import load_recipe
from netspace.cost import CostModel, SpaceCosts
from netspace.documents import to_plain, to_yaml
from netspace.records import ChosenArchitecture, Planned, TrainedNetwork, load_architecture
from netspace.records.measured import MeasuredColumns, read_measured
from netspace.records.store import NetworkStore
from netspace.report import Material, all_tables, gather, nas_tables, standings
from netspace.report.figures import all_charts
from netspace.report.front_figure import front_charts, front_tables
from netspace.report.nas_table import nas_charts
from netspace.runs import Run
from netspace.surrogate.features import model_features
from netspace.surrogate.predictors import FITS
from netspace.surrogate.signals import CACHE, _Models
from tests.conftest import quick_config
from tests.mutations import mutations
from tests.records.test_log import EPOCH
from tests.report.test_front_figure import leave_front

GOLDEN = Path(__file__).parent / "golden"
ROUNDS = 30
SECONDS = 1.0


class Kind(NamedTuple):
    """A file that is right, and what reads it."""

    file: Path
    syntax: str
    read: Callable[[], object]


def elite(folder: Path, schema: int) -> Kind:
    file = folder / "elite-3M.yaml"
    file.write_bytes((GOLDEN / f"elite-schema-{schema}.yaml").read_bytes())

    def read() -> None:
        found = load_elite(file)
        for candidate in found.candidates:
            SpaceCosts(CostModel(found.template), candidate.space)
        all_tables(Material([folder], elites=[found]))

    return Kind(file, "yaml", read)


def architecture(folder: Path) -> Kind:
    chosen = ChosenArchitecture.of(Architecture.of((1, 2, 1), (8, 16, 24)), NetworkTemplate(), provenance={"run": "a"})
    chosen.save(folder / "architecture.yaml")
    return Kind(folder / "architecture.yaml", "yaml", lambda: load_architecture(folder / "architecture.yaml"))


def space(folder: Path) -> Kind:
    file = folder / "space.yaml"
    file.write_text(to_yaml(load_search_space("small")))

    def read() -> None:
        found = load_search_space(str(file))
        _ = found.shape, found.num_spaces, [axis.cuts for s in found.stages for axis in (s.depth, s.width)]

    return Kind(file, "yaml", read)


def recipe(folder: Path) -> Kind:
    (folder / "recipe.yaml").write_text(to_yaml(load_recipe("standard")))
    return Kind(folder / "recipe.yaml", "yaml", lambda: load_recipe(str(folder / "recipe.yaml")))


def config(folder: Path) -> Kind:
    (folder / "config.yaml").write_text(to_yaml({"config": to_plain(quick_config()), "data": "0" * 16}))
    return Kind(folder / "config.yaml", "yaml", lambda: (Run(folder).config, Run(folder).stored_space))


def front(folder: Path) -> Kind:
    file = leave_front(folder)
    return Kind(file, "json", lambda: (front_charts(file), front_tables(file)))


def nas(folder: Path) -> Kind:
    store = _store(folder, ("nas-elite-1M", "nas-expanded-1M"))
    row = {"place": 0, "target": 10**6, "depth": [1, 1, 1], "width": [8, 8, 8], "score": 0.5, "scored": 4}
    found = [
        {**row, "population": f"{side}-1M", "side": side, "draws": 3, "expected_draws": 2.5}
        for side in ("nas-elite", "nas-expanded")
    ]
    about = {"dataset": "cifar10", "search_space": "expanded", "image_size": 32, "recipe": "quick", "run": "0"}
    file = folder / "nas.json"
    file.write_text(json.dumps({**about, "nas": {"method": "random"}, "found": found}, indent=1))
    assert store.rows()
    return Kind(file, "json", lambda: (nas_tables(folder), nas_charts(folder)))


def log(folder: Path) -> Kind:
    file = folder / "search.jsonl"
    file.write_text("".join(json.dumps({**EPOCH, "epoch": i}) + "\n" for i in (1, 2, 3)))
    return Kind(file, "lines", lambda: all_charts(gather([folder])))


def fidelity(folder: Path) -> Kind:
    _store(folder, ("elite-1M",))
    agreement = {"score": "super network", "group": "overall", "n": 3, "tau": [0.5, 0.1, 0.7], "rho": [0.5, 0.1, 0.7]}
    network = {"folder": "a", "population": "elite-1M", "place": 0, "band": "1M", "validation_error": 0.5}
    network |= {"scores": {"super network": 0.6, "FLOPs": -5.0}}
    networks = [network, {**network, "band": None}]
    file = folder / "fidelity.json"
    file.write_text(json.dumps({"agreements": [agreement] * 2, "networks": networks}, indent=1))

    def read() -> None:
        material = gather([folder])
        all_tables(material), all_charts(material)

    return Kind(file, "json", read)


def evaluation(folder: Path) -> Kind:
    _store(folder, ("elite-1M", "expanded-1M"))
    about = {"dataset": "fashion", "n": 2, "seed": 0, "recipe": to_plain(load_recipe("quick"))}
    sizes = {"elite-1M": {"members": 12, "in_band": 3}, "expanded-1M": {}}
    file = folder / "evaluation.yaml"
    file.write_text(to_yaml({**about, "template": to_plain(NetworkTemplate()), "populations": sizes}))

    def read() -> None:
        material = gather([folder])
        standings(material), all_tables(material), all_charts(material)

    return Kind(file, "yaml", read)


def table(folder: Path) -> Kind:
    file = folder / "table.csv"
    rows = [f"{d},{w},{d * w * 1000},{90 - d - w / 8}" for d in (1, 2) for w in (8, 16, 24, 32)]
    file.write_text("\n".join(["d1,w1,flops,accuracy", *rows, ""]))
    columns = MeasuredColumns(("d1", "w1"), "flops", "accuracy", accuracy=True, depths=("d1",))
    return Kind(file, "csv", lambda: read_measured(file, columns))


def _store(folder: Path, populations: tuple[str, ...]) -> NetworkStore:
    store = NetworkStore(folder)
    store.create(recipe="0", data="0", template="0")
    one, template = Architecture.of((1, 1, 1), (8, 8, 8)), NetworkTemplate()
    cost = ChosenArchitecture.of(one, template).cost
    assert cost is not None
    store.add([Planned(name, place, place, one, cost) for name in populations for place in (0, 1)])
    while (claimed := store.claim()) is not None:
        number, found, seed = claimed
        store.finish(number, TrainedNetwork(found, cost, seed, "0", "0", "ok", 0.3 + seed / 10, 0.4 + seed / 10))
    return store


KINDS: dict[str, Callable[[Path], Kind]] = {
    "elite of schema 1": lambda folder: elite(folder, 1),
    "elite of schema 2": lambda folder: elite(folder, 2),
    **{f.__name__: f for f in (architecture, space, recipe, config, front, nas, log, fidelity, evaluation, table)},
}


def check(kind: Kind, rounds: int, seed: int) -> dict[str, int]:
    """Read mutations of a file; return how many were taken, and refused.

    Raises:
        AssertionError: where a reader raises another error than ours, or takes too long.
    """
    content, found = kind.file.read_bytes(), {"taken": 0, "refused": 0}
    kind.read()
    for changed in mutations(content, kind.syntax, rounds, seed=seed):
        kind.file.write_bytes(changed)
        started = time.process_time()
        try:
            kind.read()
            found["taken"] += 1
        except NetspaceError:
            found["refused"] += 1
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}\n{changed.decode(errors='replace')}") from error
        assert time.process_time() - started < SECONDS, changed.decode(errors="replace")
    return found


@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_is_almost_right_is_taken_or_refused_in_one_line(name: str, tmp_path: Path) -> None:
    found = check(KINDS[name](tmp_path), ROUNDS, seed=1)
    assert found["refused"] > 0


def test_what_a_later_version_says_of_a_population_is_left_alone(tmp_path: Path) -> None:
    kind = evaluation(tmp_path)
    kind.file.write_text(kind.file.read_text().replace("members: 12", "members: 12, surplus: 1"))
    assert "surplus" in kind.file.read_text()
    kind.read()


@pytest.fixture
def numbers(tiny: SearchSpace) -> dict[str, Any]:
    grid, model = tiny.grid, CostModel(tiny.template(28, 1, 10))
    rng = np.random.default_rng(0)
    points = np.stack([rng.choice([1, 2] if i % 2 == 0 else [4, 8, 12, 16], 24) for i in range(6)], axis=1)
    costs = model(points)
    x = model_features(grid, points, costs)
    return {"x": x, "y": 0.9 - 0.05 * x.sum(1) / x.shape[1], "costs": costs.astype(float)}


def test_a_cache_that_is_almost_right_changes_no_answer(numbers: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / CACHE

    def predict() -> list[float]:
        models = _Models(file, tuple(FITS))
        return models.fit("scores", **numbers, seed=0, widths=None)[0].predict(numbers["x"]).tolist()

    expected = predict()
    content = file.read_bytes()
    for changed in (b"", *mutations(content, "json", 6, seed=2)):
        file.write_bytes(changed)
        assert predict() == expected
        assert predict() == expected
    file.unlink()
    file.mkdir()
    assert predict() == expected
