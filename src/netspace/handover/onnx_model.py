"""The network as an ONNX model, for any number of images at once, normalisation included."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from netspace.documents import write_atomically
from netspace.handover.card import ModelCard
from netspace.handover.deployed import Deployed, example_pixels
from netspace.handover.packages import loading, require, silenced
from netspace.handover.torch_program import trace

ONNX, ONNX_INT8 = "model.onnx", "model-int8.onnx"


def write_onnx(deployed: Deployed, card: ModelCard, folder: Path) -> None:
    """Write model.onnx (input `pixels`, uint8; output `logits`).

    Args:
        deployed: the network.
        card: of the network.
        folder: where.

    Raises:
        NetspaceError: where onnx or onnxscript is not installed.
    """
    require("ONNX", "onnx", "onnxscript", "onnxruntime", extra="export")
    pixels = example_pixels(card.template)
    with silenced():
        program = torch.onnx.export(
            trace(deployed, pixels),
            (pixels,),
            input_names=["pixels"],
            output_names=["logits"],
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        assert program is not None
        model = program.model_proto
    # The exporter leaves the paths and source lines of this machine in every node.
    for part in (model, model.graph, *model.graph.node, *model.graph.initializer):
        del part.metadata_props[:]
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        del value.metadata_props[:]
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_param = "n"
    write_atomically(folder / ONNX, model.SerializeToString())


def load_onnx(file: Path) -> Callable[[Tensor], Tensor]:
    """Return a function from pixels to logits that onnxruntime computes on the CPU.

    Raises:
        NetspaceError: where onnxruntime is not installed, or the file is at fault.
    """
    require("ONNX", "onnxruntime", extra="export")
    with loading(file):
        opened = session(str(file), torch.get_num_threads())

    def run(pixels: Tensor) -> Tensor:
        logits: np.ndarray[Any, Any] = opened.run(["logits"], {"pixels": pixels.contiguous().numpy()})[0]
        return torch.from_numpy(logits)

    return run


def session(model: str | bytes, threads: int) -> Any:
    """Return a model, or the one in a file, as ONNX Runtime runs it on the CPU, with so many threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
