"""Architectures, network spaces and search spaces as values."""

import numpy as np
import pytest

from netspace import Architecture, NetspaceError, NetworkSpace, NetworkTemplate, SearchSpace, load_search_space
from netspace.config import preset_names
from netspace.documents import from_plain, parse_yaml, to_yaml
from netspace.spaces import Stage


@pytest.mark.parametrize(
    "value",
    [
        Stage(3, 16),
        Architecture.of((1, 2, 3), (4, 8, 16)),
        NetworkTemplate((1, 2), 8, "basic", 28, 1, 5),
        load_search_space("expanded"),
        load_search_space("expanded").space((0, 15, 1, 3, 3, 0)),
        load_search_space("small").full,
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_survive_writing_and_reading_yaml(value: object) -> None:
    assert from_plain(type(value), parse_yaml(to_yaml(value), "test"), "test") == value


@pytest.mark.parametrize(
    ("name", "spaces", "architectures"), [("expanded", 262_144, 8192**3), ("small", 4096, 128**3), ("tiny", 64, 8**3)]
)
def test_presets_have_the_documented_size(name: str, spaces: int, architectures: int) -> None:
    space = load_search_space(name)
    assert (space.num_spaces, space.full.size) == (spaces, architectures)
    assert sorted(preset_names()) == [
        *("bottleneck-small", "expanded", "mobile", "mobile-small", "regnet-like", "regnet-like-small", "small", "tiny")
    ]


def test_the_spaces_of_a_grid_partition_its_architectures(tiny: SearchSpace) -> None:
    points = tiny.full.enumerate()
    assert len(np.unique(points, axis=0)) == tiny.full.size
    spaces = [tiny.space(choice) for choice in np.ndindex(*tiny.shape)]
    for architecture in tiny.full.layout.architectures(points[::37]):
        assert sum(architecture in space for space in spaces) == 1
    assert sum(space.size for space in spaces) == tiny.full.size


def test_draws_are_members_and_seeded(tiny: SearchSpace) -> None:
    space = tiny.space((0, 1, 1, 0, 0, 1))
    first = space.draw(50, rng=np.random.default_rng(3))
    again = space.draw(50, rng=np.random.default_rng(3))
    assert all(architecture in space for architecture in space.layout.architectures(first))
    assert np.array_equal(first, again)


def test_unequal_depths_and_widths_are_refused() -> None:
    with pytest.raises(NetspaceError, match="2 depths but 3 widths"):
        Architecture.of((1, 2), (4, 4, 4))


def test_an_odd_image_is_halved_upwards() -> None:
    assert NetworkTemplate(image_size=28).resolutions == (28, 14, 7)
    assert NetworkTemplate(image_size=33).resolutions == (33, 17, 9)


def test_every_fault_of_a_document_is_named_by_its_path() -> None:
    document = {"name": "x", "stages": [{"depth": {"low": 1, "high": 7, "ranges": 4}, "widht": {}}]}
    with pytest.raises(NetspaceError) as caught:
        from_plain(SearchSpace, document, "my.yaml")
    text = str(caught.value)
    assert text.startswith("my.yaml: ")
    assert "stages.0.depth: cannot cut the 7 members of 1..7 into 4 equal ranges" in text
    assert "unknown key 'stages.0.widht', did you mean 'width'?" in text


FORMS = "write one number, or {low: …, high: …, step: …, ranges: …}"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("1..2", "'1..2' does not say how many ranges it is cut into; write it as {low: 1, high: 2, ranges: 1}"),
        ("8..16 by 4", "write it as {low: 8, high: 16, step: 4, ranges: 1}"),
        ([8, 16], "write it as {low: 8, high: 16, step: 8, ranges: 2}"),
        ([8, 16, 64], f"[8, 16, 64] is no evenly spaced range; {FORMS}"),
        ("2..1", f"'2..1' is no evenly spaced range; {FORMS}"),
        (True, f"True is no evenly spaced range; {FORMS}"),
        (None, f"None is no evenly spaced range; {FORMS}"),
    ],
)
@pytest.mark.parametrize("knob", ["depth", "width"])
def test_a_depth_or_width_in_another_form_is_refused_with_the_form_to_write(
    knob: str, given: object, said: str
) -> None:
    plain = {"name": "s", "strides": [1], "stages": [{"depth": 1, "width": 8, knob: given}]}
    with pytest.raises(NetspaceError) as caught:
        from_plain(SearchSpace, plain, "s")
    text = str(caught.value)
    assert text.startswith(f"s: stages.0.{knob}: ")
    assert text.endswith(said)


def test_a_depth_or_width_of_one_number_is_not_searched() -> None:
    space = from_plain(SearchSpace, {"name": "s", "strides": [1], "stages": [{"depth": 2, "width": "8"}]}, "s")
    assert (space.shape, str(space.full)) == ((1, 1), "d=[2] w=[8]")
    assert from_plain(SearchSpace, parse_yaml(to_yaml(space), "s"), "s") == space


def test_a_space_with_a_stride_too_few_is_refused() -> None:
    document = parse_yaml(to_yaml(load_search_space("tiny")), "t") | {"strides": [1, 2]}
    with pytest.raises(NetspaceError, match="2 strides for 3 stages"):
        from_plain(SearchSpace, document, "t")


def test_a_network_space_knows_its_members() -> None:
    space = from_plain(NetworkSpace, {"stages": [{"depth": "1..2", "width": "4..12 by 4"}]}, "t")
    assert space.size == 6
    assert Architecture.of((2,), (8,)) in space
    assert Architecture.of((2,), (6,)) not in space
    assert Architecture.of((2, 2), (8, 8)) not in space
