"""Nothing that is read runs as code: every kind of file tries to leave a mark."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from netspace import NetspaceError, load_elite, load_search_space, resolve
from netspace.config import load_recipe
from netspace.documents import parse_yaml
from netspace.handover import export_model, load_card, load_data, load_model, load_predictor
from netspace.handover.deployed import Deployed
from netspace.handover.exporting import write_description
from netspace.handover.runners import ONNX_RUNNER
from netspace.handover.source_code import SOURCE, load_source, write_source
from netspace.handover.torch_program import PROGRAM
from netspace.names import in_code, in_markdown
from netspace.records import load_architecture
from netspace.report import gather
from netspace.runs import Run
from netspace.search import Checkpoint, RunFolder
from tests.handover.conftest import Delivery


class Marking:
    """A value whose pickle leaves a mark when it is read."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self._mark),)


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[Path]:
    """Where code would leave a mark, if it ran; looked at after the test."""
    yield tmp_path / "mark"
    assert not (tmp_path / "mark").exists()


def payloads(mark: Path) -> list[str]:
    code = f"__import__('os').mkdir({str(mark)!r})"
    return [
        f'x"""\n{code}\n"""',
        f"x'''\n{code}\n'''",
        f"'+{code}+'",
        f'"+{code}+"',
        f"\n{code}\n#",
        f'\\"""\n{code}\n"""',
        f"${{{code}}} $conv_norm",
        f"\u2028{code}\x0c{code}\r{code}",
        code,
    ]


def texts(plain: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every text in plain data."""
    for key, value in plain.items() if isinstance(plain, dict) else enumerate(plain):
        if isinstance(value, str):
            yield (*path, key)
        elif isinstance(value, (dict, list)):
            yield from texts(value, (*path, key))


def replaced(plain: Any, path: tuple[Any, ...], value: str) -> Any:
    changed = json.loads(json.dumps(plain))
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


def without_task(source: str) -> str:
    """Return what a source does, whatever it says that the task is."""
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TASK":
            assert isinstance(node.value, ast.Constant)
            node.value = ast.Constant("task")
    return ast.dump(tree)


def test_no_text_of_a_card_becomes_code(delivery: Delivery, tmp_path: Path, mark: Path) -> None:
    folder = tmp_path / "trained"
    shutil.copytree(delivery.trained, folder)
    plain = json.loads((folder / "card.json").read_text())
    plain["exports"] = json.loads((delivery.exported / "card.json").read_text())["exports"]
    wanted = [without_task((delivery.exported / name).read_text()) for name in (SOURCE, ONNX_RUNNER.file)]
    places = list(texts(plain))
    assert {("task",), ("device",), ("classes", 0), ("data", "dataset"), ("recipe", "name")} <= set(places)
    taken = set()
    for place in places:
        for payload in payloads(mark):
            (folder / "card.json").write_text(json.dumps(replaced(plain, place, payload)))
            try:
                model = load_model(folder)
            except NetspaceError:
                continue
            taken.add(place)
            write_source(Deployed(model), model.card, tmp_path)
            load_source(tmp_path)
            write_description(model.card, tmp_path)
            found = [(tmp_path / SOURCE).read_text(), ONNX_RUNNER.text("model.onnx", "model-int8.onnx", model.card)]
            assert list(map(without_task, found)) == wanted
    assert taken >= {("task",), ("classes", 0), ("data", "dataset"), ("recipe", "name")}


def test_a_card_is_one_line_a_row_whatever_its_texts_are(delivery: Delivery, tmp_path: Path, mark: Path) -> None:
    folder = tmp_path / "trained"
    shutil.copytree(delivery.trained, folder)
    plain = json.loads((folder / "card.json").read_text())
    before = (folder / "card.md").read_text().splitlines()
    for text in ("a | b", "<script>alert(1)</script>", "[x](http://y)", "two\nlines", "\x1b[2J", "`code`", "$x_{$"):
        changed = {**plain, "classes": [text, *plain["classes"][1:]]}
        changed["data"] = {**plain["data"], "dataset": text}
        changed["architecture"] = {**plain["architecture"], "provenance": {"score": text}}
        (folder / "card.json").write_text(json.dumps(changed))
        card = load_card(folder)
        assert card.classes[0] == text
        write_description(card, tmp_path)
        assert json.loads((tmp_path / "labels.json").read_text())[0] == text
        lines = (tmp_path / "card.md").read_text().splitlines()
        assert len(lines) == len(before)
        assert all(line.replace(r"\|", "").count("|") in (0, 3) for line in lines)
        rows = {line.split(" | ")[0]: line for line in lines if line.startswith("| ")}
        assert f"10 classes: {in_markdown(text)}, " in rows["| task"]
        assert rows["| data"].startswith(f"| data | {in_code(text)} (")
        assert rows["| score"] == f"| score | {in_markdown(text)} |"
        assert not any("\x1b" in line for line in lines)


@pytest.mark.parametrize("text", ["two\nlines", "\x1b]0;title\x07", "x" * 300])
@pytest.mark.parametrize("field", ["task", "device", "fingerprint"])
def test_the_texts_that_are_ours_are_one_short_line(delivery: Delivery, tmp_path: Path, field: str, text: str) -> None:
    plain = json.loads((delivery.trained / "card.json").read_text())
    (tmp_path / "card.json").write_text(json.dumps({**plain, field: text}))
    with pytest.raises(NetspaceError, match=f"card.json: {field}: "):
        load_card(tmp_path)


@pytest.mark.parametrize("folded", [False, True])
def test_predict_builds_the_network_of_card_and_weights_and_never_runs_model_py(
    delivery: Delivery, photos: Path, tmp_path: Path, mark: Path, folded: bool
) -> None:
    out = tmp_path / "out"
    if folded:
        images = load_data(delivery.model.card, delivery.trained)
        export_model(delivery.model, images, out, formats=("python",), fold=True)
    else:
        shutil.copytree(delivery.exported, out)
    for name in (SOURCE, ONNX_RUNNER.file):
        (out / name).write_text(f"import os\nos.mkdir({str(mark)!r})\n")
    shutil.copy(out / SOURCE, out / "torch.py")
    predictor, files = load_predictor(out), [photos / "plain.png", photos / "colour.png"]
    assert predictor.format == "python"
    found = list(predictor.predict(files, on_fault=pytest.fail))
    wanted = list(load_predictor(delivery.exported, "onnx").predict(files, on_fault=pytest.fail))
    assert [p.label for p in found] == [p.label for p in wanted]
    assert [p.probability for p in found] == pytest.approx([p.probability for p in wanted], abs=1e-5)


def test_only_the_exporter_runs_the_source_that_it_has_just_written(
    delivery: Delivery, tmp_path: Path, mark: Path
) -> None:
    left = tmp_path / "out.partial"
    left.mkdir()
    (left / SOURCE).write_text(f"import os\nos.mkdir({str(mark)!r})\n")
    export_model(
        delivery.model, load_data(delivery.model.card, delivery.trained), tmp_path / "out", formats=("python",)
    )
    assert not left.exists()


def rewritten(program: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Write a file of torch.export anew with its entries changed."""
    with zipfile.ZipFile(program) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    with zipfile.ZipFile(program, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def pickled(value: Any) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


GRAPH, INPUTS = "archive/models/model.json", "archive/data/sample_inputs/model.pt"
WEIGHTS, CONSTANTS = (
    "archive/data/weights/model_weights_config.json",
    "archive/data/constants/model_constants_config.json",
)


def edited(entries: dict[str, bytes], name: str, change: Callable[[Any], None]) -> None:
    plain = json.loads(entries[name])
    change(plain)
    entries[name] = json.dumps(plain).encode()


def sample_inputs(entries: dict[str, bytes], mark: Path) -> None:
    entries[INPUTS] = pickled(((Marking(mark),), {}))


def pickled_weight(entries: dict[str, bytes], mark: Path) -> None:
    entries["archive/data/weights/weight_0"] = pickled(Marking(mark))
    edited(entries, WEIGHTS, lambda plain: next(iter(plain["config"].values())).update(use_pickle=True))


def pickled_weight_in_other_words(entries: dict[str, bytes], mark: Path) -> None:
    entries["archive/data/weights/weight_0"] = pickled(Marking(mark))
    edited(entries, WEIGHTS, lambda plain: next(iter(plain["config"].values())).update(use_pickle=["yes"]))


def guards(entries: dict[str, bytes], mark: Path) -> None:
    edited(entries, GRAPH, lambda plain: plain.update(guards_code=[f"__import__('os').mkdir({str(mark)!r})"]))


def weights_of_old(entries: dict[str, bytes], mark: Path) -> None:
    entries["archive/data/weights/model.pt"] = pickled({"network.stem.conv.weight": Marking(mark)})


def opaque_constant(entries: dict[str, bytes], mark: Path) -> None:
    entries["archive/data/constants/opaque_obj_0"] = pickle.dumps(Marking(mark))
    meta = {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True, "tensor_meta": None}
    edited(entries, CONSTANTS, lambda plain: plain["config"].update(x=meta))


def function_of_torch(entries: dict[str, bytes], mark: Path) -> None:
    node = {"target": "torch.os.mkdir", "inputs": [{"name": "", "arg": {"as_string": str(mark)}, "kind": 1}]}
    node |= {"outputs": [], "metadata": {}, "is_hop_single_tensor_return": None, "name": "made"}
    edited(entries, GRAPH, lambda plain: plain["graph_module"]["graph"]["nodes"].insert(0, node))


def file_of_aten(entries: dict[str, bytes], mark: Path) -> None:
    def change(plain: Any) -> None:
        plain["graph_module"]["graph"]["nodes"][1]["target"] = "torch.ops.aten.from_file.default"

    edited(entries, GRAPH, change)


def expression(entries: dict[str, bytes], mark: Path) -> None:
    code = json.dumps(f"__import__('os').mkdir({str(mark)!r})")[1:-1].encode()
    entries[GRAPH] = entries[GRAPH].replace(b"Symbol('s", code + b" or Symbol('s")


def name_in_source(entries: dict[str, bytes], mark: Path) -> None:
    name = json.dumps(f"x=__import__('os').mkdir({str(mark)!r})\n    linear").encode()
    entries[GRAPH] = entries[GRAPH].replace(b'"linear"', name)


def nested_type(entries: dict[str, bytes], mark: Path) -> None:
    entries[GRAPH] = entries[GRAPH].replace(b"builtins.tuple", b"os.PathLike")


def native_library(entries: dict[str, bytes], mark: Path) -> None:
    entries["archive/data/aotinductor/model/model.so"] = b"\x7fELF"


ATTACKS = (
    *(sample_inputs, pickled_weight, weights_of_old, opaque_constant, function_of_torch, file_of_aten, expression),
    *(pickled_weight_in_other_words, name_in_source, nested_type, native_library),
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_program_that_carries_code_is_refused(
    delivery: Delivery, tmp_path: Path, mark: Path, attack: Callable[[dict[str, bytes], Path], None]
) -> None:
    out = tmp_path / "out"
    shutil.copytree(delivery.exported, out)
    rewritten(out / PROGRAM, lambda entries: attack(entries, mark))
    with pytest.raises(
        NetspaceError, match=r"cannot load .*model.pt2: it.*, which no export of netspace does"
    ) as refused:
        load_predictor(out, "torch-export")
    assert "\n" not in str(refused.value)


def test_source_code_that_checks_shapes_is_left_out(delivery: Delivery, tmp_path: Path, mark: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(delivery.exported, out)
    rewritten(out / PROGRAM, lambda entries: guards(entries, mark))
    assert load_predictor(out, "torch-export").format == "torch-export"


@pytest.mark.parametrize("attack", [sample_inputs, expression])
def test_the_marks_are_real_since_torch_itself_leaves_them(
    delivery: Delivery, tmp_path: Path, attack: Callable[[dict[str, bytes], Path], None]
) -> None:
    program, made = tmp_path / PROGRAM, tmp_path / "made"
    shutil.copy(delivery.exported / PROGRAM, program)
    rewritten(program, lambda entries: attack(entries, made))
    with contextlib.suppress(Exception):
        torch.export.load(program)
    if not made.exists():
        pytest.skip("this version of torch refuses it by itself")


def test_entries_that_come_twice_or_packed_are_refused(delivery: Delivery, tmp_path: Path) -> None:
    for name, method in (("archive/data/weights/weight_0", zipfile.ZIP_STORED), (GRAPH, zipfile.ZIP_DEFLATED)):
        out = tmp_path / str(method)
        shutil.copytree(delivery.exported, out)
        if method == zipfile.ZIP_STORED:
            with zipfile.ZipFile(out / PROGRAM, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
                archive.writestr(name, b"1234")
        else:
            with zipfile.ZipFile(out / PROGRAM) as archive:
                entries = {entry: archive.read(entry) for entry in archive.namelist()}
            with zipfile.ZipFile(out / PROGRAM, "w", method) as archive:
                for entry, content in entries.items():
                    archive.writestr(entry, content)
        with pytest.raises(NetspaceError, match="it holds the entry"):
            load_predictor(out, "torch-export")


def test_a_program_as_older_versions_of_torch_write_it_still_loads(delivery: Delivery, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(delivery.exported, out)
    program = torch.export.load(out / PROGRAM)

    def change(entries: dict[str, bytes]) -> None:
        for name in [name for name in entries if "/weights/" in name or "/constants/" in name]:
            del entries[name]
        entries["archive/data/weights/model.pt"] = pickled(dict(program.state_dict))
        entries["archive/data/constants/model.pt"] = pickled({})

    rewritten(out / PROGRAM, change)
    pixels = torch.randint(0, 256, (3, 1, 28, 28), dtype=torch.uint8)
    old, new = (load_predictor(place, "torch-export").model(pixels) for place in (out, delivery.exported))
    assert torch.equal(old, new)


@pytest.mark.parametrize(
    ("format", "name"),
    [
        ("python", "model.safetensors"),
        ("torch-export", PROGRAM),
        ("onnx", "model.onnx"),
        ("onnx-int8", "model-int8.onnx"),
    ],
)
@pytest.mark.parametrize("write", [pickle.dumps, pickled])
def test_weights_and_models_that_are_pickles_are_refused(
    delivery: Delivery, tmp_path: Path, mark: Path, format: str, name: str, write: Callable[[Any], bytes]
) -> None:
    out = tmp_path / "out"
    shutil.copytree(delivery.exported, out)
    (out / name).write_bytes(write(Marking(mark)))
    with pytest.raises(NetspaceError, match=name):
        load_predictor(out, format)
    shutil.copytree(delivery.trained, tmp_path / "trained")
    (tmp_path / "trained" / "model.safetensors").write_bytes(write(Marking(mark)))
    with pytest.raises(NetspaceError, match="cannot read the weights"):
        load_model(tmp_path / "trained")


def test_a_checkpoint_that_is_a_pickle_is_refused(tmp_path: Path, mark: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.save(Checkpoint(1, {"x": torch.zeros(1)}, {"y": 1}))
    (checkpoint,) = folder.path.glob("checkpoint-*")
    for name in ("state.pt", "weights.safetensors"):
        before = (checkpoint / name).read_bytes()
        for content in (pickled({"y": Marking(mark)}), pickle.dumps(Marking(mark))):
            (checkpoint / name).write_bytes(content)
            with pytest.raises(NetspaceError):
                folder.load()
        (checkpoint / name).write_bytes(before)
    assert folder.load() is not None


READERS: tuple[Callable[[Path], object], ...] = (
    load_elite,
    load_architecture,
    lambda file: load_search_space(str(file)),
    lambda file: load_recipe(str(file)),
    lambda file: resolve("tiny", file=file),
    lambda file: Run(file.parent).config,
    lambda file: gather([file.parent]),
    lambda file: parse_yaml(file.read_text(), str(file)),
)


@pytest.mark.parametrize("tag", ["python/object/apply:os.mkdir", "python/object/new:os.mkdir", "python/name:os.mkdir"])
def test_yaml_makes_no_objects(tmp_path: Path, mark: Path, tag: str) -> None:
    for reader in READERS:
        for name in ("config.yaml", "elite-3M.yaml"):
            (tmp_path / name).write_text(f"x: !!{tag} [{str(mark)!r}]\nschema: 2\n")
        with pytest.raises(NetspaceError):
            reader(tmp_path / "config.yaml")


def test_a_card_alone_looks_nothing_up_on_the_network(
    delivery: Delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a request to the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    plain = json.loads((delivery.trained / "card.json").read_text())
    for name in ("someone/dataset", "cifar10", "https://example.org/data", "./gone"):
        (tmp_path / "card.json").write_text(json.dumps({**plain, "data": {**plain["data"], "dataset": name}}))
        with pytest.raises(NetspaceError, match=f"'{name}' is not there.*say with --dataset where they are"):
            load_data(load_card(tmp_path), tmp_path)
