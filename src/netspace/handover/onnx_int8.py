"""The ONNX model in eight bits: static quantisation, calibrated on training images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from netspace.handover.deployed import Deployed
from netspace.handover.onnx_model import ONNX, ONNX_INT8
from netspace.handover.packages import silenced

BATCH = 64


def quantise_onnx(deployed: Deployed, images: Tensor, folder: Path) -> None:
    """Quantise model.onnx to model-int8.onnx: QDQ, per channel, unsigned activations, signed weights.

    Args:
        deployed: the network that model.onnx is of.
        images: to calibrate on, from the training split, shape (n, channels, size, size), uint8.
        folder: where model.onnx is.
    """
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
