"""Architectures as files: what is saved comes back, and what can't be is refused in one line."""

from pathlib import Path

import pytest

from netspace import Architecture, NetspaceError, cost
from netspace.records import ChosenArchitecture, load_architecture
from netspace.spaces import NetworkTemplate

TEMPLATE = NetworkTemplate(stem_width=8, image_size=28, channels=1, classes=3)
ARCHITECTURE = Architecture.of((1, 2, 1), (8, 12, 16))


def test_a_saved_architecture_comes_back_with_its_costs_and_provenance(tmp_path: Path) -> None:
    chosen = ChosenArchitecture.of(ARCHITECTURE, TEMPLATE, provenance={"space": "elite-2M.yaml", "score": 0.25})
    chosen.save(tmp_path / "architecture-0.yaml")
    loaded = load_architecture(tmp_path / "architecture-0.yaml")
    assert loaded == chosen
    assert loaded.architecture == ARCHITECTURE
    assert loaded.cost == cost(ARCHITECTURE, TEMPLATE)
    assert "flops:" in (tmp_path / "architecture-0.yaml").read_text()


def test_a_plain_file_takes_the_template_that_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "plain.yaml").write_text("depth: [1, 2, 1]\nwidth: [8, 12, 16]\n")
    loaded = load_architecture(str(tmp_path / "plain.yaml"))
    assert loaded.template is loaded.cost is None
    assert loaded.within(TEMPLATE) == ChosenArchitecture.of(ARCHITECTURE, TEMPLATE)
    with pytest.raises(NetspaceError, match=r"has 3 stages, but the template 1 \(strides 1\)"):
        loaded.within(NetworkTemplate(strides=(1,)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("depth: [1, 2]\nwidth: [8, 12, 16]\n", "2 depths but 3 widths"),
        ("depth: [1, 0]\nwidth: [8, 12]\n", "depth.1: Input should be greater than or equal to 1"),
        ("depth: [1]\nwidht: [8]\n", "unknown key 'widht', did you mean 'width'?"),
        ("depth: [1]\nwidth: [8]\nschema: 7\n", "schema 7 is not readable; this version reads schema 1"),
        ("depth: [1]\nwidth: [8]\ntemplate: {strides: [1, 2]}\n", "has 1 stages, but its template 2"),
        (
            "depth: [1]\nwidth: [8]\ntemplate: {strides: [1]}\ncost: {flops: 1, params: 2, activations: 3}\n",
            "the file says Cost(flops=1, params=2, activations=3), but",
        ),
        ("candidates: []\n", "unknown key 'candidates'"),
    ],
)
def test_a_faulty_file_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "faulty.yaml"
    file.write_text(text)
    with pytest.raises(NetspaceError) as caught:
        load_architecture(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert message in str(caught.value)
