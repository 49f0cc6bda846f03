"""The commands `netspace export` and `netspace predict`: a network is handed over, and used."""

from __future__ import annotations

import csv
import io
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from netspace.cli.options import AcceptChangedData, Json
from netspace.cli.output import note, print_json, print_table
from netspace.cost import format_amount
from netspace.errors import NetspaceError, did_you_mean

if TYPE_CHECKING:
    from netspace.handover import Exported, Format, Prediction

Ran = Literal[
    "python",
    "torch-export",
    "onnx",
    "openvino",
    "litert",
    "executorch",
    "onnx-int8",
    "openvino-int8",
    "litert-int8",
    "executorch-int8",
]


def export_command(
    folder: Annotated[Path, typer.Argument(help="Folder of `netspace train`.", metavar="DIR")],
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    format: Annotated[
        list[str] | None,
        typer.Option(
            help="What to write: python, onnx, torch-export, openvino, litert, executorch, several as onnx,litert, or "
            "all that the installed packages can.",
            show_default="python",
        ),
    ] = None,
    fold: Annotated[bool, typer.Option("--fold", help="Fold BatchNorm into the convolutions.")] = False,
    int8: Annotated[
        bool,
        typer.Option("--int8", help="In eight bits too, calibrated on training images; not python, torch-export."),
    ] = False,
    dataset: Annotated[str | None, typer.Option(help="Where the images of the training are, if they moved.")] = None,
    accept_changed_data: AcceptChangedData = False,
    json: Json = False,
) -> None:
    """Write a trained network as files that need no netspace; each is checked on test images before it is kept."""
    from netspace.handover import check_new, export_model, load_data, load_model

    check_new(out)
    model = load_model(folder)
    formats = _formats(format or ["python"], int8=int8)
    images = load_data(model.card, folder, dataset, accept_changed_data=accept_changed_data, on_note=note)
    done = export_model(model, images, out, formats=formats, fold=fold, int8=int8)
    if json:
        print_json({"out": str(out), **asdict(done)})
    else:
        print_exports(done, out)
    end_of_export(done)


def _formats(texts: list[str], *, int8: bool) -> tuple[Format, ...]:
    """Return each format that is asked for once; all are those that can be written here, and the others are named.

    Raises:
        NetspaceError: where one is not known.
    """
    from netspace.handover import FORMATS, extra_of, writable

    names = [name.strip() for text in texts for name in text.split(",")]
    for name in names:
        if name not in (*FORMATS, "all"):
            raise NetspaceError(f"unknown format {name[:80]!r}, {did_you_mean(name, (*FORMATS, 'all'))}")
    if "all" not in names:
        return tuple(name for name in FORMATS if name in names)
    here = writable(int8=int8)
    for name in FORMATS:
        if name not in here:
            note(f"not written: {name}, which needs netspace[{extra_of(name)}]")
    return here


def end_of_export(done: Exported) -> None:
    """Say which formats failed their check; one that did is exit code 1."""
    for name, reason in done.failed.items():
        note(f"{name} failed its check and is deleted: {reason}")
    if done.failed:
        raise typer.Exit(1)


def print_exports(done: Exported, out: Path) -> None:
    """Print the files of an export, and how near they are to the network that was trained."""
    rows = []
    for export in done.kept:
        checked = f"{export.difference:.1e} on {export.images} test images"
        error = "" if export.test_error is None else f"{done.before:.2%} → {export.test_error:.2%}"
        assert export.size is not None
        assert export.latency is not None
        takes = [format_amount(export.size), f"{export.latency.milliseconds:.3g} ms"]
        rows.append([export.format, str(out / export.file), *takes, checked, f"{export.agreement:.2%}", error])
    columns = ["format", "file", "bytes", "one image", "largest logit difference", "same class"]
    columns += [] if done.before is None else ["test error before → after"]
    print_table("Exported", columns, [row[: len(columns)] for row in rows])


def predict_command(
    folder: Annotated[Path, typer.Argument(help="Folder of `netspace export`.", metavar="OUT")],
    images: Annotated[list[Path], typer.Argument(help="Image files, or folders of them.", metavar="IMAGE_OR_FOLDER…")],
    format: Annotated[
        Ran | None,
        typer.Option(help="Which of the folder's formats to run; default: the first of these that is there."),
    ] = None,
    json: Json = False,
    csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV: file, class, probability, one column per class; names exactly.")
    ] = False,
) -> None:
    """Say the class of images; what is no image is named and skipped, and the exit code is 1.

    No file of the folder is run: the network is built of its card and weights, so the folder may be another's. (Its
    model.py and run_….py are code: run these by yourself only where you trust who made them.)
    """
    if json and csv:
        raise NetspaceError("--json and --csv exclude each other; give one of them")
    from netspace.handover import find_images, load_predictor

    files = find_images(images)
    predictor = load_predictor(folder, format)
    faults: list[str] = []
    predictions = list(predictor.predict(files, on_fault=faults.append))
    if json:
        print_json([_row(prediction) for prediction in predictions])
    elif csv:
        _print_csv(predictions, list(predictor.card.classes))
    elif predictions:
        shown = [[p.file, p.label, f"{p.probability:.3f}"] for p in predictions]
        print_table(f"{folder} ({predictor.format})", ("file", "class", "probability"), shown)
    for fault in faults:
        note(f"skipped: {fault}")
    if faults:
        raise typer.Exit(1 if predictions else 2)


def _row(prediction: Prediction) -> dict[str, Any]:
    return {
        "file": prediction.file,
        "class": prediction.label,
        "probability": prediction.probability,
        "probabilities": prediction.probabilities,
    }


def _print_csv(predictions: list[Prediction], classes: list[str]) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):  # bytes of a path that are no text leave as they came
        sys.stdout.reconfigure(errors="surrogateescape")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["file", "class", "probability", *(f"p({name})" for name in classes)])
    for p in predictions:
        writer.writerow([p.file, p.label, f"{p.probability:.6f}", *(f"{v:.6f}" for v in p.probabilities.values())])
