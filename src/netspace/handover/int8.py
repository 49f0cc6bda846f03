"""The ONNX model in eight bits: static quantisation, calibrated on training images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from netspace.errors import NetspaceError
from netspace.handover.onnx_model import ONNX, ONNX_INT8, require, silenced

CALIBRATION, BATCH = 512, 64


def write_int8(images: Tensor, folder: Path) -> None:
    """Quantise model.onnx to model-int8.onnx: QDQ, per channel, unsigned activations, signed weights.

    Args:
        images: to calibrate on, from the training split, shape (n, channels, size, size), uint8.
        folder: where model.onnx is.

    Raises:
        NetspaceError: where there is no image to calibrate on, or a package is missing.
    """
    require("onnx", "onnxruntime")
    if not len(images):
        raise NetspaceError("--int8 needs training images to calibrate on, and there are none; give their --dataset")
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        """Hands out calibration images, a batch at a time."""

        def __init__(self) -> None:
            self._batches: Iterator[Tensor] = iter(images.split(BATCH))

        def get_next(self) -> dict[str, object] | None:
            """Return the next batch as onnxruntime's input, or None at the end."""
            batch = next(self._batches, None)
            return None if batch is None else {"pixels": batch.numpy()}

    with silenced():
        quantize_static(
            folder / ONNX,
            folder / ONNX_INT8,
            Reader(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
