"""Saved states: one of another form is refused by the place in it, one of the same form is taken up."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import torch

from netspace import NetspaceError
from netspace.models import check_form, restore_optimizer

OWN: dict[str, Any] = {"a": torch.zeros(2, 3), "b": [1, 0.5, (None, "x")], "c": {"d": True}}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("a", torch.zeros(3, 2), r"s.a is a tensor of float32 and shape \(3, 2\), and should be .* \(2, 3\)"),
        ("a", torch.zeros(2, 3, dtype=torch.int64), "s.a is a tensor of int64"),
        ("a", [0.0], "s.a is a list of 1, and should be a tensor"),
        ("b", [1, 0.5], "s.b is a list of 2, and should be a list of 3"),
        ("b", [1, "0.5", (None, "x")], "s.b.1 is of type str, and should be of type float"),
        ("b", [True, 0.5, (None, "x")], "s.b.0 is of type bool, and should be of type int"),
        ("b", [1, 0.5, (None, None)], "s.b.2.1 is nothing, and should be of type str"),
        ("c", {"d": True, "e": 1}, "s.c is a mapping of d, e, and should be a mapping of d"),
        ("c", None, "s.c is nothing, and should be a mapping of d"),
    ],
)
def test_the_value_that_has_another_form_is_named(key: str, value: Any, message: str) -> None:
    with pytest.raises(NetspaceError, match=message):
        check_form({**OWN, key: value}, OWN, "s")


def test_other_values_of_the_same_form_pass() -> None:
    check_form({"a": torch.ones(2, 3), "b": [7, -1.5, (None, "y")], "c": {"d": False}}, OWN, "s")


def adam(rate: float = 0.1) -> tuple[torch.nn.Linear, torch.optim.Adam]:
    torch.manual_seed(0)
    layer = torch.nn.Linear(2, 1)
    return layer, torch.optim.Adam(layer.parameters(), lr=rate)


def moved(layer: torch.nn.Linear, optimizer: torch.optim.Optimizer) -> torch.Tensor:
    optimizer.zero_grad()
    layer(torch.tensor([[1.0, -2.0]])).square().sum().backward()
    optimizer.step()
    return layer.weight.detach().clone()


def test_an_optimiser_that_was_restored_takes_the_step_that_it_would_have_taken() -> None:
    layer, optimizer = adam()
    moved(layer, optimizer)
    weights, state = deepcopy(layer.state_dict()), deepcopy(optimizer.state_dict())
    other, restored = adam()
    other.load_state_dict(weights)
    restore_optimizer(restored, state, "optimizer")
    assert torch.equal(moved(other, restored), moved(layer, optimizer))


def test_an_optimiser_keeps_the_settings_that_it_was_made_with() -> None:
    layer, optimizer = adam()
    moved(layer, optimizer)
    state = optimizer.state_dict()
    state["param_groups"][0] |= {"lr": "x", "betas": None}
    _, restored = adam(rate=0.3)
    restore_optimizer(restored, state, "optimizer")
    assert restored.param_groups[0]["lr"] == 0.3


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ([], "optimizer.state is nothing, and should be a mapping"),
        ({"state": 0.5}, "optimizer.state is of type float"),
        ({"state": {2: {}}}, "names parameter 2; there are 2"),
        ({"state": {"0": {}}}, "names parameter '0'"),
        ({"state": {0: [1]}}, "optimizer.state.0 is a list of 1"),
        ({"state": {0: {"step": torch.zeros(())}, 1: {}}}, "optimizer.state.1 is a mapping of nothing, and should be"),
        ({"state": {0: {"exp_avg": 0.5}}}, "optimizer.state.0.exp_avg is of type float, and should be a tensor of"),
        ({"state": {0: {"exp_avg": torch.zeros(5)}}}, r"exp_avg is a tensor of float32 and shape \(5,\)"),
    ],
)
def test_moments_of_another_form_are_refused(state: Any, message: str) -> None:
    with pytest.raises(NetspaceError, match=message):
        restore_optimizer(adam()[1], state, "optimizer")
