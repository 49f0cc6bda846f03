"""Knobs beside depth and width in search spaces: read, written, and refused where no network could have them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from netspace import CostModel, NetspaceError, SearchSpace, SpaceCosts
from netspace.cli.main import app
from netspace.cli.options import load_space
from netspace.documents import from_plain, parse_yaml, to_yaml
from netspace.spaces import Architecture, KnobAxis, Listed, NetworkSpace, NetworkTemplate, Range, Stage, StageSpace
from netspace.spaces.ranges import values_of

STAGE: dict[str, Any] = {
    "depth": {"low": 1, "high": 4, "ranges": 2},
    "width": {"low": 8, "high": 32, "ranges": 2, "step": 8},
}


def space(block: str, *, image_size: Any = None, **knobs: Any) -> SearchSpace:
    """Two stages, the second with further knobs."""
    document = {"name": "s", "block": block, "strides": [1, 2], "stages": [STAGE, {**STAGE, **knobs}]}
    return from_plain(SearchSpace, document | ({} if image_size is None else {"image_size": image_size}), "s.yaml")


@pytest.mark.parametrize(
    ("given", "values", "cuts"),
    [
        ([3, 5, 7], [3, 5, 7], [[3], [5], [7]]),
        ([8, 16, 32], [8, 16, 32], [[8], [16], [32]]),
        ({"values": [8, 16, 32, 128], "ranges": 2}, [8, 16, 32, 128], [[8, 16], [32, 128]]),
        ({"low": 16, "high": 64, "step": 16, "ranges": 2}, [16, 32, 48, 64], [[16, 32], [48, 64]]),
        ("3..7 by 2", [3, 5, 7], [[3], [5], [7]]),
        (3, [3], [[3]]),
    ],
)
def test_a_knobs_axis_is_read_from_each_of_its_forms_and_survives_yaml(
    given: Any, values: list[int], cuts: list[list[int]]
) -> None:
    axis = from_plain(KnobAxis, given, "t")
    assert axis.full.values.tolist() == values
    assert [cut.values.tolist() for cut in axis.cuts] == cuts
    assert from_plain(KnobAxis, parse_yaml(to_yaml(axis), "t"), "t") == axis


@pytest.mark.parametrize("given", [Range(16, 64, 16), Listed((8, 16, 32)), Range(3, 3)])
def test_values_of_a_knob_survive_yaml_in_a_space(given: Range | Listed) -> None:
    whole = NetworkSpace((StageSpace(Range(1, 2), Range(8, 16), (("expansion", given),)),))
    again = from_plain(NetworkSpace, parse_yaml(to_yaml(whole), "t"), "t")
    assert again == whole
    assert again.stages[0].knob("expansion").values.tolist() == given.values.tolist()


def test_numbers_evenly_spaced_are_a_range_and_others_a_list() -> None:
    assert values_of([3, 5, 7]) == Range(3, 7, 2)
    assert values_of([8, 16, 32]) == Listed((8, 16, 32))
    assert values_of([5]) == Range(5, 5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "give at least one value"),
        ({"values": []}, "give at least one value"),
        ([5, 3], r"values \[5, 3\] have to rise; try \[3, 5\]"),
        ([3, 3], r"values \[3, 3\] have to rise; try \[3\]"),
        ([3, 5.5], "values have to be whole numbers"),
        ([3, True], "values have to be whole numbers"),
        ([3, "5"], "values have to be whole numbers"),
        ({"values": [3, 5, 7], "ranges": 2}, r"cannot cut the 3 .* into 2 equal .*; try \[1, 3\]"),
        ([0, 2], "greater than or equal to 1"),
        ({"low": 16}, "high"),
        (None, "give at least one value"),
    ],
)
def test_a_knob_without_sound_values_is_refused_in_one_line_that_says_where(given: Any, message: str) -> None:
    with pytest.raises(NetspaceError, match=message) as caught:
        space("mbconv", kernel=given)
    text = str(caught.value)
    assert text.startswith("s.yaml: stages.1.kernel")
    assert "\n" not in text


@pytest.mark.parametrize(
    ("block", "knobs", "message"),
    [
        ("mbconv", {"kernal": [3]}, "unknown key 'stages.1.kernal', did you mean 'kernel'"),
        ("x", {"kernel": [3]}, r"stages\.1\.kernel: block 'x' has no such knob; allowed: expansion, group_width"),
        ("basic", {"kernel": [3]}, r"stages\.1\.kernel: block 'basic' has no such knob; it has none"),
        ("mbconv", {"kernel": [3, 4]}, r"stages\.1\.kernel: 4 is not allowed \(odd, 1 to 15\); nearest is 5"),
        ("mbconv", {"kernel": [17]}, r"stages\.1\.kernel: 17 is not allowed .*; nearest is 15"),
        ("bottleneck", {"expansion": [65]}, r"stages\.1\.expansion: 65 is not allowed .*; nearest is 64"),
        ("x", {"group_width": [8, 64]}, r"stages\.1\.group_width: 64 fits no width of the stage \(up to 32\); .* 32"),
        ("bottlneck", {}, "unknown block 'bottlneck', did you mean 'bottleneck'"),
    ],
)
def test_a_knob_at_fault_is_named_with_its_stage_and_the_nearest(
    block: str, knobs: dict[str, Any], message: str
) -> None:
    with pytest.raises(NetspaceError, match=message) as caught:
        space(block, **knobs)
    assert str(caught.value).startswith("s.yaml: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ([1, 8], "image_size: 1 is out of reach: the strides leave no pixel below 2 .*; nearest is 2"),
        ([8, 2048], "image_size: 2048 is out of reach: .* 1024 is the largest; nearest is 1024"),
        ([], "image_size.*: give at least one value"),
    ],
)
def test_an_image_size_that_the_strides_cannot_take_is_refused_with_the_nearest(sizes: list[int], message: str) -> None:
    with pytest.raises(NetspaceError, match=message):
        space("basic", image_size=sizes)


def test_a_grid_has_an_axis_for_each_knob_and_the_image_size_and_its_spaces_part_the_whole() -> None:
    whole = space("mbconv", image_size=[16, 24, 32], kernel=[3, 5])
    assert [axis.name for axis in whole.grid.axes] == [
        *("depth 1", "width 1", "expansion 1", "kernel 1"),
        *("depth 2", "width 2", "expansion 2", "kernel 2", "image size"),
    ]
    assert whole.shape == (2, 2, 1, 1, 2, 2, 1, 2, 3)
    assert whole.num_spaces == 96
    assert (
        whole.full.size
        == whole.grid.num_members
        == sum(whole.space(whole.grid.choice(i)).size for i in range(whole.num_spaces))
    )
    assert whole.template(28, 1, 10).image_size == 32
    assert from_plain(SearchSpace, parse_yaml(to_yaml(whole), "t"), "t") == whole


def test_stages_of_different_knobs_are_no_space() -> None:
    plain, other = (
        StageSpace(Range(1, 2), Range(8, 16)),
        StageSpace(Range(1, 2), Range(8, 16), (("kernel", Range(3, 3)),)),
    )
    with pytest.raises(ValueError, match="stage 2 has the knobs kernel, but stage 1 depth and width alone"):
        NetworkSpace((plain, other))


def test_a_knob_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(NetspaceError, match="no knob 'kernel' here, allowed: depth, width"):
        StageSpace(Range(1, 2), Range(8, 16)).knob("kernel")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kernel": 3.5}, "stages.1.kernel.values: values have to be whole numbers, not 3.5"),
        ({"kernel": None}, "stages.1.kernel.values: give at least one value"),
        ({"kernel": {"values": [3], "range": 1}}, "unknown key 'stages.1.kernel.range', did you mean 'ranges'?"),
        (
            {"kernel": {"low": 3, "high": 5, "values": [3], "ranges": 1}},
            "stages.1.kernel: values and low are there both",
        ),
        ({"knobs": [["kernel", 3], ["kernel", 5]]}, "stages.1.*: knob 'kernel' is there twice"),
        ({"knobs": [3, 5]}, "stages.1.*: knobs are a mapping of names to values"),
    ],
)
def test_nothing_that_a_file_says_of_a_knob_is_dropped(given: dict[str, Any], message: str) -> None:
    with pytest.raises(NetspaceError, match=message):
        space("mbconv", **given)


def test_an_architectures_knob_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="knob 'kernel' is there twice"):
        Stage(1, 8, (("kernel", 3), ("kernel", 5)))


@pytest.mark.parametrize(
    ("value", "message"), [(4, r"4 is not allowed \(odd, 1 to 15\); nearest is 5"), (99, "99 is not .*; nearest is 15")]
)
def test_an_architectures_value_that_its_knob_has_not_is_refused_with_the_stage(value: int, message: str) -> None:
    template = NetworkTemplate(strides=(1, 2), block="mbconv")
    with pytest.raises(NetspaceError, match=f"block 'mbconv' in stage 2: kernel {message}"):
        template.complete(Architecture.of([1, 1], [8, 8], {"kernel": [3, value]}))


def test_a_knob_given_twice_on_the_command_line_is_refused() -> None:
    priced = ("cost", "--depth", "1,1,1,1", "--width", "8,8,8,8", "--space", "mobile-small", "--knob", "kernel=3,3,3,3")
    result = CliRunner().invoke(app, [*priced, "--knob", "kernel=5,5,5,5"])
    assert isinstance(result.exception, NetspaceError)
    assert "'kernel' is there twice" in str(result.exception)


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"expansion": 4, "kernel": 999}, "block 'mbconv' in stage 1: kernel 999 is not allowed .*; nearest is 15"),
        ({"expansion": 4, "kernel": [3, 4]}, "block 'mbconv' in stage 1: kernel 4 is not allowed .*; nearest is 5"),
        ({"group_width": 8}, "has the knobs group_width, but block 'mbconv' expansion, kernel; give each"),
    ],
)
def test_a_space_whose_knobs_its_block_has_not_is_refused(knobs: dict[str, Any], message: str) -> None:
    stage = {"depth": "1..2", "width": "8..16 by 8", **knobs}
    given = from_plain(NetworkSpace, {"stages": [stage, stage]}, "t")
    template = NetworkTemplate(strides=(1, 2), block="mbconv")
    with pytest.raises(NetspaceError, match=message):
        template.check_space(given)
    with pytest.raises(NetspaceError, match=message):
        SpaceCosts(CostModel(template), given)


def test_an_image_below_the_product_of_the_strides_is_not_priced() -> None:
    result = CliRunner().invoke(app, ["cost", "--depth", "1,1,1", "--width", "8,8,8", "--image-size", "3"])
    assert isinstance(result.exception, NetspaceError)
    assert str(result.exception) == "--image-size 3 is below the product of all strides, 4; give 4 or more"


@pytest.mark.parametrize("given", [range(1, 4), np.arange(1, 4), [np.int64(1), np.int64(2), np.int64(3)], (1, 2, 3)])
def test_values_may_come_as_python_and_numpy_have_them(given: Any) -> None:
    assert values_of(given) == Range(1, 3)
    assert KnobAxis(given).full == Range(1, 3)


@pytest.mark.parametrize("given", [np.array([1.5]), [np.float64(3)], np.array([]), np.array([[3]])])
def test_values_that_are_no_whole_numbers_are_refused_however_they_come(given: Any) -> None:
    with pytest.raises(ValueError, match="whole numbers|at least one value"):
        values_of(given)


@pytest.mark.parametrize("values", [([1.5, 1], [8, 8]), ([1, 1], [8, "8"]), ([1, 1], [8, 8.25])])
def test_an_architecture_is_not_rounded(values: Any) -> None:
    with pytest.raises(NetspaceError, match="is no whole number; give one per stage"):
        Architecture.of(*values)
    with pytest.raises(NetspaceError, match="kernel 3.5 is no whole number"):
        Architecture.of([1], [8], {"kernel": [3.5]})  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (([10**6], [8]), "depth 1000000 is not possible; it lies between 1 and 500"),
        (([1], [10**6]), "width 1000000 is not possible; it lies between 1 and 8192"),
        (([1], [float("inf")]), "width inf is no whole number"),
        (([1], [8], {"kernel": [0]}), "kernel 0 is not possible"),
        (([1], [8], {}, 10**6), "image size 1000000 is not possible; it lies between 1 and 1024"),
        (([], []), "0 stages are given; a network has 1 to 12"),
        (([1] * 13, [8] * 13), "13 stages are given"),
    ],
)
def test_an_architecture_beyond_what_is_built_is_refused(values: Any, message: str) -> None:
    with pytest.raises(NetspaceError, match=message):
        Architecture.of(*values)


def test_a_bare_space_of_other_stages_and_knobs_is_read_for_the_networks_that_it_is_evaluated_with(
    tmp_path: Path,
) -> None:
    file, template = tmp_path / "bare.yaml", NetworkTemplate(strides=(1, 2, 2, 1), block="mbconv", image_size=16)
    file.write_text("stages:\n" + "- {depth: 1..2, width: 8..16 by 8, expansion: [2, 4], kernel: 3}\n" * 4)
    read, own = load_space(str(file), template)
    assert (read.size, own) == (8**4, template)
    with pytest.raises(NetspaceError, match=r"bare.yaml has 4 stages, but its networks have 3 \(strides 1,2,2\)"):
        load_space(str(file), NetworkTemplate())
    with pytest.raises(NetspaceError, match=r"bare.yaml: .* has the knobs expansion, kernel, but block 'basic'"):
        load_space(str(file), NetworkTemplate(strides=(1, 2, 2, 1)))
