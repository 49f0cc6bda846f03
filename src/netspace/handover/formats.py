"""The formats that a network is written in: the files of each, what it needs, and who writes, runs and quantises it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from torch import Tensor

from netspace.handover.card import ModelCard
from netspace.handover.deployed import Deployed, load_deployed
from netspace.handover.executorch_program import (
    EXECUTORCH,
    EXECUTORCH_INT8,
    load_executorch,
    quantise_executorch,
    write_executorch,
)
from netspace.handover.full_training import WEIGHTS
from netspace.handover.litert_model import LITERT, LITERT_INT8, load_litert, quantise_litert, write_litert
from netspace.handover.onnx_int8 import quantise_onnx
from netspace.handover.onnx_model import ONNX, ONNX_INT8, load_onnx, write_onnx
from netspace.handover.openvino_model import (
    OPENVINO,
    OPENVINO_INT8,
    load_openvino,
    quantise_openvino,
    write_openvino,
)
from netspace.handover.packages import missing
from netspace.handover.runners import EXECUTORCH_RUNNER, LITERT_RUNNER, ONNX_RUNNER, OPENVINO_RUNNER, Runner
from netspace.handover.source_code import SOURCE, load_source, write_source
from netspace.handover.torch_program import PROGRAM, load_program, write_program

Format = Literal["python", "onnx", "torch-export", "openvino", "litert", "executorch"]
FORMATS: tuple[Format, ...] = get_args(Format)
EVERYWHERE: tuple[Format, ...] = ("python", "onnx", "torch-export")  # what needs no runtime of a device
Model = Callable[[Tensor], Tensor]  # from pixels (n, channels, size, size), uint8, to logits (n, classes)


@dataclass(frozen=True)
class Int8:
    """A format in eight bits.

    Args:
        file: its name.
        quantise: writes it, of the network, of images to calibrate on and of what the folder holds.
        beside: further files that it needs.
        needs: packages beyond the format's own.
    """

    file: str
    quantise: Callable[[Deployed, Tensor, Path], None]
    beside: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A format.

    Args:
        file: what to load.
        write: writes it into a folder.
        load: returns what a file computes; the file may be another's, so nothing in it is run as code.
        beside: further files that it needs.
        needs: packages, by the names that they are imported by.
        extra: of netspace, which brings them.
        runner: script that shows how to run it.
        int8: the same in eight bits.
    """

    file: str
    write: Callable[[Deployed, ModelCard, Path], None]
    load: Callable[[Path], Model]
    beside: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    extra: str = ""
    runner: Runner | None = None
    int8: Int8 | None = None


KINDS: dict[str, Kind] = {
    "python": Kind(SOURCE, write_source, lambda file: load_deployed(file.parent), beside=(WEIGHTS,)),
    "onnx": Kind(
        ONNX,
        write_onnx,
        load_onnx,
        needs=("onnx", "onnxscript", "onnxruntime"),
        extra="export",
        runner=ONNX_RUNNER,
        int8=Int8(ONNX_INT8, quantise_onnx),
    ),
    "torch-export": Kind(PROGRAM, write_program, lambda file: load_program(file.parent)),
    "openvino": Kind(
        OPENVINO,
        write_openvino,
        load_openvino,
        beside=("model.bin",),
        needs=("openvino",),
        extra="openvino",
        runner=OPENVINO_RUNNER,
        int8=Int8(OPENVINO_INT8, quantise_openvino, ("model-int8.bin",), ("nncf",)),
    ),
    "litert": Kind(
        LITERT,
        write_litert,
        load_litert,
        needs=("litert_torch", "ai_edge_litert"),
        extra="litert",
        runner=LITERT_RUNNER,
        int8=Int8(LITERT_INT8, quantise_litert, needs=("ai_edge_quantizer",)),
    ),
    "executorch": Kind(
        EXECUTORCH,
        write_executorch,
        load_executorch,
        needs=("executorch",),
        extra="executorch",
        runner=EXECUTORCH_RUNNER,
        int8=Int8(EXECUTORCH_INT8, quantise_executorch, needs=("torchao",)),
    ),
}
EIGHT_BITS = "-int8"
# In the order in which `predict` looks for them: first what needs torch alone, eight bits last.
FILES: dict[str, str] = {"python": SOURCE, "torch-export": PROGRAM, **{name: kind.file for name, kind in KINDS.items()}}
FILES |= {name + EIGHT_BITS: kind.int8.file for name, kind in KINDS.items() if kind.int8 is not None}


def needs_of(name: Format, *, int8: bool = False) -> tuple[str, ...]:
    """Return the packages that a format needs where it is written, in eight bits too or not."""
    kind = KINDS[name]
    return (*kind.needs, *(kind.int8.needs if int8 and kind.int8 else ()))


def writable(*, int8: bool = False) -> tuple[Format, ...]:
    """Return those formats whose packages are installed, those for eight bits too or not."""
    return tuple(name for name in FORMATS if not missing(needs_of(name, int8=int8)))


def extra_of(name: Format) -> str:
    """Return the extra of netspace that brings what a format needs; empty where it needs nothing."""
    return KINDS[name].extra


def kind_of(format: str) -> Kind:
    """Return the format that a key of FILES is of, in eight bits or not."""
    return KINDS[format.removesuffix(EIGHT_BITS)]


def files_of(name: str) -> list[str]:
    """Return the files that a format in eight bits or not is made of."""
    kind = kind_of(name)
    if name.endswith(EIGHT_BITS):
        assert kind.int8 is not None
        return [kind.int8.file, *kind.int8.beside]
    return [kind.file, *kind.beside]


def load_exported(folder: Path, format: str) -> Model:
    """Return a function from pixels to logits; the folder may be another's: nothing in it is run as code.

    Args:
        folder: that `netspace export` wrote.
        format: a key of FILES.

    Raises:
        NetspaceError: where the files are at fault, or what runs them is not installed.
    """
    return kind_of(format).load(folder / FILES[format])


def load_written(folder: Path, format: str) -> Model:
    """Return what a file that was just written computes: of `python`, its source is run."""
    return load_source(folder) if format == "python" else load_exported(folder, format)
