"""The fidelity gate of a whole run."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from netspace import NetspaceError, find_spaces, load_elite
from netspace.analysis import Agreement
from netspace.fidelity import ACROSS, BOTH, RIDGE, check_fidelity
from netspace.records import EliteSpace, NetworkStore
from netspace.records.fidelity_file import SUPERNET
from netspace.settings import Recipe
from tests.conftest import quick_config

Gated = tuple[Path, EliteSpace, list[Agreement]]
RECIPE = Recipe("test", epochs=1, batch_size=32, warmup_epochs=0, train_images=400, validation_share=0.5)


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Gated:
    """A search whose gate has trained eight networks, its elite from before, and what the gate found."""
    run = tmp_path_factory.mktemp("gated") / "run"
    (before,) = find_spaces(quick_config(budgets=["2M"]), run)
    return run, before, check_fidelity(run, 4, recipe=RECIPE)


@pytest.fixture
def run(gated: Gated, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(gated[0], tmp_path / "run"))


def test_the_gate_trains_networks_in_bands_and_marks_the_elite_files(gated: Gated, run: Path) -> None:
    _, before, found = gated
    rows = NetworkStore(run / "fidelity").rows()
    by_population = {name: [r for r in rows if r["population"] == name] for name in {r["population"] for r in rows}}
    assert len(by_population[ACROSS]) == 4
    banded = [row for row in rows if row["population"] != ACROSS]
    assert len(banded) == 4
    assert all(1.8e6 <= row["flops"] <= 2.2e6 for row in banded)
    assert {a.score for a in found} == {
        SUPERNET,
        RIDGE,
        BOTH,
        "flops",
        "mean log width",
        "narrowest width",
        "total depth",
    }
    assert {(a.group, a.n) for a in found} == {("overall", 8), ("2M", 4), ("within bands", 4)}
    mark = load_elite(run / "elite-2M.yaml").provenance.fidelity
    assert mark is not None
    assert (mark.n, mark.trustworthy) == (4, mark.low > 0)
    written = json.loads((run / "fidelity.json").read_text())
    assert (len(written["agreements"]), len(written["networks"])) == (len(found), 8)
    # The finished search, run again, keeps the mark; so does the gate, which trains nothing anew.
    (after,) = find_spaces(quick_config(budgets=["2M"]), run)
    assert after.provenance.fidelity == mark
    assert after.candidates == before.candidates
    assert repr(check_fidelity(run, 4, recipe=RECIPE)) == repr(found)


def test_networks_that_an_evaluation_trained_are_taken_in_where_the_recipe_is_the_same(
    run: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    (run / "fidelity").rename(other)
    found = check_fidelity(run, 0, recipe=RECIPE, trained=[other])
    assert not (run / "fidelity").exists()
    assert {(a.group, a.n) for a in found} == {("overall", 8), ("2M", 4), ("within bands", 4)}
    networks = json.loads((run / "fidelity.json").read_text())["networks"]
    assert {n["folder"] for n in networks} == {str(other)}
    with pytest.raises(NetspaceError, match="holds networks of another recipe"):
        check_fidelity(run, 0, recipe=replace(RECIPE, epochs=2), trained=[other])
    with pytest.raises(NetspaceError, match="holds no trained networks"):
        check_fidelity(run, 0, recipe=RECIPE, trained=[tmp_path / "nowhere"])


def test_a_larger_n_adds_networks_to_a_gate(run: Path) -> None:
    def networks() -> dict[tuple[str, int], tuple[object, ...]]:
        rows = NetworkStore(run / "fidelity").rows()
        return {(r["population"], r["place"]): (r["depth"], r["width"], r["seed"], r["seconds"]) for r in rows}

    before = networks()
    with pytest.raises(
        NetspaceError, match=r"'test' \(.*recipe\.yaml\); give that with --recipe, or move .*fidelity away"
    ):
        check_fidelity(run, 6, recipe=replace(RECIPE, epochs=2))
    found = check_fidelity(run, 6, recipe=RECIPE)
    assert networks().items() > before.items()
    assert {(a.group, a.n) for a in found} == {("overall", 12), ("2M", 6), ("within bands", 6)}


def test_a_folder_without_a_search_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetspaceError, match=r"holds no run: it has no config\.yaml"):
        check_fidelity(tmp_path, 4, recipe=RECIPE)
