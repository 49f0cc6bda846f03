"""The network as an OpenVINO model, for any number of images at once, normalisation included; also in eight bits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from netspace.handover.card import ModelCard
from netspace.handover.deployed import Deployed, example_pixels
from netspace.handover.packages import loading, require, silenced
from netspace.handover.torch_program import trace

OPENVINO, OPENVINO_INT8 = "model.xml", "model-int8.xml"


def write_openvino(deployed: Deployed, card: ModelCard, folder: Path) -> None:
    """Write model.xml, the graph, and model.bin, its weights (input `pixels`, uint8; one output, the logits).

    Args:
        deployed: the network.
        card: of the network.
        folder: where.

    Raises:
        NetspaceError: where openvino is not installed.
    """
    require("OpenVINO", "openvino", extra="openvino")
    with silenced():
        import openvino

        model = openvino.convert_model(trace(deployed, example_pixels(card.template)))
        size = card.template.image_size
        model.reshape({model.input(0): [-1, card.template.channels, size, size]})
        openvino.save_model(model, folder / OPENVINO, compress_to_fp16=False)


def quantise_openvino(deployed: Deployed, images: Tensor, folder: Path) -> None:
    """Quantise model.xml to model-int8.xml by NNCF, its ranges the least and largest value seen.

    Args:
        deployed: the network that model.xml is of.
        images: to calibrate on, from the training split, shape (n, channels, size, size), uint8.
        folder: where model.xml is.

    Raises:
        NetspaceError: where nncf is not installed.
    """
    require("OpenVINO in eight bits", "openvino", "nncf", extra="openvino")
    with silenced():
        import nncf
        import openvino
        from nncf.quantization.range_estimator import RangeEstimatorParametersSet

        # NNCF's defaults cut off what is rare and shift the biases: of a small network's test images 4 % changed their
        # class, and 1 % without either.
        plain = nncf.AdvancedQuantizationParameters(
            activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX, disable_bias_correction=True
        )
        model = nncf.quantize(
            openvino.Core().read_model(folder / OPENVINO),
            nncf.Dataset([image[None].numpy() for image in images]),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(images),
            advanced_parameters=plain,
        )
        openvino.save_model(model, folder / OPENVINO_INT8, compress_to_fp16=False)


def load_openvino(file: Path) -> Callable[[Tensor], Tensor]:
    """Return a function from pixels to logits that OpenVINO computes on the CPU, in 32 bits where it is not quantised.

    Raises:
        NetspaceError: where openvino is not installed, or the file is at fault.
    """
    require("OpenVINO", "openvino", extra="openvino")
    with loading(file, lambda error: " ".join(str(error).split())[-200:]), silenced():  # the reason is its last words
        model = compiled(file, torch.get_num_threads())

    def run(pixels: Tensor) -> Tensor:
        return torch.from_numpy(model(pixels.contiguous().numpy())[0].copy())

    return run


def compiled(model: Any, threads: int) -> Any:
    """Return a model, or the one in a file, as OpenVINO runs it on the CPU in 32 bits, with so many threads."""
    import openvino

    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    return openvino.Core().compile_model(model, "CPU", settings)
