"""Formats of devices (OpenVINO, LiteRT, ExecuTorch): equal to the network, small in eight bits, run without netspace.

Their packages are heavy, so they are not among those of the tests: what is not installed is skipped here, and tried in
an environment of its own by the slow tests below (`pytest -m slow tests/handover/test_device_formats.py`).
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from netspace.data import ImageData
from netspace.errors import NetspaceError
from netspace.handover import Format, export_model, load_card, load_predictor
from netspace.handover.formats import FILES, KINDS, writable
from tests.handover.conftest import Delivery

DEVICES: tuple[Format, ...] = ("openvino", "litert", "executorch")
ROOT = Path(__file__).parent.parent.parent
WITHOUT_PINS = ["litert-torch==0.10.0", "litert-converter==0.5.0", "xdsl==0.28.0"]
RUNTIME = {
    "openvino": ["openvino"],
    "litert": ["ai-edge-litert"],
    "executorch": ["executorch", "torch"],
}


def here(name: Format) -> None:
    if name not in writable():
        pytest.skip(f"what {name} needs is not installed")


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("fold", [False, True], ids=["plain", "folded"])
def test_a_format_of_a_device_computes_what_the_network_does_and_little_else_in_eight_bits(
    delivery: Delivery, fashion: ImageData, tmp_path: Path, name: Format, fold: bool
) -> None:
    here(name)
    done = export_model(delivery.model, fashion, tmp_path / "out", formats=(name,), fold=fold, int8=True)
    assert done.failed == {}
    plain, int8 = done.kept
    assert plain.difference <= 1e-4
    assert plain.agreement == 1.0
    assert done.before is not None
    assert int8.test_error is not None
    assert abs(int8.test_error - done.before) < 0.05
    assert int8.agreement > 0.95
    card = load_card(tmp_path / "out")
    for export in card.exports:
        assert export.latency is not None
        assert export.latency.milliseconds > 0
        assert export.size == sum(
            file.stat().st_size
            for file in (tmp_path / "out").glob(f"{Path(export.file).stem}.*")
            if file.suffix != ".py"
        )
    assert card.exports[0].peak_memory == 4 * (card.exports[1].peak_memory or 0)


@pytest.mark.parametrize("name", DEVICES)
def test_predict_runs_a_format_of_a_device_and_says_what_is_wrong_with_its_file(
    delivery: Delivery, fashion: ImageData, photos: Path, tmp_path: Path, name: Format
) -> None:
    here(name)
    export_model(delivery.model, fashion, tmp_path / "out", formats=(name,), int8=True)
    files = [photos / "plain.png", photos / "colour.png"]
    wanted = list(load_predictor(delivery.exported, "onnx").predict(files, on_fault=pytest.fail))
    for format, near in ((name, 1e-5), (f"{name}-int8", 0.1)):
        found = list(load_predictor(tmp_path / "out", format).predict(files, on_fault=pytest.fail))
        assert [p.probability for p in found] == pytest.approx([p.probability for p in wanted], abs=near)
    for content in (b"", b"no model", (tmp_path / "out" / FILES[name]).read_bytes()[:500]):
        (tmp_path / "out" / FILES[name]).write_bytes(content)
        with pytest.raises(NetspaceError, match=FILES[name]):
            load_predictor(tmp_path / "out", name)


@pytest.mark.parametrize("name", DEVICES)
def test_a_format_that_is_not_installed_is_named_with_its_extra(
    delivery: Delivery, fashion: ImageData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: Format
) -> None:
    monkeypatch.setattr("netspace.handover.packages.find_spec", lambda name: None)
    how = rf"format {name} needs .*; install netspace\[{KINDS[name].extra}\]"
    how += ", then by pip install --no-deps litert-torch" if name == "litert" else ""
    with pytest.raises(NetspaceError, match=how):
        export_model(delivery.model, fashion, tmp_path / "out", formats=("python", name))
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", DEVICES)
def test_an_extra_of_a_format_brings_what_it_needs_and_its_runtime_alone_runs_what_it_wrote(
    delivery: Delivery, photos: Path, tmp_path: Path, name: Format
) -> None:
    maker, runner = environment(tmp_path / "maker"), environment(tmp_path / "runner")
    install(maker, "-c", str(ROOT / "constraints.txt"), f"{ROOT}[export,{KINDS[name].extra}]")
    if name == "litert":
        install(maker, "--no-deps", *WITHOUT_PINS)
    out = tmp_path / "out"
    command = [maker, "-m", "netspace", "export", str(delivery.trained), "--format", name, "--int8", "--out", str(out)]
    run(command, tmp_path)
    install(maker, "pytest", "hypothesis")
    run([maker, "-m", "pytest", "-p", "no:cacheprovider", str(Path(__file__)), "-k", name], ROOT)
    images = [str(file) for file in sorted(photos.iterdir())]
    predicted = json.loads(
        run([maker, "-m", "netspace", "predict", str(out), *images, "--format", name, "--json"], out)
    )
    install(runner, "-c", str(ROOT / "constraints.txt"), *RUNTIME[name], "numpy", "pillow")
    assert subprocess.run([runner, "-c", "import netspace"], capture_output=True, check=False).returncode == 1
    lines = run([runner, "-I", "-B", str(out / f"run_{name}.py"), *images], out).splitlines()
    assert [line.split("  ")[1] for line in lines] == [row["class"] for row in predicted]
    probabilities = [float(line.split("  ")[2]) for line in lines]
    assert np.allclose(probabilities, [row["probability"] for row in predicted], atol=2e-3)
    int8 = run([runner, "-I", "-B", str(out / f"run_{name}.py"), "--model", FILES[f"{name}-int8"], *images], out)
    assert len(int8.splitlines()) == len(images)


def environment(folder: Path) -> str:
    """Make a fresh environment and return its Python."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return str(folder / "bin" / "python")


def install(python: str, *packages: str) -> None:
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
