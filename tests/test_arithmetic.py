"""Which arithmetic trains faster: measured once for a kind of block, its values compared, and kept."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from netspace import Architecture, arithmetic, load_search_space
from netspace.arithmetic import Comparison, comparison, key_of, place, settled
from netspace.documents import fingerprint, to_plain
from netspace.search import RunFolder
from netspace.settings import AUTO, BF16, FP32, Recipe

CPU = torch.device("cpu")
TEMPLATE = load_search_space("tiny").template(16, 1, 10)
NETWORK = Architecture.of((1, 1, 1), (4, 8, 8))


@pytest.fixture
def unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that was not measured yet; returns its folder of caches."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(arithmetic, "_found", {})
    return tmp_path


def test_what_is_asked_for_is_taken_without_a_measurement(unknown: Path) -> None:
    assert [settled(one, NETWORK, TEMPLATE, CPU) for one in (FP32, BF16)] == [FP32, BF16]
    assert not any(unknown.iterdir())


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        (Comparison(faster=1.5, apart=0.01), BF16),
        (Comparison(faster=1.05, apart=0.01), FP32),
        (Comparison(faster=0.4, apart=0.0), FP32),
        (Comparison(faster=3.0, apart=0.2), FP32),
        (Comparison(faster=3.0, apart=float("inf")), FP32),
    ],
)
def test_bf16_is_chosen_where_it_is_faster_and_right(unknown: Path, found: Comparison, chosen: str) -> None:
    arithmetic.remember(key_of("basic", CPU), found)
    assert settled(AUTO, NETWORK, TEMPLATE, CPU) == chosen


def test_a_machine_is_measured_once_and_another_process_reads_what_was_found(
    unknown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = comparison(NETWORK, TEMPLATE, CPU)
    assert first.faster > 0
    assert first.apart < 0.1  # bf16 rounds to eight bits, and a gradient of many weights hardly turns
    assert list(json.loads(place().read_text())) == [key_of("basic", CPU)]
    monkeypatch.setattr(arithmetic, "_found", {})  # as in another process
    monkeypatch.setattr(arithmetic, "_compare", lambda *args: pytest.fail("measured again"))
    assert comparison(NETWORK, TEMPLATE, CPU) == first


@pytest.mark.parametrize("text", ["", "{", "[]", '{"basic": 3}', '{"a": {"faster": "b", "apart": 0}}'])
def test_a_file_that_is_not_ours_is_measured_anew(unknown: Path, text: str) -> None:
    place().parent.mkdir(parents=True)
    place().write_text(text)
    assert comparison(NETWORK, TEMPLATE, CPU).faster > 0
    assert key_of("basic", CPU) in json.loads(place().read_text())


def test_where_no_file_can_be_written_it_is_measured_all_the_same(unknown: Path) -> None:
    (unknown / "netspace").write_text("a file in the place of the folder")
    assert comparison(NETWORK, TEMPLATE, CPU).faster > 0


def test_wrong_values_in_bf16_are_found(unknown: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = arithmetic._results

    def wrong(network: object, images: torch.Tensor, labels: torch.Tensor, precision: str) -> tuple[torch.Tensor, ...]:
        loss, gradient = right(network, images, labels, precision)  # type: ignore[arg-type]
        return loss, gradient.flip(0) if precision == BF16 else gradient

    monkeypatch.setattr(arithmetic, "_results", wrong)
    assert comparison(NETWORK, TEMPLATE, CPU).apart > 0.1


def test_a_block_with_an_operation_that_bf16_lacks_trains_in_32_bits(
    unknown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = arithmetic._results

    def lacking(*args: object) -> tuple[torch.Tensor, ...]:
        if args[-1] == BF16:
            raise NotImplementedError("\"an operation\" not implemented for 'BFloat16'")
        return right(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(arithmetic, "_results", lacking)
    assert settled(AUTO, NETWORK, TEMPLATE, CPU) == FP32
    assert not place().exists()  # it is asked again, as the block may be mended


@pytest.mark.parametrize("preset", ["tiny", "bottleneck-small", "regnet-like-small", "mobile-small"])
def test_measuring_leaves_the_random_numbers_of_others_alone(unknown: Path, preset: str) -> None:
    space = load_search_space(preset)
    template, layout = space.template(16, 3, 10), space.full.layout
    (point,) = space.full.draw(1, rng=np.random.default_rng(0))
    state = torch.get_rng_state()
    assert comparison(layout.architecture(point), template, CPU).faster > 0
    assert torch.equal(torch.get_rng_state(), state)


def test_a_recipe_at_the_default_has_the_fingerprint_of_one_in_32_bits() -> None:
    default, full, half = (Recipe("r", precision=one) for one in (AUTO, FP32, BF16))
    assert Recipe("r") == default
    assert to_plain(default)["precision"] == AUTO
    assert fingerprint(default) == fingerprint(full) != fingerprint(half)


def test_a_folder_keeps_the_arithmetic_that_it_was_begun_with(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.as_begun(AUTO, "precision") == AUTO  # nothing is there
    (tmp_path / "config.yaml").write_text("config: {precision: bf16-mixed, recipe: {precision: 32-true}}\n")
    assert folder.as_begun(AUTO, "precision") == BF16
    assert folder.as_begun(AUTO, "recipe", "precision") == FP32
    assert folder.as_begun(FP32, "precision") == FP32  # refused later: the run is another one
    assert folder.as_begun(AUTO, "elsewhere", "precision") == AUTO
