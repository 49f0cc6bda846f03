"""The network as a torch program: a graph that torch runs without any class of ours."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from netspace.documents import write_atomically
from netspace.errors import NetspaceError
from netspace.handover.deployed import Deployed

PROGRAM = "model.pt2"


def trace(deployed: Deployed, pixels: torch.Tensor) -> torch.export.ExportedProgram:
    """Return the network's graph for any number of images at once, free of this machine's paths and source lines.

    Args:
        deployed: the network.
        pixels: example of its input, two or more images.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(deployed, (pixels,), dynamic_shapes=({0: torch.export.Dim("n", min=1)},))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    return program


def write_program(deployed: Deployed, pixels: torch.Tensor, folder: Path) -> None:
    """Write model.pt2.

    Args:
        deployed: the network.
        pixels: example of its input, two or more images.
        folder: where.
    """
    content = BytesIO()  # torch's own writer ends the whole process where the disk is full
    torch.export.save(trace(deployed, pixels), content)
    write_atomically(folder / PROGRAM, content.getvalue())


def load_program(folder: Path) -> Any:
    """Return the module of an exported model.pt2.

    Raises:
        NetspaceError: where the file is at fault.
    """
    try:
        return torch.export.load(folder / PROGRAM).module()
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise NetspaceError(f"cannot load {folder / PROGRAM}: {reason}; export it again") from None
