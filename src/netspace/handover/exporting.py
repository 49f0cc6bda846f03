"""From a trained network's folder to files that others can load, each checked against it before it is kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor

from netspace.data import RULES, ImageData, ImageSet
from netspace.documents import write_atomically
from netspace.errors import NetspaceError
from netspace.handover.card import Export, ModelCard, exact_json
from netspace.handover.deployed import Deployed, example_pixels, load_deployed
from netspace.handover.full_training import WEIGHTS
from netspace.handover.int8 import CALIBRATION, write_int8
from netspace.handover.onnx_model import ONNX, ONNX_INT8, RUNNER, load_onnx, require, write_onnx
from netspace.handover.parity import LARGEST_DIFFERENCE, Parity, compare, error_of
from netspace.handover.source_code import SOURCE, load_source, write_source
from netspace.handover.torch_program import PROGRAM, load_program, write_program
from netspace.handover.trained_model import TrainedModel

Format = Literal["python", "onnx", "torch-export"]
FORMATS: tuple[Format, ...] = get_args(Format)
INT8 = "onnx-int8"
FILES = {"python": SOURCE, "torch-export": PROGRAM, "onnx": ONNX, INT8: ONNX_INT8}
LABELS, PREPROCESSING = "labels.json", "preprocessing.json"
COMPARED = 256


@dataclass(frozen=True)
class Exported:
    """What came of an export.

    Args:
        kept: the formats that are there, each with its figures.
        failed: the formats that were deleted, each with what was wrong.
        before: test error of the trained network, where `int8` was asked for.
    """

    kept: tuple[Export, ...]
    failed: dict[str, str]
    before: float | None = None


def export_model(
    model: TrainedModel,
    images: ImageData,
    out: Path,
    *,
    formats: tuple[Format, ...],
    fold: bool = False,
    int8: bool = False,
) -> Exported:
    """Write a network in several formats into a folder that is new; one that fails its check is deleted.

    Args:
        model: as it was trained.
        images: those of its training: test images for the checks, training images to calibrate int8.
        out: the folder; it may be there if it is empty.
        formats: which.
        fold: fold BatchNorm into the convolutions.
        int8: quantise the ONNX model too.

    Raises:
        NetspaceError: where the folder is not empty, a package is missing, or no format passes its check.
        OSError: where the folder can't be written; nothing is left.
    """
    check_new(out)
    if int8 and "onnx" not in formats:
        raise NetspaceError(f"--int8 quantises the ONNX model; add it: --format onnx or all, not {', '.join(formats)}")
    if "onnx" in formats:
        require("onnx", "onnxscript", "onnxruntime")
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        exported = _write_all(model, images, partial, formats, fold=fold, int8=int8)
        if not exported.kept:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in exported.failed.items())
            raise NetspaceError(f"no export passed its check, nothing is kept ({reasons})")
        write_description(replace(model.card, exports=exported.kept), partial)
        if out.exists():
            out.rmdir()
        partial.replace(out)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}; give another --out", str(out)) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return exported


def check_new(out: Path) -> None:
    """Raise NetspaceError where a folder can't be made because something is there."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise NetspaceError(f"'{out}' is there and not an empty folder; give another --out, or remove it")


def write_description(card: ModelCard, folder: Path) -> None:
    """Write labels.json, preprocessing.json and the card."""
    template = card.template
    preprocessing = {
        "image_size": template.image_size,
        "channels": template.channels,
        **RULES,
        "input": "pixels 0 to 255, uint8, shape (n, channels, image_size, image_size); colour is red, green, blue",
        "normalisation": "inside the model: (pixels − mean) / deviation",
        "mean": list(card.mean),
        "deviation": list(card.deviation),
    }
    write_atomically(folder / LABELS, exact_json(list(card.classes)))
    write_atomically(folder / PREPROCESSING, exact_json(preprocessing, indent=1))
    card.save(folder)


def load_exported(folder: Path, format: str) -> Callable[[Tensor], Tensor]:
    """Return a function from pixels (n, channels, size, size), uint8, to logits (n, classes).

    The folder may be another's: nothing in it is run as code.

    Raises:
        NetspaceError: where the files are at fault, or what runs them is not installed.
    """
    if format == "python":
        return load_deployed(folder)
    return load_program(folder) if format == "torch-export" else load_onnx(folder / FILES[format])


def _write_all(
    model: TrainedModel, images: ImageData, folder: Path, formats: tuple[Format, ...], *, fold: bool, int8: bool
) -> Exported:
    test = images.sealed_test()
    reference, deployed = Deployed(model), Deployed(model, fold=fold)
    pixels = example_pixels(model)
    writers: dict[str, Callable[[], None]] = {
        "python": lambda: write_source(deployed, model.card, folder, fold=fold),
        "onnx": lambda: write_onnx(deployed, pixels, model.card, folder),
        "torch-export": lambda: write_program(deployed, pixels, folder),
    }
    kept: list[Export] = []
    failed: dict[str, str] = {}
    for name in formats:
        try:
            writers[name]()
            parity = _compare(reference, name, test, folder)
            if not parity.holds:
                raise NetspaceError(_fault(parity))
            kept.append(Export(name, FILES[name], parity.images, parity.difference, parity.agreement))
        except OSError:
            raise  # a disk that is full is no fault of the format
        except Exception as error:
            failed[name] = _reason(error)
            _delete(name, folder)
    if not int8:
        return Exported(tuple(kept), failed)
    before = error_of(reference, test.images, test.labels)
    try:
        if "onnx" in failed:
            raise NetspaceError(f"{ONNX}, which it is made from, failed its check")
        write_int8(spread(images.train.images, CALIBRATION), folder)
        kept.append(_judge_int8(reference, test, folder))
    except OSError:
        raise
    except Exception as error:
        failed[INT8] = _reason(error)
        _delete(INT8, folder)
    return Exported(tuple(kept), failed, before)


def _compare(reference: Deployed, name: str, test: ImageSet, folder: Path) -> Parity:
    other = load_source(folder) if name == "python" else load_exported(folder, name)
    return compare(reference, other, spread(test.images, COMPARED))


def _judge_int8(reference: Deployed, test: ImageSet, folder: Path) -> Export:
    """Measure what eight bits cost; no bar is set, the errors are said."""
    parity = _compare(reference, INT8, test, folder)
    error = error_of(load_exported(folder, INT8), test.images, test.labels)
    return Export(INT8, FILES[INT8], parity.images, parity.difference, parity.agreement, error)


def _reason(error: Exception) -> str:
    return " ".join((str(error).splitlines() or [type(error).__name__])[0].split())[:300]


def spread(images: Tensor, n: int) -> Tensor:
    """Return up to n images, spread evenly over all of them."""
    if len(images) <= n:
        return images
    return images[torch.linspace(0, len(images) - 1, n).round().long()]


def _fault(parity: Parity) -> str:
    return (
        f"its logits differ by up to {parity.difference:.1e} (allowed {LARGEST_DIFFERENCE:.0e}) and "
        f"{parity.agreement:.2%} of {parity.images} test images keep their class (expected 100%)"
    )


def _delete(name: str, folder: Path) -> None:
    beside = {"python": [WEIGHTS], "onnx": [RUNNER]}.get(name, [])
    for file in [FILES[name], *beside]:
        (folder / file).unlink(missing_ok=True)
