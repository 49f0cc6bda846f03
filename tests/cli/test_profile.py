"""Latency on the command line: a profile is used by commands, kept by runs, and refused where it is not theirs."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from netspace.cli.main import app
from netspace.cost import load_profile, use_profile
from netspace.cost.device_profile import KEPT
from tests.cost.test_latency import profile_of

SHORT = ["search.epochs=2", "search.warmup_epochs=1", "search.steps_per_epoch=3", "search.batch_size=16"]
RECIPE = "name: short\nepochs: 1\nbatch_size: 32\nwarmup_epochs: 0\ntrain_images: 100\nvalidation_share: 0.25\n"


@pytest.fixture(autouse=True)
def no_profile() -> Iterator[None]:
    yield
    use_profile(None)


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A profile of `tiny` at 8 pixels in grey."""
    template = replace(profile_of().template, image_size=8, channels=1)
    profile_of(template=template).save(tmp_path / "device.yaml")
    return tmp_path / "device.yaml"


def netspace(*args: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(map(str, args)), env={"COLUMNS": "180"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        assert code == 2, done.exception
        return str(done.exception)
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.output


SHAPE = ("--image-size", 8, "--channels", 1)


def middle(device: Path) -> str:
    """The latency of a network of `tiny` of middle size."""
    priced = ("cost", "--space", "tiny", "--depth", "2,2,2", "--width", "8,8,8", *SHAPE, "--json")
    return f"{json.loads(netspace(*priced, '--device-profile', device))['latency']}ns"


def search(out: Path, budget: str, *more: object, code: int = 0) -> str:
    settings = [word for one in SHORT for word in ("--set", one)]
    given = ("--dataset", "fashion", "--image-size", 8, "--space", "tiny", "--budget", f"latency={budget}", *settings)
    return netspace("search", *given, "--estimator", "score", "--out", out, *more, code=code)


def test_cost_shows_latency_and_whether_a_bound_of_it_is_met(device: Path) -> None:
    priced = ("cost", "--space", "tiny", "--depth", "2,2,2", "--width", "8,8,8", *SHAPE, "--device-profile", device)
    text = netspace(*priced, "--max-latency", middle(device), "--min-latency", "1s")
    assert f"meets latency<={middle(device)}" in text
    assert "FAILS latency>=1s" in text


def test_sample_draws_within_a_budget_and_a_bound_of_latency(device: Path) -> None:
    given = ("sample", "tiny", *SHAPE, "--n", 20, "--device-profile", device, "--json")
    target = int(middle(device).removesuffix("ns"))
    rows = json.loads(netspace(*given, "--budget", f"latency={target}ns", "--max-latency", f"{target}ns"))
    assert all(0.9 * target <= row["latency"] <= target for row in rows)


def test_a_profile_of_another_image_size_is_refused(device: Path) -> None:
    given = ("sample", "tiny", "--image-size", 16, "--channels", 1, "--device-profile", device)
    assert "image_size 8 there, 16 here" in netspace(*given, "--budget", "latency=1ms", code=2)


def test_a_run_keeps_its_profile_and_goes_on_and_is_used_without_the_option(device: Path, tmp_path: Path) -> None:
    run, budget = tmp_path / "run", middle(device)
    search(run, budget, "--device-profile", device)
    assert load_profile(run / KEPT) == load_profile(device)
    device.unlink()
    (elite,) = run.glob("elite-latency=*.yaml")
    before = elite.read_text()
    elite.unlink()
    search(run, budget)
    assert elite.read_text() == before
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    given = ("evaluate", elite, "--dataset", "fashion", "--recipe", tmp_path / "recipe.yaml", "--n", 2)
    netspace(*given, "--out", tmp_path / "evaluation")
    use_profile(None)
    assert elite.stem in netspace("results", tmp_path / "evaluation")
    other = replace(profile_of(), weights={"call": 1.0})
    other.save(tmp_path / "other.yaml")
    assert "give another --out" in search(run, budget, "--device-profile", tmp_path / "other.yaml", code=2)


def test_networks_are_emitted_or_a_device_profiled_but_not_neither_or_both(tmp_path: Path) -> None:
    assert "give --out FILE" in netspace("profile", "--space", "tiny", code=2)
    both = ("--out", tmp_path / "device.yaml", "--emit", tmp_path / "folder")
    assert "give --out FILE" in netspace("profile", "--space", "tiny", *both, code=2)


def test_a_table_becomes_a_profile_that_names_its_device(tmp_path: Path) -> None:
    lines = [
        f"{a} {b} 1,{w} 8 16,{1 + 0.1 * a + 0.2 * b + 0.01 * w}" for a in (1, 2) for b in (1, 2) for w in (4, 8, 12)
    ]
    (tmp_path / "table.csv").write_text("\n".join(["depth,width,milliseconds", *lines]) + "\n")
    given = ("--from", tmp_path / "table.csv", "--device", "my board", "--runtime", "tflite 2", "--threads", 2)
    netspace("profile", "--space", "tiny", *given, "--out", tmp_path / "device.yaml")
    assert str(load_profile(tmp_path / "device.yaml").device) == "my board, tflite 2, batch 1, 2 threads"
