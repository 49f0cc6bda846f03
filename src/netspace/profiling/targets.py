"""What runs the networks that are profiled: a module and its example input become a call."""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib import metadata
from typing import Any

import torch
from torch import Tensor, nn

from netspace.handover.onnx_model import require, silenced
from netspace.profiling.timing import Call

Target = Callable[[nn.Module, Tensor, int], Call]


def _torch_call(module: nn.Module, images: Tensor, threads: int) -> Call:
    """Run it as torch does by itself; the number of threads is the process's."""

    @torch.inference_mode()
    def call() -> Tensor:
        out: Tensor = module(images)
        return out

    return call


def _onnx_call(module: nn.Module, images: Tensor, threads: int) -> Call:
    """Run it with ONNX Runtime on the CPU."""
    require("onnx", "onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(onnx_bytes(module, images), options, providers=["CPUExecutionProvider"])
    given = {"x": images.numpy()}
    return lambda: session.run(["y"], given)


TARGETS: dict[str, Target] = {"torch": _torch_call, "onnx": _onnx_call}


def onnx_bytes(module: nn.Module, images: Tensor) -> bytes:
    """Return a module as an ONNX model from `x` to `y`, of the shape of its example."""
    file: Any = io.BytesIO()  # which is taken, whatever the annotation says
    with silenced():  # by tracing: tens of milliseconds a block, where the other exporter takes seconds
        torch.onnx.export(module, (images,), file, input_names=["x"], output_names=["y"], dynamo=False)
    written: bytes = file.getvalue()
    return written


def runtime_of(target: str) -> str:
    """Return a target's runtime and its version, as `onnxruntime 1.20.0`."""
    package = {"torch": "torch", "onnx": "onnxruntime"}[target]
    return f"{package} {metadata.version(package)}"
