"""The network as a LiteRT model (a .tflite file), for one image at a time, normalisation included; also in eight bits.

The shape is fixed because kernels for phones and microcontrollers plan their memory for one.
"""

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

LITERT, LITERT_INT8 = "model.tflite", "model-int8.tflite"


def write_litert(deployed: Deployed, card: ModelCard, folder: Path) -> None:
    """Write model.tflite (input uint8, shape (1, channels, size, size); output the logits, shape (1, classes)).

    Args:
        deployed: the network.
        card: of the network.
        folder: where.

    Raises:
        NetspaceError: where litert-torch is not installed.
    """
    require("LiteRT", "litert_torch", "ai_edge_litert", extra="litert")
    with silenced():
        import litert_torch

        model = litert_torch.convert(deployed, (example_pixels(card.template, 1),))
        model.export(str(folder / LITERT))


def quantise_litert(deployed: Deployed, images: Tensor, folder: Path) -> None:
    """Quantise model.tflite to model-int8.tflite: weights per channel, activations by the least and largest value seen.

    Args:
        deployed: the network that model.tflite is of.
        images: to calibrate on, from the training split, shape (n, channels, size, size), uint8.
        folder: where model.tflite is.

    Raises:
        NetspaceError: where ai-edge-quantizer is not installed.
    """
    require("LiteRT in eight bits", "ai_edge_quantizer", "ai_edge_litert", extra="litert")
    with silenced():
        from ai_edge_quantizer import quantizer, recipe
        from ai_edge_quantizer.calibrator import Calibrator
        from ai_edge_quantizer.recipe_manager import RecipeManager
        from ai_edge_quantizer.utils.qsv_utils import min_max_update

        content, rules = (folder / LITERT).read_bytes(), RecipeManager()
        rules.load_quantization_recipe(recipe.static_wi8_ai8())
        # By default the ranges are a moving average, which cut off so much that a test error rose by eight points.
        calibrator = Calibrator(content, num_threads=1, qsv_update_func=min_max_update)
        (name, signature), *_ = interpreter_of(content, 1).get_signature_list().items()
        samples = [{signature["inputs"][0]: image[None].numpy()} for image in images]
        calibrator.calibrate({name: samples}, rules)
        quantised = quantizer.Quantizer(content, recipe.static_wi8_ai8()).quantize(calibrator.get_model_qsvs())
        write_atomically(folder / LITERT_INT8, bytes(quantised.quantized_model))


def load_litert(file: Path) -> Callable[[Tensor], Tensor]:
    """Return a function from pixels to logits that LiteRT computes on the CPU, one image after the other.

    Raises:
        NetspaceError: where ai-edge-litert is not installed, or the file is at fault.
    """
    require("LiteRT", "ai_edge_litert", extra="litert")
    with loading(file), silenced():
        interpreter = interpreter_of(file.read_bytes(), torch.get_num_threads())
        given, found = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        scale, zero = found["quantization"]

    def run(pixels: Tensor) -> Tensor:
        rows = []
        for image in pixels.numpy():
            interpreter.set_tensor(given["index"], np.ascontiguousarray(image[None]))
            interpreter.invoke()
            rows.append(interpreter.get_tensor(found["index"])[0].astype(np.float32))
        logits = torch.from_numpy(np.stack(rows))
        return (logits - zero) * scale if scale else logits

    return run


def interpreter_of(content: bytes, threads: int) -> Any:
    """Return a model as LiteRT runs it on the CPU, with so many threads; its tensors are there."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=threads)
    interpreter.allocate_tensors()
    return interpreter
