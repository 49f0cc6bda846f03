"""Every kind of block does what every kind has to: netspace.testing, tried on all of them."""

from typing import Any

import pytest
import torch

from netspace.blocks import BLOCKS
from netspace.cost.layers import COSTS, Flops
from netspace.spaces import KnobAxis
from netspace.testing import (
    SETTINGS,
    ConformanceError,
    Subject,
    check_block,
    check_executions,
    check_exports,
    check_gradients,
    check_priced,
)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_is_priced_as_counted_and_runs_alike_however_it_is_run(block: str, settings: dict[str, Any]) -> None:
    check_block(block, **settings)


def test_the_image_size_is_an_axis_of_every_execution_and_price() -> None:
    check_block("mbconv", image_size=KnobAxis([8, 10, 12]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("block", "settings"),
    [
        pytest.param("basic", {}, marks=pytest.mark.slow),
        pytest.param("bottleneck", {"activation": "silu"}, marks=pytest.mark.slow),
        pytest.param("x", {"activation": "relu6"}, marks=pytest.mark.slow),
        ("mbconv", {"activation": "hardswish", "squeeze": 4}),
    ],
)
def test_every_format_of_an_exported_block_computes_the_same(block: str, settings: dict[str, Any]) -> None:
    check_exports(block, n=1, **settings)


def test_a_price_that_is_wrong_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(Flops):
        def linear(self, inputs: Any, outputs: Any) -> Any:
            return inputs * outputs + 1

    monkeypatch.setitem(COSTS, "flops", Wrong())
    with pytest.raises(ConformanceError, match="priced .* counted"):
        check_priced(Subject.of("basic"))


def test_an_execution_that_differs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netspace.models.sliced.middle", lambda weight, kernel: weight[:, :, :kernel, :kernel])
    with pytest.raises(ConformanceError, match="sliced and .* differ"):
        check_executions(Subject.of("mbconv"))


@pytest.mark.parametrize("seed", range(3))
def test_a_narrow_squeeze_whose_relu_is_off_for_every_image_is_no_fault(seed: int) -> None:
    check_gradients(Subject.of("mbconv", squeeze=8, activation="relu6", seed=seed))


def test_a_weight_that_no_gradient_reaches_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netspace.models.sliced.torch.sigmoid", lambda y: torch.ones_like(y))
    with pytest.raises(ConformanceError, match=r"no gradient reaches .*squeeze\.narrow"):
        check_gradients(Subject.of("mbconv", squeeze=4))
