"""What runs the networks that are profiled: a module and its example input become a call."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from netspace.errors import NetspaceError, did_you_mean
from netspace.handover.formats import KINDS
from netspace.handover.litert_model import interpreter_of
from netspace.handover.onnx_model import session
from netspace.handover.openvino_model import compiled
from netspace.handover.packages import require, silenced
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
    opened, given = session(onnx_bytes(module, images), threads), {"x": images.numpy()}
    return lambda: opened.run(["y"], given)


def _openvino_call(module: nn.Module, images: Tensor, threads: int) -> Call:
    """Run it with OpenVINO on the CPU, in 32 bits."""
    with silenced():
        import openvino

        model = openvino.convert_model(module, example_input=images, input=[tuple(images.shape)])
        request = compiled(model, threads).create_infer_request()
    given = images.numpy()
    return lambda: request.infer([given], share_inputs=True)


def _litert_call(module: nn.Module, images: Tensor, threads: int) -> Call:
    """Run it with LiteRT on the CPU."""
    with silenced(), tempfile.TemporaryDirectory(prefix="netspace-profile-") as folder:
        import litert_torch

        file = Path(folder) / "model.tflite"
        litert_torch.convert(module, (images,)).export(str(file))
        interpreter = interpreter_of(file.read_bytes(), threads)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], images.numpy())
    return interpreter.invoke


TARGETS: dict[str, Target] = {
    "torch": _torch_call,
    "onnx": _onnx_call,
    "openvino": _openvino_call,
    "litert": _litert_call,
}


def check_target(target: str) -> None:
    """Raise NetspaceError where a target is unknown, or what it needs is not installed."""
    if target not in TARGETS:
        raise NetspaceError(f"unknown target '{target[:80]}', {did_you_mean(target, TARGETS)}")
    for name, kind in KINDS.items():
        if name == target:
            require(f"target {target}", *kind.needs, extra=kind.extra)


def onnx_bytes(module: nn.Module, images: Tensor) -> bytes:
    """Return a module as an ONNX model from `x` to `y`, of the shape of its example."""
    file: Any = io.BytesIO()  # which is taken, whatever the annotation says
    with silenced():  # by tracing: tens of milliseconds a block, where the other exporter takes seconds
        torch.onnx.export(module, (images,), file, input_names=["x"], output_names=["y"], dynamo=False)
    written: bytes = file.getvalue()
    return written


def runtime_of(target: str) -> str:
    """Return a target's runtime and its version, as `onnxruntime 1.20.0`."""
    package = {"onnx": "onnxruntime", "litert": "ai-edge-litert"}.get(target, target)
    return f"{package} {metadata.version(package)}"
