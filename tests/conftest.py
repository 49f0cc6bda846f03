"""Shared fixtures: one thread, a small search space, a folder of real images."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
import torch
from PIL import Image

from netspace import DataSettings, SearchConfig, arithmetic, load_search_space, resolve
from netspace.blocks import BLOCKS
from netspace.cli import options
from netspace.data import ImageData, ImageSet, load_images
from netspace.spaces import GridAxis, SearchSpace, StageGrid

torch.set_num_threads(1)
# What is measured of the machine is kept here: results are those of 32 bits, whatever is faster.
CACHE = Path(tempfile.mkdtemp(prefix="netspace-tests-"))
os.environ["XDG_CACHE_HOME"] = str(CACHE)
atexit.register(shutil.rmtree, CACHE, ignore_errors=True)
for block in BLOCKS:
    arithmetic.remember(arithmetic.key_of(block, torch.device("cpu")), arithmetic.Comparison(faster=1.0, apart=0.0))


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands train one network at a time: tests run side by side, and a process takes seconds to start."""
    monkeypatch.setattr(options, "cores", lambda: 1)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def tiny() -> SearchSpace:
    return load_search_space("tiny")


@pytest.fixture(scope="session")
def expanded() -> SearchSpace:
    return load_search_space("expanded")


@pytest.fixture(scope="session")
def mixed() -> SearchSpace:
    """Three stages, the second at stride 1, so that identity shortcuts occur in two places."""
    stage = StageGrid(GridAxis(low=1, high=4, ranges=2), GridAxis(low=4, high=24, ranges=3, step=4))
    return SearchSpace("mixed", (stage, stage, stage), strides=(1, 1, 2), stem_width=16)


@pytest.fixture(scope="session")
def fashion() -> ImageData:
    return load_images(DataSettings("fashion"))


@pytest.fixture(scope="session")
def few(fashion: ImageData) -> ImageData:
    """The first 400 training images, and 100 to test on."""
    train, test = (
        ImageSet(part.images[:n], part.labels[:n]) for part, n in ((fashion.train, 400), (fashion.test, 100))
    )
    return replace(fashion, train=train, test=test, digests=fashion.digests[:400])


def quick_config(**options: object) -> SearchConfig:
    """A search of a second or two on the embedded data."""
    settings = (
        "search.estimator=score",
        "search.epochs=3",
        "search.warmup_epochs=1",
        "search.steps_per_epoch=4",
        "search.batch_size=16",
    )
    given = {"data": {"dataset": "fashion"}, "budgets": ["1M", "2M"], "device": "cpu", **options}
    return resolve("tiny", settings=settings, options=given)


@pytest.fixture
def image_folder(tmp_path: Path, fashion: ImageData) -> Path:
    """Class folders of real images as PNG files: 20 images of each of three classes."""
    for label in (0, 1, 9):
        folder = tmp_path / "images" / fashion.classes[label].replace("/", "-")
        folder.mkdir(parents=True)
        chosen = fashion.train.images[fashion.train.labels == label][:20, 0]
        for i, pixels in enumerate(chosen):
            Image.fromarray(pixels.numpy()).save(folder / f"{i:02d}.png")
    return tmp_path / "images"
