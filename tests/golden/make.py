"""Write the golden files anew with the code of this checkout: see README.md for when, and when not.

PYTHONPATH=src:. OMP_NUM_THREADS=1 python tests/golden/make.py
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import split
from typing import Any

import numpy as np
import torch
from netspace import Architecture, DataSettings, load_images, load_search_space
from netspace.records import ChosenArchitecture, NetworkStore
from PIL import Image
from tests import test_golden as golden
from tests.commands import command

HERE = Path(__file__).resolve().parent
STOPS = {"score": "epoch 2/", "front": "scores 20/", "population": ""}
AT = ("--image-size", "8", "--channels", "1")
QUICK = ("--samples", "3", "--candidates", "8", "--seed", "2")
COMMANDS: list[tuple[float, list[str]]] = [
    (golden.EXACT, split("cost --depth 3,3,3 --width 16,32,64")),
    (golden.EXACT, split("cost --depth 1,2,1,3 --width 8,12,24,20 --strides 1,2,2,2 --stem-width 8 --image-size 33")),
    *((golden.EXACT, ["spaces", name]) for name in ("tiny", "small", "expanded", "space.yaml", "four.yaml")),
    *((golden.EXACT, ["sample", name, "--n", "4", "--seed", "9"]) for name in ("tiny", "small", "expanded")),
    (golden.EXACT, split("sample expanded --budget 1.6G --n 6 --seed 1")),
    (golden.EXACT, split("sample four.yaml --budget 10M --tolerance 0.02 --n 6 --seed 1")),
    (golden.EXACT, split("sample bare.yaml --budget 3M --tolerance 0.3 --n 4 --seed 2")),
    (golden.EXACT, split("sample run-score/elite-40K.yaml --n 5 --seed 3")),
    (golden.EXACT, split("sample run-score/elite-40K.yaml --budget 40K --n 5 --seed 3")),
    (golden.EXACT, split("sample elite-schema-1.yaml --n 4")),
    (golden.EXACT, split("sample elite-schema-2.yaml --n 4")),
    (golden.TRAINED, split("front run-front --budget 30K --budget 60K --budget 100K --top 3 --evaluations 40")),
    (
        golden.TRAINED,
        split("front run-front --calibrate evaluation --top 3 --refine --min-hit-rate 0.3 --evaluations 40"),
    ),
    (golden.TRAINED, split("front run-population --budget 50K --top 3")),
    (golden.TRAINED, split("front run-score --budget 60K --top 2 --evaluations 12 --signal supernet")),
    (golden.EXACT, split("results evaluation --format json")),
    (golden.EXACT, golden.evaluate(3, "evaluation")),
    (golden.EXACT, split("table run-gumbel --recipe recipe.yaml --seeds 2 --candidates 8")),
    (golden.TRAINED, ["nas", "run-front/elite-40K.yaml", "--run", "run-front", *QUICK]),
    (golden.TRAINED, ["nas", "space.yaml", "--budget", "60K", "--run", "run-score", *QUICK, "--method", "evolution"]),
    (golden.TRAINED, ["nas", "run-score/elite-80K.yaml", "--run", "run-score", *QUICK, "--method", "differentiable"]),
    (golden.EXACT, golden.train("trained")),
    (golden.EXACT, split("predict exported bag.png shirt.png")),
]


def run(*args: str) -> None:
    print("netspace", *args, flush=True)
    subprocess.run(command(*args), check=True, stdout=subprocess.DEVNULL)


def stop(line: str, *args: str) -> None:
    """Begin a command and interrupt it where it says that a part is done, or has trained a few networks."""
    print("netspace", *args, f"  # Ctrl-C at '{line}'", flush=True)
    running = subprocess.Popen(command(*args), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert running.stderr is not None
    told = iter(running.stderr) if line else (str(trained(Path(args[-1]))) for _ in iter(int, 1))
    for text in told:
        if text.startswith(line) if line else int(text) >= 10:
            os.kill(running.pid, signal.SIGINT)
            break
    running.communicate()
    assert running.returncode == 130, running.returncode


def trained(run: Path) -> int:
    time.sleep(0.05)
    store = NetworkStore(run / "calibration")
    return store.counts().get("ok", 0) if store.file.exists() else 0


def write(name: str, value: Any) -> None:
    (HERE / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def figures() -> None:
    """Write costs, draws and fingerprints."""
    rows = []
    for name in golden.SPACES:
        space = golden.search_space(name)
        points = golden.as_points(space.full.draw(60, rng=np.random.default_rng(11)))
        for shape in golden.SHAPES:
            priced = golden.costs(points, shape, space)
            rows += [
                [name, *shape[:2], " ".join(map(str, p)), *c] for p, c in zip(points.tolist(), priced, strict=True)
            ]
    with (HERE / "costs.csv").open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        names = ("space", "image_size", "channels", "architecture", "flops", "params", "activations")
        writer.writerows([names, *rows])
    write("draws.json", {name: golden.draws(name) for name in golden.SPACES})
    write("fingerprints.json", golden.fingerprints())


def small_files() -> None:
    """Write an architecture with its template, and two images."""
    template = load_search_space("space.yaml").template(8, 1, 10)
    origin = {"space": "space.yaml", "budget": "40K", "seed": 0}
    chosen = ChosenArchitecture.of(Architecture.of((1, 2, 1), (4, 8, 6)), template, provenance=origin)
    chosen.save(Path("architecture.yaml"))
    images = load_images(DataSettings("fashion"))
    for name, label in (("bag", 8), ("shirt", 6)):
        index = int(torch.nonzero(images.test.labels == label)[0])
        Image.fromarray(images.test.images[index, 0].numpy()).save(f"{name}.png")


def runs() -> None:
    """Write finished and stopped searches, evaluations and trainings."""
    for estimator in golden.ESTIMATORS:
        run(*golden.search(estimator, f"run-{estimator}"))
    for estimator, line in STOPS.items():
        stop(line, *golden.search(estimator, f"stopped-{estimator}"))
    run(*golden.evaluate(3, "evaluation"))
    run(*split("front run-front --top 3 --evaluations 40"))
    run(*split("fidelity run-gumbel --n 3 --recipe recipe.yaml"))
    run(*split("table run-gumbel --recipe recipe.yaml --seeds 2 --candidates 8"))
    run(*golden.train("trained"))
    stop("epoch 1/", *golden.train("stopped-training"))
    run(*split("export trained --out exported"))


def first_schema() -> None:
    """Write a store as schema 1 left it: without the table of populations, some networks not trained yet."""
    shutil.copytree("evaluation", "evaluation-schema-1")
    with sqlite3.connect("evaluation-schema-1/networks.sqlite") as db:
        db.execute("DROP TABLE populations")
        db.execute("UPDATE about SET schema = 1")
        db.execute(
            "UPDATE networks SET status = 'waiting', worker = NULL, validation_error = NULL, test_error = NULL,"
            " curve = NULL, seconds = NULL, device = NULL WHERE place = 2"
        )
        db.commit()
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("VACUUM")


def answers() -> None:
    """Write what commands print, each on a fresh copy, and the rows of the stores."""
    found, rows = [], {}
    for name in golden.STORES:
        rows[name] = NetworkStore(Path(name)).rows()
    for near, args in COMMANDS:
        with copy():
            found.append({"command": args, "near": near, "prints": golden.told(*args)})
        print("netspace", *args, "--json", flush=True)
    with copy():
        golden.told(*golden.evaluate(4, "evaluation"))
        rows["evaluation, n = 4"] = NetworkStore(Path("evaluation")).rows()
        folders = [*(f"run-{name}" for name in golden.ESTIMATORS), "evaluation", "run-gumbel/table"]
        files = golden.told("report", *folders, "--out", "report.html")
    write("answers.json", found)
    write("rows.json", rows)
    write("report.json", sorted(Path(file).name for file in files))


@contextmanager
def copy() -> Iterator[None]:
    """Run in a copy of the files, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary) / "golden"
        shutil.copytree(HERE, place)
        os.chdir(place)
        yield
        os.chdir(HERE)


def tidy() -> None:
    """Remove what the code makes anew: decoded images, curves, locks; and for the size some lists of images."""
    for pattern in ("cache", "curve", ".lock", "workers", "__pycache__", "*-wal", "*-shm", "front-trees-*"):
        for path in [*HERE.rglob(pattern)]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in ("stopped-training", "stopped-population"):
        (HERE / name / "images.npy").unlink()


def main() -> None:
    """Write everything; folders of runs that are there are made anew."""
    os.chdir(HERE)
    torch.set_num_threads(1)
    for path in HERE.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    small_files()
    runs()
    first_schema()
    answers()
    figures()
    tidy()


if __name__ == "__main__":
    main()
