"""The network as an ONNX model, for any number of images at once, normalisation included."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from netspace.documents import write_atomically
from netspace.errors import NetspaceError
from netspace.handover.card import ModelCard
from netspace.handover.deployed import Deployed
from netspace.handover.source_code import fill
from netspace.handover.torch_program import trace

ONNX, ONNX_INT8, RUNNER = "model.onnx", "model-int8.onnx", "run_onnx.py"


def write_onnx(deployed: Deployed, pixels: Tensor, card: ModelCard, folder: Path) -> None:
    """Write model.onnx (input `pixels`, uint8; output `logits`) and run_onnx.py, which shows how to run it.

    Args:
        deployed: the network.
        pixels: example of its input, two or more images.
        card: of the network.
        folder: where.

    Raises:
        NetspaceError: where onnx or onnxscript is not installed.
    """
    require("onnx", "onnxscript", "onnxruntime")
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
    write_atomically(folder / RUNNER, fill(RUNNER, card, {}))


def load_onnx(file: Path) -> Callable[[Tensor], Tensor]:
    """Return a function from pixels to logits that onnxruntime computes on the CPU.

    Raises:
        NetspaceError: where onnxruntime is not installed, or the file is at fault.
    """
    require("onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise NetspaceError(f"cannot load {file}: {reason}; export it again") from None

    def run(pixels: Tensor) -> Tensor:
        logits: np.ndarray[Any, Any] = session.run(["logits"], {"pixels": pixels.contiguous().numpy()})[0]
        return torch.from_numpy(logits)

    return run


def require(*packages: str) -> None:
    """Raise NetspaceError where a package is not installed."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise NetspaceError(
            f"ONNX needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed; "
            "install netspace[export], or choose --format python or torch-export"
        )


@contextmanager
def silenced() -> Iterator[None]:
    """Keep a library's chatter off the user's screen; errors still come through as exceptions."""
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(previous)
