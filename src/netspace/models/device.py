"""Which device a name stands for on this machine."""

from __future__ import annotations

import torch

from netspace.errors import NetspaceError

DEVICES = ("auto", "cpu", "cuda")


def resolve_device(name: str) -> str:
    """Return `cpu` or `cuda`; `auto` takes the GPU where there is one.

    Raises:
        NetspaceError: where `cuda` is asked for and not there, or the name is none of the three.
    """
    if name not in DEVICES:
        raise NetspaceError(f"unknown device '{name}'; give one of {', '.join(DEVICES)}")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise NetspaceError("device 'cuda' is not there: torch finds no GPU; use --device cpu or --device auto")
    return ("cuda" if available else "cpu") if name == "auto" else name
