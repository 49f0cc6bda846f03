"""From a trained network's folder to files that others can load, each checked against it before it is kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from netspace.data import RULES, ImageData
from netspace.documents import write_atomically
from netspace.errors import NetspaceError, first_line
from netspace.handover.card import Export, ModelCard, exact_json
from netspace.handover.deployed import Deployed
from netspace.handover.formats import EIGHT_BITS, KINDS, Format, files_of, needs_of
from netspace.handover.judging import Judge, spread
from netspace.handover.packages import require
from netspace.handover.parity import error_of
from netspace.handover.trained_model import TrainedModel

LABELS, PREPROCESSING = "labels.json", "preprocessing.json"
CALIBRATION = 512  # images


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
        int8: quantise each format that can be, too.

    Raises:
        NetspaceError: where the folder is not empty, a package is missing, or no format passes its check.
        OSError: where the folder can't be written; nothing is left.
    """
    check_new(out)
    _check_possible(formats, images, int8=int8)
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


def _check_possible(formats: tuple[Format, ...], images: ImageData, *, int8: bool) -> None:
    """Raise NetspaceError where a package is missing, or nothing can be quantised."""
    can = [name for name, kind in KINDS.items() if kind.int8 is not None]
    if int8 and not set(can) & set(formats):
        raise NetspaceError(
            f"--int8 quantises the formats {', '.join(can)}; add one of them, as --format onnx, to {', '.join(formats)}"
        )
    if int8 and not len(images.train):
        raise NetspaceError("--int8 needs training images to calibrate on, and there are none; give their --dataset")
    for name in formats:
        require(f"format {name}", *needs_of(name, int8=int8), extra=KINDS[name].extra)


def _write_all(
    model: TrainedModel, images: ImageData, folder: Path, formats: tuple[Format, ...], *, fold: bool, int8: bool
) -> Exported:
    test, deployed = images.sealed_test(), Deployed(model, fold=fold)
    judge = Judge(model.card, Deployed(model), test, folder)
    kept: list[Export] = []
    failed: dict[str, str] = {}
    for name in formats:
        kind = KINDS[name]
        with _failing(name, failed, folder):
            kind.write(deployed, model.card, folder)
            kept.append(judge.holds(name))
        if kind.runner is not None and name not in failed:
            kind.runner.write(kind.file, kind.int8.file if kind.int8 else "", model.card, folder)
        if not int8 or kind.int8 is None:
            continue
        with _failing(name + EIGHT_BITS, failed, folder):
            if name in failed:
                raise NetspaceError(f"{kind.file}, which it is made from, failed its check")
            kind.int8.quantise(deployed, spread(images.train.images, CALIBRATION), folder)
            kept.append(judge.in_eight_bits(name + EIGHT_BITS))
    return Exported(tuple(kept), failed, error_of(judge.reference, test.images, test.labels) if int8 else None)


@contextmanager
def _failing(name: str, failed: dict[str, str], folder: Path) -> Iterator[None]:
    """Take whatever goes wrong with a format, but for the disk, as its failure, and delete what is there of it."""
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # a disk that is full is no fault of the format; a library that cannot be loaded has no number
        failed[name] = first_line(error)
        for file in files_of(name):
            (folder / file).unlink(missing_ok=True)
