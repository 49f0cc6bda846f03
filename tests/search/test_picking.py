"""Networks that a NAS found, as they are kept."""

from pathlib import Path

from netspace import Architecture, Budget
from netspace.records import load_architecture
from netspace.search.architecture_search import Chosen
from netspace.search.picking import kept
from netspace.settings import NasSettings
from netspace.spaces import SearchSpace


def test_errors_that_a_model_predicts_past_0_or_1_are_kept_as_these(tiny: SearchSpace, tmp_path: Path) -> None:
    networks = [Architecture.of((1, 1, 1), (4, 4, width)) for width in (4, 5, 6)]
    chosen, settings = Chosen(networks, [-0.0055, 0.25, 1.1], 3, 1, 1.0), NasSettings()
    of = {"run": tmp_path, "source": "tiny", "folder": tmp_path / "found", "seed": 0}
    picked = kept(chosen, tiny.template(28, 1, 10), Budget.parse("1M"), settings, **of)  # type: ignore[arg-type]
    assert picked.chosen.errors == [0.0, 0.25, 1.0]
    found = [load_architecture(file).provenance for file in picked.files]
    assert [about and about["score"] for about in found] == [0.0, 0.25, 1.0]
