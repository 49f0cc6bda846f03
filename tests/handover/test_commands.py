"""The commands train, export and predict as a user meets them."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.commands import command, netspace
from tests.handover.conftest import Delivery

SETTINGS = ("epochs=4", "batch_size=16", "warmup_epochs=1", "validation_share=0.25", "ema=null")


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    file = tmp_path / "architecture.yaml"
    file.write_text("depth: [1, 1, 1]\nwidth: [8, 8, 8]\n")
    return file


def train(plain: Path, images: Path | str, out: Path) -> list[str]:
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    return ["train", str(plain), "--dataset", str(images), "--out", str(out), "--device", "cpu", *settings]


def start(args: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command(*args), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_training_killed_at_random_moments_gives_the_same_weights(
    plain: Path, image_folder: Path, tmp_path: Path
) -> None:
    whole = netspace(*train(plain, image_folder, tmp_path / "whole"), "--space", "tiny", "--json")
    assert whole.returncode == 0, whole.stderr
    epochs = [line for line in whole.stderr.splitlines() if line.startswith("epoch ")]
    assert [line.split()[1] for line in epochs] == ["1/4", "2/4", "3/4", "4/4"]
    assert all("ETA" in line and "validation error" in line for line in epochs)
    assert f"data {image_folder}: 60 images of 3 classes, 20 images each" in whole.stderr
    card = json.loads(whole.stdout)
    assert card["architecture"]["template"]["stem_width"] == 8
    assert card["classes"] == sorted(folder.name for folder in image_folder.iterdir())
    for delay in (0.0, 0.05):
        running = start([*train(plain, image_folder, tmp_path / "killed"), "--space", "tiny"])
        assert running.stderr is not None
        running.stderr.readline()
        time.sleep(delay)
        os.kill(running.pid, signal.SIGKILL)
        running.communicate(timeout=120)
        assert running.returncode == -signal.SIGKILL
        assert not (tmp_path / "killed" / "model.safetensors").exists()
    done = netspace(*train(plain, image_folder, tmp_path / "killed"), "--space", "tiny")
    assert "test error" in done.stdout
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "killed")]
    assert weights[0] == weights[1]
    again = netspace(*train(plain, image_folder, tmp_path / "killed"), "--space", "tiny")
    assert again.stdout == done.stdout
    assert "is trained already" in again.stderr


def test_export_writes_files_that_predict_classifies_with_and_names_what_is_no_image(
    delivery: Delivery,
    photos: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    done = netspace("export", str(delivery.trained), "--format", "python", "--fold", "--out", str(out))
    assert (done.returncode, done.stderr) == (0, "")
    assert "256 test images" in done.stdout
    (photos / "text.jpg").write_text("hello")
    shown = netspace("predict", str(out), str(photos), "--csv")
    assert shown.returncode == 1
    rows = list(csv.DictReader(io.StringIO(shown.stdout)))
    assert [Path(row["file"]).name for row in rows] == [
        "alpha.png", "colour.png", "photo.jpg", "plain.png", "sixteen.png",
    ]  # fmt: skip
    assert (
        shown.stderr == f"skipped: cannot read image {photos / 'text.jpg'}: it is no image; mend or remove the file\n"
    )
    one = json.loads(netspace("predict", str(out), str(photos / "plain.png"), "--json").stdout)
    assert [row["class"] for row in one] == [row["class"] for row in rows if row["file"].endswith("plain.png")]


def test_bad_input_of_train_is_one_line_and_leaves_no_folder(plain: Path, image_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    stages = tmp_path / "stages.yaml"
    stages.write_text("depth: [1, 1]\nwidth: [8, 8]\n")
    templated = tmp_path / "templated.yaml"
    templated.write_text(
        "depth: [1, 1, 1]\nwidth: [8, 8, 8]\ntemplate: {image_size: 28, channels: 1, classes: 10, stem_width: 8}\n"
    )
    cases = [
        ([*train(tmp_path / "gone.yaml", "fashion", out)], "cannot read"),
        ([*train(plain, "fashion", out), "--set", "epoch=3"], "unknown key 'epoch', did you mean 'epochs'?"),
        ([*train(plain, "fashion", out), "--set", "epochs"], "write it as key=value, for instance epochs=12"),
        ([*train(templated, "fashion", out), "--space", "tiny"], "holds its own template; leave out --space tiny"),
        (
            [*train(templated, "fashion", out), "--image-size", "9"],
            "holds its own template, of image_size 28; leave out --image-size 9",
        ),
        ([*train(stages, image_folder, out)], "d=(1,1) w=(8,8) has 2 stages, but the template 3 (strides 1,2,2)"),
        ([*train(templated, image_folder, out)], "(28, 1, 3), but the architecture's template (28, 1, 10)"),
    ]
    for args, message in cases:
        done = netspace(*args)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert message in done.stderr
        assert done.stderr.count("\n") == 1
        assert not out.exists()


def test_bad_input_of_export_and_predict_is_one_line(
    delivery: Delivery,
    tmp_path: Path,
) -> None:
    shutil.copytree(delivery.exported, tmp_path / "export")
    (tmp_path / "text.png").write_text("hello")
    exported, text = str(tmp_path / "export"), str(tmp_path / "text.png")
    cases = [
        (["export", str(tmp_path), "--out", str(tmp_path / "out")], "holds no trained network"),
        (["export", str(delivery.trained), "--out", exported], "is there and not an empty folder"),
        (["predict", exported, str(tmp_path / "gone.png")], "is not there; give image files"),
        (["predict", str(delivery.trained), text], "holds no exported model"),
        (["predict", exported, text, "--json", "--csv"], "exclude each other"),
        (["predict", exported, text, "--format", "onnx"], f"skipped: cannot read image {text}: it is no image"),
    ]
    for args, message in cases:
        done = netspace(*args)
        assert (done.returncode, done.stdout) == (2, ""), args
        assert message in done.stderr
        assert done.stderr.count("\n") == 1
    done = netspace("export", str(delivery.trained), "--out", str(tmp_path / "out"), "--format", "tflite")
    assert done.returncode == 2
    assert "tflite" in done.stderr
