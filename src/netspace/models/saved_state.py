"""A saved state of a training is taken up only where it has the form of the state that it takes the place of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from netspace.errors import NetspaceError


def check_form(saved: Any, own: Any, path: str) -> None:
    """Compare what was saved with a state of the same kind: keys, lengths, types, and the shapes of tensors.

    Args:
        saved: plain data and tensors, as read.
        own: the state of a training of the same settings, however far it is.
        path: what to call the data in an error.

    Raises:
        NetspaceError: names the value at fault by its path, what it is and what it should be.
    """
    if _form(saved) != _form(own):
        raise NetspaceError(f"{path} is {_form(saved)}, and should be {_form(own)}")
    if isinstance(own, Mapping):
        for key, value in own.items():
            check_form(saved[key], value, f"{path}.{key}")
    elif isinstance(own, (list, tuple)):
        for place, (one, value) in enumerate(zip(saved, own, strict=True)):
            check_form(one, value, f"{path}.{place}")


def restore_optimizer(optimizer: torch.optim.Optimizer, saved: Any, path: str) -> None:
    """Take up an optimiser's moments; its settings stay those that it was made with.

    Args:
        optimizer: of the same parameters.
        saved: what `state_dict` returned.
        path: what to call it in an error.

    Raises:
        NetspaceError: where a moment is none of its parameter.
    """
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    moments = saved.get("state") if isinstance(saved, dict) else None
    if not isinstance(moments, dict):
        raise NetspaceError(f"{path}.state is {_form(moments)}, and should be a mapping")
    first: Any = next(iter(moments.values()), {})
    for index, one in moments.items():
        if type(index) is not int or not 0 <= index < len(parameters):
            raise NetspaceError(f"{path}.state names parameter {index!r}; there are {len(parameters)}")
        if _form(one) != _form(first) or not isinstance(one, dict):
            raise NetspaceError(f"{path}.state.{index} is {_form(one)}, and should be {_form(first)}")
        for name, value in one.items():
            _check_moment(value, parameters[index], f"{path}.state.{index}.{name}")
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})


def _check_moment(value: Any, parameter: Tensor, path: str) -> None:
    if value is None:  # not begun
        return
    sound = isinstance(value, Tensor) and value.is_floating_point() and value.shape in (parameter.shape, ())
    if not sound:
        raise NetspaceError(f"{path} is {_form(value)}, and should be a tensor of shape {tuple(parameter.shape)}")


def _form(value: Any) -> str:
    """Return in words what two values of equal form have in common."""
    if isinstance(value, Tensor):
        return f"a tensor of {str(value.dtype).removeprefix('torch.')} and shape {tuple(value.shape)}"
    if isinstance(value, Mapping):
        return f"a mapping of {', '.join(sorted(map(str, value))) or 'nothing'}"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    return "nothing" if value is None else f"of type {type(value).__name__}"
