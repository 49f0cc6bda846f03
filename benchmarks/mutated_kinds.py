"""Every kind of file that netspace reads: one that is right, and the command that reads it."""

from __future__ import annotations

import csv
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from netspace.records.measured import MeasuredColumns, read_measured

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"
CLASSES, EACH, PIXELS = ("cat", "dog"), 20, 8
COLUMNS = MeasuredColumns(("d1", "w1"), "flops", "accuracy", accuracy=True, depths=("d1",))
_DATA = "--dataset photos --image-size 8 --channels 1"
_TRAIN = "train architecture-plain.yaml --space space.yaml --dataset photos --image-size 8 --channels 1 --plan"
_SEARCH = f"search {_DATA} --plan --out new"
_AGAIN = "search --dataset fashion --image-size 8 --space space.yaml --config settings.yaml --budget 40K --budget 80K"
_MODEL = "front run-population --budget 50K --top 3"
_NAS = "nas run-score/elite-40K.yaml --run run-score --samples 2 --candidates 4"


class Kind(NamedTuple):
    """A kind of file.

    Args:
        name: of the kind.
        file: that is right, in the folder of `make_files`.
        syntax: as `tests.mutations` calls it.
        command: of netspace, which reads the file.
        slow: the share of files that is changed is one in so many.
        call: what reads the file where no command does.
    """

    name: str
    file: str
    syntax: str
    command: str
    slow: int = 1
    call: Callable[[], object] | None = None


def _measured() -> object:
    return read_measured(Path("measured.csv"), COLUMNS)


KINDS = (
    Kind("space", "space.yaml", "yaml", "spaces space.yaml"),
    Kind("space drawn from", "space.yaml", "yaml", "sample space.yaml --n 2 --budget 300K"),
    Kind(
        "space searched", "space.yaml", "yaml", f"{_SEARCH} --space space.yaml --budget 40K --config settings.yaml", 5
    ),
    Kind("recipe", "recipe.yaml", "yaml", f"{_TRAIN} --recipe recipe.yaml --out new", 5),
    Kind("settings", "settings.yaml", "yaml", f"{_SEARCH} --config settings.yaml --space space.yaml --budget 40K", 5),
    Kind("elite", "elite-schema-2.yaml", "yaml", "sample elite-schema-2.yaml --n 2"),
    Kind("elite of schema 1", "elite-schema-1.yaml", "yaml", "sample elite-schema-1.yaml --n 2 --budget 3M"),
    Kind("elite of a run", "run-front/elite-40K.yaml", "yaml", "front run-front --top 3 --evaluations 40"),
    Kind(
        "elite evaluated",
        "run-score/elite-40K.yaml",
        "yaml",
        "evaluate run-score/elite-40K.yaml --dataset fashion --image-size 8 --n 2 --plan --out new",
        8,
    ),
    Kind(
        "architecture",
        "architecture.yaml",
        "yaml",
        "train architecture.yaml --dataset fashion --recipe recipe.yaml --plan --out new",
        8,
    ),
    Kind("plain architecture", "architecture-plain.yaml", "yaml", f"{_TRAIN} --recipe recipe.yaml --out new", 5),
    Kind("config of a run", "run-front/config.yaml", "yaml", "front run-front --top 3 --evaluations 40"),
    Kind("config gone on with", "run-score/config.yaml", "yaml", f"{_AGAIN} --estimator score --out run-score", 10),
    Kind("log", "run-score/search.jsonl", "lines", "report run-score"),
    Kind("fidelity", "run-gumbel/fidelity.json", "json", "report run-gumbel"),
    Kind("answer of front", "run-front/front/front.json", "json", "report run-front"),
    Kind("comparison of nas", "run-gumbel/table/nas.json", "json", "report run-gumbel/table"),
    Kind("models of error", "run-front/front-models.json", "json", "front run-front --top 3 --evaluations 40"),
    Kind("left out", "run-population/front-left-out.json", "json", _MODEL),
    Kind(
        "scores",
        "run-front/scores.csv",
        "csv",
        "nas run-front/elite-40K.yaml --run run-front --samples 2 --method model",
    ),
    Kind("what scores are of", "run-front/scores.yaml", "yaml", "front run-front --top 3 --evaluations 40"),
    Kind("recipe of a run", "run-population/calibration/recipe.yaml", "yaml", _MODEL),
    Kind("evaluation", "evaluation/evaluation.yaml", "yaml", "results evaluation"),
    Kind("evaluation reported", "evaluation/evaluation.yaml", "yaml", "report evaluation"),
    Kind("store", "evaluation/networks.sqlite", "sqlite", "results evaluation"),
    Kind("store as csv", "evaluation/networks.sqlite", "sqlite", "results evaluation --format csv"),
    Kind(
        "store of schema 1",
        "evaluation-schema-1/networks.sqlite",
        "sqlite",
        "results evaluation-schema-1 --format json",
    ),
    Kind(
        "store of a run",
        "run-population/calibration/networks.sqlite",
        "sqlite",
        _MODEL,
    ),
    Kind("store reported", "evaluation/networks.sqlite", "sqlite", "report evaluation"),
    Kind(
        "images of a run",
        "run-score/images.npy",
        "bytes",
        _NAS,
        10,
    ),
    Kind(
        "weights of a checkpoint",
        "run-score/checkpoint-0004/weights.safetensors",
        "safetensors",
        _NAS,
        10,
    ),
    Kind(
        "state of a checkpoint",
        "stopped-score/checkpoint-0002/state.pt",
        "torch",
        f"{_AGAIN} --estimator score --out stopped-score",
        20,
    ),
    Kind(
        "state of a training",
        "stopped-training/checkpoint-0001/state.pt",
        "torch",
        "train architecture.yaml --dataset fashion --recipe recipe.yaml --seed 5 --out stopped-training",
        20,
    ),
    Kind("card of a training", "trained/card.json", "json", "export trained --out new", 10),
    Kind("weights of a training", "trained/model.safetensors", "safetensors", "export trained --out new", 10),
    Kind("card", "exported/card.json", "json", "predict exported bag.png"),
    Kind("labels of an export", "exported/labels.json", "json", "predict exported bag.png"),
    Kind("pixels of an export", "exported/preprocessing.json", "json", "predict exported bag.png"),
    Kind("weights of an export", "exported/model.safetensors", "safetensors", "predict exported bag.png"),
    Kind("onnx", "all/model.onnx", "bytes", "predict all bag.png --format onnx"),
    Kind("torch program", "all/model.pt2", "bytes", "predict all bag.png --format torch-export"),
    Kind("image predicted", "bag.png", "bytes", "predict exported bag.png"),
    Kind("image of a folder", "photos/cat/3.png", "bytes", "data photos --channels 1"),
    Kind("jpeg of a folder", "photos/dog/0.jpg", "bytes", "data photos --channels 1"),
    Kind("tiff of a folder", "photos/dog/1.tif", "bytes", "data photos --channels 1"),
    Kind("gif of a folder", "photos/dog/2.gif", "bytes", "data photos --channels 1"),
    Kind("table of labels", "labels.csv", "csv", "data flat --labels labels.csv --channels 1"),
    Kind("parquet", "table.parquet", "parquet", "data table.parquet --label-column label --channels 1"),
    Kind("parquet's bytes", "table.parquet", "bytes", "data table.parquet --label-column label --channels 1"),
    Kind("measured networks", "measured.csv", "csv", "", call=_measured),
)


def make_files(folder: Path) -> None:
    """Copy the golden files into a folder, and make the kinds that are not among them."""
    shutil.copytree(GOLDEN, folder, dirs_exist_ok=True)
    rng = np.random.default_rng(0)
    images, labels = [], [["file", "label"]]
    (folder / "flat").mkdir()
    for name in CLASSES:
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(EACH):
            ending = {0: "jpg", 1: "tif", 2: "gif"}.get(number, "png")
            file = folder / "photos" / name / f"{number}.{ending}"
            Image.fromarray(rng.integers(0, 256, (PIXELS, PIXELS), dtype=np.uint8)).save(file)
            shutil.copy(file, folder / "flat" / f"{name}{number}.{ending}")
            labels.append([f"{name}{number}.{ending}", name])
            images.append({"image": {"bytes": file.read_bytes(), "path": file.name}, "label": name})
    with (folder / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(labels)
    pq.write_table(pa.Table.from_pylist(images), folder / "table.parquet")
    rows = [f"{d},{w},{d * w * 1000},{90 - d - w / 8}" for d in (1, 2) for w in (8, 16, 24, 32)]
    (folder / "measured.csv").write_text("\n".join(["d1,w1,flops,accuracy", *rows, ""]))
    _run(folder, "export trained --out all --format all")


def _run(folder: Path, command: str) -> None:
    line = [sys.executable, "-c", "from netspace.cli.main import main; main()", *shlex.split(command)]
    subprocess.run(line, cwd=folder, check=True, capture_output=True)
