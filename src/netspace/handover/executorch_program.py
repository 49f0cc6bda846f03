"""The network as an ExecuTorch program (a .pte file for XNNPACK), for one image at a time; also in eight bits.

The shape is fixed because an ExecuTorch program plans its memory for the largest batch that it may get.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from netspace.documents import write_atomically
from netspace.handover.card import ModelCard
from netspace.handover.deployed import Deployed, example_pixels
from netspace.handover.packages import loading, require, silenced

EXECUTORCH, EXECUTORCH_INT8 = "model.pte", "model-int8.pte"


def write_executorch(deployed: Deployed, card: ModelCard, folder: Path) -> None:
    """Write model.pte (input uint8, shape (1, channels, size, size); output the logits, shape (1, classes)).

    Args:
        deployed: the network.
        card: of the network.
        folder: where.

    Raises:
        NetspaceError: where executorch is not installed.
    """
    require("ExecuTorch", "executorch", extra="executorch")
    with silenced(), torch.no_grad():
        _lower(deployed, example_pixels(card.template, 1), folder / EXECUTORCH)


def quantise_executorch(deployed: Deployed, images: Tensor, folder: Path) -> None:
    """Write model-int8.pte by XNNPACK's quantiser: weights per channel, activations as calibrated.

    Args:
        deployed: the network.
        images: to calibrate on, from the training split, shape (n, channels, size, size), uint8.
        folder: where.

    Raises:
        NetspaceError: where executorch is not installed.
    """
    require("ExecuTorch in eight bits", "executorch", "torchao", extra="executorch")
    with silenced(), torch.no_grad():
        from executorch.backends.xnnpack.quantizer import xnnpack_quantizer
        from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

        quantizer = xnnpack_quantizer.XNNPACKQuantizer()
        quantizer.set_global(xnnpack_quantizer.get_symmetric_quantization_config(is_per_channel=True))
        example = _canonical(images[:1])
        observed = prepare_pt2e(torch.export.export(deployed, (example,)).module(), quantizer)
        for image in images:
            observed(_canonical(image[None]))
        _lower(convert_pt2e(observed), example, folder / EXECUTORCH_INT8)


def load_executorch(file: Path) -> Callable[[Tensor], Tensor]:
    """Return a function from pixels to logits that ExecuTorch computes on the CPU, one image after the other.

    Raises:
        NetspaceError: where executorch is not installed, or the file is at fault.
    """
    require("ExecuTorch", "executorch", extra="executorch")
    with loading(file), silenced():
        from executorch.extension.pybindings import portable_lib
        from executorch.runtime import Runtime

        portable_lib._unsafe_reset_threadpool(torch.get_num_threads())  # as no program is running
        program = Runtime.get().load_program(file)  # by its path: it doesn't keep bytes alive that it is given
        method = program.load_method("forward")
    return lambda pixels: torch.cat([method.execute([_canonical(image[None])])[0].clone() for image in pixels])


def _lower(module: Any, example: Tensor, file: Path) -> None:
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    program = torch.export.export(module, (example,))
    lowered = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()]).to_executorch()
    write_atomically(file, bytes(lowered.buffer))


def _canonical(pixels: Tensor) -> Tensor:
    """Return the same images with no stride of 0, which ExecuTorch refuses even in dimensions of size 1."""
    return pixels.clone(memory_format=torch.contiguous_format)
