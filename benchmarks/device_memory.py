"""Peak memory as it is priced, against what LiteRT and OpenVINO hold in a run, for the networks of device_costs.py.

    python benchmarks/device_memory.py --runtime litert --csv benchmarks/results/device_memory_litert.csv
    python benchmarks/device_memory.py --runtime openvino --csv benchmarks/results/device_memory_openvino.csv

Twelve networks with random weights are written as `netspace export --fold --int8` writes them, pixels in and logits
out, and run for one image with one thread.

LiteRT plans an arena, whose extent is read from where its tensors lie; the image and the tensors of normalisation are
among them. It runs without XNNPACK, by its reference kernels, which a microcontroller has too, and by its fast ones,
which lay a convolution's input out as a matrix. For OpenVINO all that is allocated is counted (device_costs.py tells
how) from when a request is made to the end of its second run: kernels that it compiles and weights that it packs, too.

Needs `netspace[litert]` or `netspace[openvino]`, and for OpenVINO a C compiler.
"""

from __future__ import annotations

import argparse
import ctypes
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import torch
from device_costs import counted_again, tabulate, unequal

from netspace.cost import all_costs
from netspace.data import Normalisation
from netspace.handover.card import ModelCard
from netspace.handover.deployed import Deployed
from netspace.handover.trained_model import TrainedModel
from netspace.models import Network
from netspace.spaces import Architecture, NetworkTemplate


def arena_of(content: bytes, kernels: str) -> int:
    """Return the extent of the memory in which LiteRT keeps all tensors of a run, in bytes, by its kernels."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    chosen = OpResolverType[kernels]
    interpreter = Interpreter(model_content=content, num_threads=1, experimental_op_resolver_type=chosen)
    interpreter.allocate_tensors()
    interpreter.invoke()
    written = {int(one["index"]) for one in interpreter.get_input_details()}
    for operation in interpreter._get_ops_details():
        written |= {int(index) for index in operation["outputs"]}
    places = [view for view in (interpreter.tensor(index)() for index in sorted(written)) if view.size]
    return max(v.ctypes.data + v.nbytes for v in places) - min(v.ctypes.data for v in places)


def litert(deployed: Deployed, card: ModelCard, folder: Path) -> dict[str, int]:
    """Return what LiteRT holds, in fp32 and int8."""
    from netspace.handover.litert_model import LITERT, LITERT_INT8, quantise_litert, write_litert

    write_litert(deployed, card, folder)
    quantise_litert(deployed, pixels(card.template, 8), folder)
    files = {"": (folder / LITERT).read_bytes(), "_int8": (folder / LITERT_INT8).read_bytes()}
    kernels = {"reference": "BUILTIN_REF", "fast": "BUILTIN_WITHOUT_DEFAULT_DELEGATES"}
    return {f"litert_{k}{i}": arena_of(files[i], name) for i in files for k, name in kernels.items()}


def openvino(deployed: Deployed, card: ModelCard, folder: Path) -> dict[str, int]:
    """Return what OpenVINO holds, in fp32 and int8."""
    from netspace.handover.openvino_model import OPENVINO, OPENVINO_INT8, quantise_openvino, write_openvino

    write_openvino(deployed, card, folder)
    quantise_openvino(deployed, pixels(card.template, 8), folder)
    names = {"openvino": OPENVINO, "openvino_int8": OPENVINO_INT8}
    return {column: held(folder / name, pixels(card.template, 1).numpy()) for column, name in names.items()}


def held(file: Path, image: np.ndarray) -> int:
    """Return the most bytes that a request of OpenVINO and its runs hold at one moment."""
    from netspace.handover.openvino_model import compiled

    counter, model = ctypes.CDLL(None), compiled(file, 1)
    counter.counter_stop.restype = ctypes.c_long
    counter.counter_start()
    request = model.create_infer_request()
    request.infer([image])
    request.infer([image])
    return int(counter.counter_stop())


def pixels(template: NetworkTemplate, n: int) -> torch.Tensor:
    """Return images of noise."""
    shape = (n, template.channels, template.image_size, template.image_size)
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))


def measure(runtime: str, block: str, depths: tuple[int, ...], widths: tuple[int, ...], folder: Path) -> dict[str, Any]:
    """Return a row: what a network is priced at, and what the runtime holds, in bytes."""
    template, architecture = NetworkTemplate(block=block), Architecture.of(depths, widths)
    network = unequal(Network(architecture, template).eval())
    card = cast(ModelCard, SimpleNamespace(template=template))  # all that is asked of it
    normalise = Normalisation(torch.full((3,), 127.0), torch.full((3,), 64.0))
    deployed = Deployed(TrainedModel(card, network, normalise), fold=True)
    costs = all_costs(architecture, template)
    row: dict[str, Any] = {"block": block, "network": str(architecture)}
    row |= {name: costs[name] for name in ("peak_memory", "peak_memory-int8")}
    return row | {"litert": litert, "openvino": openvino}[runtime](deployed, card, folder)


def main() -> None:
    """Measure the networks, print a line for each and write them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runtime", choices=["litert", "openvino"], required=True)
    parser.add_argument("--csv", type=Path, required=True, help="file to write")
    options = parser.parse_args()
    if options.runtime == "openvino" and not hasattr(ctypes.CDLL(None), "counter_start"):
        counted_again()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    tabulate(partial(measure, options.runtime), options.csv)


if __name__ == "__main__":
    main()
