"""Files and figures of an earlier revision, kept in tests/golden: each still loads, says what it said and goes on."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file
from typer.testing import CliRunner

from netspace import (
    Architecture,
    Budget,
    CostModel,
    EliteSpace,
    NetspaceError,
    NetworkTemplate,
    Run,
    SearchSpace,
    SpaceCosts,
    cost,
    load_elite,
    load_search_space,
    resolve,
)

GOLDEN = Path(__file__).parent / "golden"
ESTIMATORS = ("score", "gumbel", "front", "population")
SPACES = {"tiny": ("1M", "3M"), "small": ("5M", "80M"), "expanded": ("400M",), "four.yaml": ("3M", "30M")}
STORES = ("evaluation", "evaluation-schema-1", "run-gumbel/fidelity", "run-gumbel/table", "run-population/calibration")
ANSWERS = 29  # commands in answers.json
SHAPES = [(size, channels, 10) for size in (8, 32, 33) for channels in (1, 3)]
EXACT, TRAINED = 1e-6, 0.03  # how near numbers have to be: of arithmetic alone, and where networks are trained anew
# What rounds with the weights that were trained, and what no two runs share.
ROUNDED = ("expected_cost", "entropy", "draws")
PASSING = ("warnings", "seconds", "milliseconds", "date", "file", "files", "device", "worker", "environment", "latency")


# --- the only places that know how the code is made inside -----------------------------------------------------------


def named(name: str) -> Any:
    """Return what netspace calls so, in whichever room it is kept."""
    rooms = ("cost", "records", "runs", "evaluate", "front", "surrogate", "finding", "search", "handover", "deploy")
    for room in ("spaces", "documents", "config", *rooms):
        try:
            return getattr(import_module(f"netspace.{room}"), name)
        except (ModuleNotFoundError, AttributeError):
            continue
    raise AssertionError(f"netspace has no {name}")


def as_points(drawn: Any) -> NDArray[np.int64]:
    """Return drawn architectures as depth and width of stage 1, of stage 2, …; shape (n, 2·stages)."""
    if isinstance(drawn, tuple):  # depths and widths apart
        return np.stack(drawn, axis=2).reshape(len(drawn[0]), -1)
    return np.asarray(drawn)


def log_uniform(space: SearchSpace, template: NetworkTemplate, n: int) -> Any:
    draws = named("LogUniformDraws")(CostModel(template), space.full, rng=np.random.default_rng(4))
    return draws.draw(n, rng=np.random.default_rng(5))


# --- what is measured; golden/make.py writes it down ------------------------------------------------------------------


def plain_points(drawn: Any) -> list[list[int]]:
    return [[int(value) for value in row] for row in as_points(drawn)]


def search_space(name: str) -> SearchSpace:
    return load_search_space(str(GOLDEN / name) if name.endswith(".yaml") else name)


def costs(points: NDArray[np.int64], shape: tuple[int, int, int], space: SearchSpace) -> list[tuple[int, int, int]]:
    template = space.template(*shape)
    priced = [cost(Architecture.of(row[0::2], row[1::2]), template) for row in points]
    return [(one.flops, one.params, one.activations) for one in priced]


def draws(name: str) -> dict[str, Any]:
    """Return what is drawn from a search space and from its bands."""
    space = search_space(name)
    template = space.template(32, 3, 10)
    members = SpaceCosts(CostModel(template), space.full)
    quantiles, exact = members.quantiles((0.05, 0.25, 0.5, 0.95))
    return {
        "members": plain_points(space.full.draw(6, rng=np.random.default_rng(1))),
        "log-uniform": plain_points(log_uniform(space, template, 8)),
        "calibration": plain_points(named("plan_calibration")(space, template, 6, seed=2)),
        "quantiles": [int(value) for value in quantiles],
        "exact": bool(exact),
        "bounds": [int(value) for value in members.bounds],
        "nearest": {amount: int(members.nearest(Budget.parse(amount).target)) for amount in ("3.3M", "1T")},
        "refused": {"1K": refused(space, template, "1K")},
        "budgets": {text: banded(space, template, text) for text in SPACES[name]},
        "grid": grid(space, template),
    }


def banded(space: SearchSpace, template: NetworkTemplate, text: str) -> dict[str, Any]:
    """Return what is drawn within a budget, from the whole space and by each baseline."""
    budget = Budget.parse(text)
    band = budget.band(space.full, template)
    given = {"search_space": space, "template": template, "budget": budget}
    names = ("expanded", "random-spaces", "uniform-width", "linear-width")
    return {
        "interval": list(budget.interval),
        "size": int(band.size),
        "hit rate": float(band.hit_rate),
        "replaced": plain_points(band.draw(5, rng=np.random.default_rng(2))),
        "different": plain_points(band.draw(5, rng=np.random.default_rng(3), replace=False)),
        "baselines": {one: baseline(one, **given) for one in names},
    }


def baseline(name: str, **given: Any) -> list[list[int]] | str:
    try:
        return plain_points(named("draw_baseline")(name, 3, rng=np.random.default_rng(6), **given))
    except NetspaceError:
        return "refused"


def refused(space: SearchSpace, template: NetworkTemplate, amount: str) -> int:
    """Return the nearest feasible budget that is named where one is out of reach."""
    with pytest.raises(NetspaceError, match="is infeasible") as error:
        Budget.parse(amount).band(space.full, template)
    (nearest,) = re.findall(r"the nearest feasible budget is (\d+)", str(error.value))
    return int(nearest)


def grid(space: SearchSpace, template: NetworkTemplate) -> list[dict[str, Any]]:
    """Return what some candidate spaces hold, each in a band of each kind of cost around its median."""
    rng, found = np.random.default_rng(7), []
    for _ in range(4):
        choice = [int(rng.integers(ranges)) for ranges in space.shape]
        candidate, bands = space.space(choice), {}
        for kind in ("flops", "params", "activations"):
            (median,), _ = SpaceCosts(CostModel(template, kind), candidate).quantiles((0.5,))
            band = Budget(int(median), 0.1, kind).members(candidate, template)  # type: ignore[arg-type]
            bands[kind] = [int(median), int(band.size), plain_points(band.draw(2, rng=np.random.default_rng(8)))]
        found.append({"choice": choice, "size": candidate.size, "bands": bands})
    return found


def fingerprints() -> dict[str, str]:
    """Return the fingerprints of templates, recipes and configs; stores and runs are told apart by them."""
    told: dict[str, Any] = {"default template": NetworkTemplate()}
    for name in ("tiny", "small", "expanded"):
        space = load_search_space(name)
        told |= {f"template {name} {shape}": space.template(*shape) for shape in SHAPES}
        for estimator in ESTIMATORS:
            options = {"data": {"dataset": "fashion"}, "budgets": ["20M"], "search": {"estimator": estimator}}
            told[f"config {name} {estimator}"] = resolve(name, options=options)
    for name in ("few", "paper", "quick", "standard", str(GOLDEN / "recipe.yaml")):
        told[f"recipe {Path(name).name}"] = named("load_recipe")(name)
    told["golden space"] = load_search_space(str(GOLDEN / "space.yaml"))
    return {name: named("fingerprint")(value) for name, value in told.items()}


# --- commands ---------------------------------------------------------------------------------------------------------


def netspace(*args: str) -> str:
    """Run a command to its end and return what it prints."""
    from netspace.cli.main import app

    done = CliRunner().invoke(app, list(args))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def told(*args: str) -> Any:
    return json.loads(netspace(*args, *([] if "--format" in args else ["--json"])))


def search(estimator: str, out: str) -> list[str]:
    """Return the command that made a run of golden/."""
    given = ["--dataset", "fashion", "--image-size", "8", "--space", "space.yaml", "--config", "settings.yaml"]
    return ["search", *given, "--estimator", estimator, "--budget", "40K", "--budget", "80K", "--out", out]


def evaluate(n: int, out: str) -> list[str]:
    given = ["--dataset", "fashion", "--baseline", "expanded", "--recipe", "recipe.yaml", "--n", str(n)]
    return ["evaluate", "run-score/elite-80K.yaml", *given, "--out", out]


def train(out: str) -> list[str]:
    return [
        "train",
        "architecture.yaml",
        "--dataset",
        "fashion",
        "--recipe",
        "recipe.yaml",
        "--seed",
        "5",
        "--out",
        out,
    ]


def same(found: Any, wanted: Any, near: float = EXACT, at: str = "") -> None:
    """Compare plain data: what is wanted is there; what is not whole numbers or text, up to rounding."""
    key = at.rsplit(".", 1)[-1]
    if key in PASSING:
        return
    if isinstance(wanted, dict):
        assert isinstance(found, dict), at
        assert not wanted.keys() - found.keys(), f"{at}: {sorted(wanted.keys() - found.keys())} are missing"
        for name, value in wanted.items():
            same(found[name], value, near, f"{at}.{name}")
    elif isinstance(wanted, list):
        assert isinstance(found, list), at
        assert len(found) == len(wanted), at
        for i, value in enumerate(wanted):
            same(found[i], value, near, f"{at}[{i}]" if key not in ROUNDED else at)
    elif isinstance(wanted, float) or (key in ROUNDED and isinstance(wanted, int)):
        assert found == pytest.approx(wanted, rel=near, abs=near), at
    else:
        assert found == wanted, at


def same_elites(folder: Path, wanted: Path) -> None:
    """Compare the elite files of two folders: spaces, hit rates and costs exactly, chances up to rounding."""
    names = sorted(file.name for file in wanted.glob("elite-*.yaml"))
    assert names
    assert sorted(file.name for file in folder.glob("elite-*.yaml")) == names
    for name in names:
        ours, theirs = load_elite(folder / name), load_elite(wanted / name)
        assert (ours.budget, ours.template, ours.space) == (theirs.budget, theirs.template, theirs.space)
        counted = [[(c.space, c.hit_rate, c.cost) for c in elite.candidates] for elite in (ours, theirs)]
        assert counted[0] == counted[1]
        same(plain(ours), plain(theirs), TRAINED, name)


def plain(value: EliteSpace) -> Any:
    return named("to_plain")(value)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh copy of the golden files, as the folder that commands run in."""
    folder = tmp_path / "golden"
    shutil.copytree(GOLDEN, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(folder)
    return folder


def stored(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


# --- figures ----------------------------------------------------------------------------------------------------------


def test_every_price_is_what_it_was() -> None:
    with (GOLDEN / "costs.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) > 1000
    groups: dict[tuple[str, tuple[int, int, int]], list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault((row["space"], (int(row["image_size"]), int(row["channels"]), 10)), []).append(row)
    assert {shape for _, shape in groups} == set(SHAPES)
    for (name, shape), group in groups.items():
        points = np.array([[int(value) for value in row["architecture"].split()] for row in group])
        wanted = [(int(row["flops"]), int(row["params"]), int(row["activations"])) for row in group]
        assert costs(points, shape, search_space(name)) == wanted


@pytest.mark.parametrize("name", SPACES)
def test_every_seed_draws_what_it_drew(name: str) -> None:
    same(json.loads(json.dumps(draws(name))), stored("draws.json")[name])


def test_every_fingerprint_is_what_it_was_so_that_stores_and_runs_go_on() -> None:
    assert fingerprints() == stored("fingerprints.json")


# --- files ------------------------------------------------------------------------------------------------------------


def test_an_elite_file_says_what_it_says(place: Path) -> None:
    elite = load_elite(place / "run-score" / "elite-40K.yaml")
    said = named("parse_yaml")((place / "run-score" / "elite-40K.yaml").read_text(), "elite")
    assert str(elite.budget) == "40K"
    assert [str(stage.width) for stage in elite.space.stages] == [
        stage["width"] for stage in said["candidates"][0]["space"]["stages"]
    ]
    assert elite.budget.members(elite.space, elite.template).hit_rate == said["candidates"][0]["hit_rate"]
    same(plain(elite), said)


@pytest.mark.parametrize("name", ["architecture.yaml", "architecture-plain.yaml"])
def test_an_architecture_file_says_what_it_says(name: str) -> None:
    chosen = named("load_architecture")(GOLDEN / name)
    assert list(chosen.depth) == [1, 2, 1]
    assert list(chosen.width) == [4, 8, 6]
    assert chosen.architecture == Architecture.of((1, 2, 1), (4, 8, 6))
    if name == "architecture.yaml":
        assert chosen.template == load_search_space(str(GOLDEN / "space.yaml")).template(8, 1, 10)
        assert chosen.cost == cost(chosen.architecture, chosen.template)
    else:
        assert chosen.template is None


def test_a_search_space_file_says_what_it_says() -> None:
    space = load_search_space(str(GOLDEN / "space.yaml"))
    assert (space.name, space.stem_width, space.strides, space.block) == ("golden", 4, (1, 2, 2), "basic")
    assert (space.num_spaces, space.full.size, space.shape) == (64, 512, (2,) * 6)


def test_the_written_config_of_a_run_is_read_whole() -> None:
    config = Run(GOLDEN / "run-front").config
    assert config.space == load_search_space(str(GOLDEN / "space.yaml"))
    assert (config.seed, config.budgets, config.search.estimator) == (3, ("40K", "80K"), "front")
    options = {"data": {"dataset": "fashion", "image_size": 8, "channels": 1}, "budgets": ["40K", "80K"]}
    options["search"] = {"estimator": "front"}
    again = resolve(str(GOLDEN / "space.yaml"), file=GOLDEN / "settings.yaml", options=options)
    assert config.precision == "32-true"  # the default then
    assert replace(again, precision="32-true") == config


@pytest.mark.parametrize("folder", STORES)
def test_a_store_says_what_it_says(place: Path, folder: str) -> None:
    rows = named("NetworkStore")(place / folder).rows()
    same(json.loads(json.dumps(rows)), stored("rows.json")[folder])


@pytest.mark.parametrize("index", range(ANSWERS))
def test_a_command_answers_as_it_did(place: Path, index: int) -> None:
    answers = stored("answers.json")
    assert len(answers) == ANSWERS
    answer = answers[index]
    if "evolution" in answer["command"]:
        pytest.importorskip("pymoo")
    same(told(*answer["command"]), answer["prints"], answer["near"])


# --- going on ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_finished_search_is_not_searched_again(place: Path, estimator: str) -> None:
    run = place / f"run-{estimator}"
    before = {file.name: file.read_bytes() for file in run.glob("elite-*.yaml")}
    told(*search(estimator, f"run-{estimator}"))
    assert {file.name: file.read_bytes() for file in run.glob("elite-*.yaml")} == before


@pytest.mark.parametrize("estimator", ["score", "front", "population"])
def test_a_stopped_search_goes_on_to_the_elite_files_of_one_that_was_not(place: Path, estimator: str) -> None:
    run = place / f"stopped-{estimator}"
    assert not list(run.glob("elite-*"))
    log = (run / "search.jsonl").read_text() if estimator != "population" else ""
    told(*search(estimator, run.name))
    whole = place / f"run-{estimator}"
    if estimator != "score":  # the model of error has changed since: it chooses anew from what was made then
        for file in (*whole.glob("elite-*.yaml"), *whole.glob("front-*.json")):
            file.unlink()
        told(*search(estimator, whole.name))
    same_elites(run, whole)
    if log:  # what was trained before the stop is kept
        assert (run / "search.jsonl").read_text().startswith(log.splitlines()[0])


@pytest.mark.parametrize("folder", ["evaluation", "evaluation-schema-1"])
def test_an_evaluation_goes_on_with_more_networks(place: Path, folder: str) -> None:
    before = named("NetworkStore")(place / folder).rows()
    told(*evaluate(4, folder))
    rows = named("NetworkStore")(place / folder).rows()
    assert len(rows) == 8
    by_place = {(row["population"], row["place"]): row for row in rows}
    done = [row for row in before if row["status"] == "ok"]
    assert done
    assert all(by_place[row["population"], row["place"]] == row for row in done)
    wanted = [row for row in stored("rows.json")["evaluation, n = 4"] if folder == "evaluation" or row["place"] < 4]
    same(json.loads(json.dumps(rows)), wanted, TRAINED)


@pytest.mark.parametrize("folder", ["evaluation", "evaluation-schema-1"])
def test_a_front_is_calibrated_by_stores_of_every_schema(place: Path, folder: str) -> None:
    given = ["--evaluations", "40", "--signal", "supernet", "--calibrate", folder]
    answer = told("front", "run-front", *given)
    assert [budget["budget"] for budget in answer["budgets"]] == ["40K", "80K"]
    trained = sum(row["status"] == "ok" for row in named("NetworkStore")(place / folder).rows())
    assert trained == {"evaluation": 6, "evaluation-schema-1": 4}[folder]


def test_a_stopped_training_goes_on_to_the_same_weights(place: Path) -> None:
    assert not (place / "stopped-training" / "model.safetensors").exists()
    card = told(*train("stopped-training"))
    ours, theirs = (
        load_file(folder / "model.safetensors") for folder in (place / "stopped-training", GOLDEN / "trained")
    )
    assert ours.keys() == theirs.keys()
    for name, weights in theirs.items():
        np.testing.assert_allclose(ours[name], weights, atol=TRAINED / 10, err_msg=name)
    same(card["validation_error"], stored("trained/card.json")["validation_error"], TRAINED)


def test_a_trained_network_is_exported_as_it_was(place: Path) -> None:
    netspace("export", "trained", "--out", "again")
    ours, theirs = (load_file(folder / "model.safetensors") for folder in (place / "again", GOLDEN / "exported"))
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_a_report_is_written_of_every_kind_of_folder(place: Path) -> None:
    folders = [*(f"run-{name}" for name in ESTIMATORS), "evaluation", "run-gumbel/table"]
    files = told("report", *folders, "--out", "report.html")
    names = {Path(file).name for file in files}
    assert names >= set(stored("report.json"))
    assert "40K" in (place / "report.html").read_text()
