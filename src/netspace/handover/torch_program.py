"""The network as a torch program: a graph that torch runs without any class of ours."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from netspace.documents import write_atomically
from netspace.errors import NetspaceError
from netspace.handover.card import ModelCard
from netspace.handover.deployed import Deployed, example_pixels
from netspace.handover.packages import loading
from netspace.handover.vetted_program import VettingError, vetted

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


def write_program(deployed: Deployed, card: ModelCard, folder: Path) -> None:
    """Write model.pt2.

    Args:
        deployed: the network.
        card: of the network.
        folder: where.
    """
    content = BytesIO()  # torch's own writer ends the whole process where the disk is full
    torch.export.save(trace(deployed, example_pixels(card.template)), content)
    write_atomically(folder / PROGRAM, content.getvalue())


def load_program(folder: Path) -> Any:
    """Return the module of an exported model.pt2; nothing in the file is run but a graph of known operations.

    Raises:
        NetspaceError: where the file is at fault, or holds what no export of ours does.
    """
    file = folder / PROGRAM
    with loading(file), _quiet():
        try:
            content = vetted(file)
        except VettingError as error:
            raise NetspaceError(
                f"cannot load {file}: {error}, which no export of netspace does, so it is not run; "
                "export the network again"
            ) from None
        return torch.export.load(content).module()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep torch from logging a traceback of what then comes as an exception."""
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(previous)
