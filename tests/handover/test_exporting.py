"""Exports: equal to the trained network on real images, free of netspace, and deleted where they are not equal."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import netspace.handover.exporting as exporting
from netspace import NetspaceError, load_images
from netspace.data import ImageData
from netspace.handover import export_model, load_card, load_data, load_model
from netspace.handover.deployed import Deployed, fold_batch_norm
from netspace.handover.formats import KINDS
from netspace.handover.packages import silenced
from netspace.handover.parity import compare
from netspace.handover.source_code import load_source
from netspace.models import Network
from netspace.settings import DataSettings
from tests.handover.conftest import EVERYWHERE, Delivery

TORCH = {
    *("torch", "torchgen", "functorch", "typing_extensions", "sympy", "mpmath", "networkx", "filelock", "fsspec"),
    *("jinja2", "markupsafe", "PIL"),
}
ONNXRUNTIME = {"onnxruntime", "numpy", "PIL", "flatbuffers", "google", "packaging"}
ONLY = """
import importlib.machinery, sys
class Only:
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in allowed | sys.stdlib_module_names or name.startswith("_sysconfigdata"):
            return importlib.machinery.PathFinder.find_spec(name, path, target)
sys.meta_path[:] = [importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter, Only]
sys.path.insert(0, ".")
"""


def run_alone(folder: Path, allowed: set[str], code: str) -> str:
    """Run code in a folder, in a process that can import only what is allowed and the standard library."""
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-"],
        input=f"allowed = {allowed!r}\n{ONLY}\n{code}",
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def wanted_logits(delivery: Delivery, fashion: ImageData) -> tuple[list[list[list[int]]], np.ndarray]:
    """Return the pixels of twelve test images as lists, and the trained network's logits."""
    pixels = fashion.sealed_test().images[:12]
    with torch.no_grad():
        logits = delivery.model.network(delivery.model.normalise(pixels))
    return pixels.tolist(), logits.numpy()


LOADERS = {
    "python": "import model, torch; net = model.load()",
    "torch-export": "import torch; net = torch.export.load('model.pt2').module()",
    "onnx": "import run_onnx, numpy; net = run_onnx.load()",
}


def check_alone(delivery: Delivery, fashion: ImageData, name: str, run: Callable[[str], str]) -> None:
    """Compare the logits that a process computes from the exported files alone with the trained network's."""
    pixels, wanted = wanted_logits(delivery, fashion)
    make = "numpy.array(pixels, numpy.uint8)" if name == "onnx" else "torch.tensor(pixels, dtype=torch.uint8)"
    code = f"{LOADERS[name]}\nimport json\npixels = {pixels}\nprint(json.dumps(net({make}).tolist()))"
    logits = np.array(json.loads(run(code)))
    assert np.abs(logits - wanted).max() <= 1e-4
    assert np.array_equal(logits.argmax(1), wanted.argmax(1))


@pytest.mark.parametrize("name", LOADERS)
def test_the_files_work_where_nothing_of_netspace_can_be_imported(
    delivery: Delivery, fashion: ImageData, name: str
) -> None:
    allowed = {*ONNXRUNTIME, "run_onnx"} if name == "onnx" else {*TORCH, "model"}
    check_alone(delivery, fashion, name, lambda code: run_alone(delivery.exported, allowed, code))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("packages", "names"),
    [(["torch", "pillow"], ["python", "torch-export"]), (["onnxruntime", "numpy", "pillow"], ["onnx"])],
    ids=["torch", "onnxruntime"],
)
def test_the_files_work_in_a_fresh_environment(
    delivery: Delivery, fashion: ImageData, tmp_path: Path, packages: list[str], names: list[str]
) -> None:
    python = str(tmp_path / "venv" / "bin" / "python")
    pins = Path(__file__).parent.parent.parent / "constraints.txt"
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "-c", str(pins), *packages], check=True)
    assert subprocess.run([python, "-c", "import netspace"], capture_output=True, check=False).returncode == 1

    def run(code: str) -> str:
        script = tmp_path / "script.py"
        script.write_text(f"import sys; sys.path.insert(0, '.')\n{code}")
        done = subprocess.run(
            [python, "-I", "-B", str(script)], cwd=delivery.exported, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    for name in names:
        check_alone(delivery, fashion, name, run)


def test_what_is_not_allowed_can_not_be_imported_there(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="No module named 'netspace'"):
        run_alone(tmp_path, TORCH, "import netspace")


def test_the_exported_scripts_classify_image_files_of_any_kind_as_netspace_does(
    delivery: Delivery, photos: Path
) -> None:
    from netspace.handover import find_images, load_predictor

    files = [str(file) for file in find_images([photos])]
    predicted = load_predictor(delivery.exported).predict([Path(f) for f in files], on_fault=pytest.fail)
    wanted = [f"{p.file}  {p.label}  {p.probability:.3f}" for p in predicted]
    for script, allowed in (("model.py", TORCH), ("run_onnx.py", ONNXRUNTIME)):
        code = f"import runpy; sys.argv[1:] = {files!r}; runpy.run_path('{script}', run_name='__main__')"
        assert run_alone(delivery.exported, allowed, code).splitlines() == wanted


def test_every_format_is_compared_on_test_images_and_the_card_says_how_close_it_is(delivery: Delivery) -> None:
    exports = {export.format: export for export in load_card(delivery.exported).exports}
    assert set(exports) == {*EVERYWHERE, "onnx-int8"}
    for name in EVERYWHERE:
        assert exports[name].images == 256
        assert exports[name].difference <= 1e-4
        assert exports[name].agreement == 1.0
    assert delivery.result.failed == {}
    text = (delivery.exported / "card.md").read_text()
    assert "| onnx-int8 | `model-int8.onnx` |" in text


def test_eight_bits_are_told_with_the_error_before_and_after_and_stay_close(delivery: Delivery) -> None:
    (int8,) = (export for export in delivery.result.kept if export.format == "onnx-int8")
    assert delivery.result.before == pytest.approx(delivery.model.card.test_error)
    assert int8.test_error is not None
    assert abs(int8.test_error - delivery.result.before) < 0.05
    assert 0 < int8.difference < 1.0
    onnx = pytest.importorskip("onnx")
    graphs = [onnx.load(delivery.exported / f"model{kind}.onnx").graph for kind in ("", "-int8")]
    assert "QuantizeLinear" in {node.op_type for node in graphs[1].node}
    weights = [sum(len(tensor.raw_data) for tensor in graph.initializer) for graph in graphs]
    assert weights[1] < 0.5 * weights[0]  # of this small network; the graph itself is as long as its weights


def test_the_files_do_not_tell_the_paths_of_the_machine_that_made_them(delivery: Delivery) -> None:
    import zipfile

    own = str(Path(exporting.__file__).parent).encode()
    contents = {file.name: file.read_bytes() for file in delivery.exported.iterdir() if file.is_file()}
    with zipfile.ZipFile(delivery.exported / "model.pt2") as archive:
        contents |= {name: archive.read(name) for name in archive.namelist()}
    assert [name for name, content in contents.items() if own in content or b"site-packages" in content] == []


def test_folding_keeps_the_logits_and_leaves_no_batch_norm(
    delivery: Delivery, fashion: ImageData, tmp_path: Path
) -> None:
    done = export_model(delivery.model, fashion, tmp_path / "out", formats=("python", "torch-export"), fold=True)
    assert [export.agreement for export in done.kept] == [1.0, 1.0]
    assert all(0 < export.difference <= 1e-4 for export in done.kept)
    assert "BatchNorm2d" not in (tmp_path / "out" / "model.py").read_text()
    assert not any("norm" in name for name in load_file(tmp_path / "out" / "model.safetensors"))
    assert any("norm" in name for name in load_file(delivery.exported / "model.safetensors"))


def test_folding_multiplies_each_kernel_by_scale_over_deviation(delivery: Delivery) -> None:
    before, after = delivery.model.network.stem, fold_batch_norm(delivery.model.network).stem
    factor = before.norm.weight / torch.sqrt(before.norm.running_var + before.norm.eps)
    assert torch.allclose(after.conv.weight, before.conv.weight * factor[:, None, None, None])
    assert after.conv.bias is not None
    assert torch.allclose(after.conv.bias, before.norm.bias - before.norm.running_mean * factor)
    assert before.conv.bias is None


def shifted(deployed: Deployed, by: float) -> Deployed:
    """Return a network whose logits are off by a little in one class."""
    import copy

    other = copy.deepcopy(deployed)
    other.network.classifier.bias.data[0] += by
    return other


def test_an_export_that_fails_its_check_is_deleted_and_said_and_the_others_stay(
    delivery: Delivery, fashion: ImageData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = KINDS["torch-export"]
    wrong = dataclasses.replace(honest, write=lambda net, *rest: honest.write(shifted(net, 2e-4), *rest))
    monkeypatch.setitem(KINDS, "torch-export", wrong)
    done = export_model(delivery.model, fashion, tmp_path / "out", formats=("python", "torch-export"))
    assert [export.format for export in done.kept] == ["python"]
    assert done.failed["torch-export"].startswith("its logits differ by up to 2.0e-04 (allowed 1e-04)")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "card.json", "card.md", "labels.json", "model.py", "model.safetensors", "preprocessing.json",
    ]  # fmt: skip
    with pytest.raises(NetspaceError, match="no export passed its check, nothing is kept"):
        export_model(delivery.model, fashion, tmp_path / "other", formats=("torch-export",))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_eight_bits_fail_with_the_onnx_model_that_they_are_made_from(
    delivery: Delivery, fashion: ImageData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "onnx", dataclasses.replace(KINDS["onnx"], write=lambda *_: None))
    done = export_model(delivery.model, fashion, tmp_path / "out", formats=("python", "onnx"), int8=True)
    assert [export.format for export in done.kept] == ["python"]
    assert done.failed["onnx-int8"] == "model.onnx, which it is made from, failed its check"
    assert "cannot load" in done.failed["onnx"]


def test_a_library_that_cannot_be_loaded_is_the_fault_of_its_format_alone(
    delivery: Delivery, fashion: ImageData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("libtorchao.so: undefined symbol")  # as ctypes says it, with no number

    monkeypatch.setitem(KINDS, "onnx", dataclasses.replace(KINDS["onnx"], write=broken))
    done = export_model(delivery.model, fashion, tmp_path / "out", formats=("python", "onnx"))
    assert [export.format for export in done.kept] == ["python"]
    assert done.failed == {"onnx": "libtorchao.so: undefined symbol"}


def test_what_two_threads_silence_is_heard_again_afterwards(capfd: pytest.CaptureFixture[str]) -> None:
    first, second = threading.Event(), threading.Event()

    def early() -> None:
        with silenced():
            first.set()
            second.wait(0.2)

    def late() -> None:
        first.wait()
        with silenced():
            second.set()
            os.write(1, b"chatter")

    threads = [threading.Thread(target=work) for work in (early, late)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(1, b"a word")
    assert capfd.readouterr().out == "a word"


def test_parity_sees_a_difference_a_changed_class_and_what_is_no_number(fashion: ImageData) -> None:
    pixels = fashion.train.images[:70]
    model = lambda x: torch.stack([x.float().mean((1, 2, 3)), x.float().amax((1, 2, 3))], 1)  # noqa: E731
    assert compare(model, model, pixels).holds
    near = compare(model, lambda x: model(x) + 0.5, pixels)
    assert (near.images, near.difference, near.agreement, near.holds) == (70, 0.5, 1.0, False)
    assert compare(model, lambda x: -model(x), pixels).agreement == 0.0
    assert compare(model, lambda x: model(x) * torch.nan, pixels).difference == float("inf")


def test_a_folder_that_is_not_empty_is_left_alone(delivery: Delivery, fashion: ImageData, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(NetspaceError, match="is there and not an empty folder; give another --out"):
        export_model(delivery.model, fashion, tmp_path, formats=("python",))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_eight_bits_need_a_format_that_has_them_and_missing_packages_are_named(
    delivery: Delivery, fashion: ImageData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NetspaceError, match="--int8 quantises the formats onnx, openvino, litert, executorch; add one"):
        export_model(delivery.model, fashion, tmp_path / "out", formats=("python",), int8=True)
    monkeypatch.setattr("netspace.handover.packages.find_spec", lambda name: None)
    with pytest.raises(
        NetspaceError, match=r"format onnx needs onnx, onnxscript, onnxruntime, .*install netspace\[export\]"
    ):
        export_model(delivery.model, fashion, tmp_path / "out", formats=("onnx",))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("architecture", "classes", "message"),
    [
        ({"width": (8, 8, 16)}, 10, "holds the weights of another architecture than d=(1,2,1) w=(8,8,12): stages.2.0"),
        ({"depth": (1, 1, 1)}, 10, "stages.1.1.first.conv.weight is missing, expected (8, 8, 3, 3)"),
        ({}, 4, "holds a network of 4 classes, but its card names 10"),
    ],
)
def test_weights_that_do_not_belong_to_the_card_are_refused(
    delivery: Delivery, tmp_path: Path, architecture: dict[str, tuple[int, ...]], classes: int, message: str
) -> None:
    shutil.copytree(delivery.trained, tmp_path / "trained")
    chosen = delivery.model.card.architecture
    other = dataclasses.replace(chosen, template=None, cost=None, **architecture).architecture
    template = dataclasses.replace(delivery.model.card.template, classes=classes)
    save_file(Network(other, template).state_dict(), tmp_path / "trained" / "model.safetensors")
    with pytest.raises(NetspaceError) as caught:
        load_model(tmp_path / "trained")
    assert message in str(caught.value)


def test_broken_or_missing_weights_are_named(delivery: Delivery, tmp_path: Path) -> None:
    shutil.copytree(delivery.trained, tmp_path / "trained")
    (tmp_path / "trained" / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(NetspaceError, match=r"cannot read the weights .*model.safetensors"):
        load_model(tmp_path / "trained")
    (tmp_path / "trained" / "model.safetensors").unlink()
    with pytest.raises(NetspaceError, match=r"cannot read the weights .*model.safetensors"):
        load_model(tmp_path / "trained")


def test_images_that_moved_or_changed_since_the_training_are_refused(delivery: Delivery, image_folder: Path) -> None:
    card = delivery.model.card
    moved = dataclasses.replace(card, data=DataSettings("./gone"))
    with pytest.raises(NetspaceError, match=r"dataset './gone' is not there.*say with --dataset where they are"):
        load_data(moved, delivery.trained)
    assert load_data(moved, delivery.trained, "fashion").fingerprint == card.fingerprint
    with pytest.raises(NetspaceError, match=r"has 3 classes .*, but the network was trained on 10"):
        load_data(card, delivery.trained, str(image_folder))
    images = load_images(DataSettings("fashion", image_size=32))
    other = dataclasses.replace(card, fingerprint=images.fingerprint)
    with pytest.raises(NetspaceError, match=r"holds other images than .* was made on .*--accept-changed-data"):
        load_data(other, delivery.trained)
    notes: list[str] = []
    load_data(other, delivery.trained, accept_changed_data=True, on_note=notes.append)
    assert "the data have changed" in notes[0]


def test_running_the_exported_source_leaves_nothing_in_its_folder(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    before = sorted(delivery.exported.rglob("*"))
    load_source(delivery.exported)
    assert sorted(delivery.exported.rglob("*")) == before


def test_a_model_whose_files_do_not_fit_is_named(delivery: Delivery, tmp_path: Path) -> None:
    shutil.copytree(delivery.exported, tmp_path / "out")
    (tmp_path / "out" / "model.safetensors").unlink()
    with pytest.raises(NetspaceError, match=r"cannot load .*model.py with its model.safetensors"):
        load_source(tmp_path / "out")
