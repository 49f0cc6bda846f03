"""A file of torch.export made anew of what a network of ours needs: a graph of known operations, words and numbers."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

# What torch.export.load does with a file of another hand: it unpickles entries, evaluates expressions, puts names into
# source code, loads native libraries, and calls whatever function of torch a node names. So nothing passes but this.
ENTRY = re.compile(
    r"archive_format|archive_version|byteorder|\.data/\w+|models/model\.json|data/weights/weight_\d+"
    r"|data/(weights|constants)/model_\w+_config\.json|data/(weights|constants|sample_inputs)/model\.pt"
)
OPERATIONS = {
    f"torch.ops.aten.{name}"
    for name in (
        *("_assert_tensor_metadata.default", "to.dtype", "_to_copy.default", "sub.Tensor", "div.Tensor", "mul.Tensor"),
        *("conv2d.default", "batch_norm.default", "relu.default", "add.Tensor", "slice.Tensor", "pad.default"),
        *("max_pool2d.default", "avg_pool2d.default", "mean.dim", "linear.default"),
        *("relu6.default", "silu.default", "hardswish.default", "sigmoid.default", "unsqueeze.default"),
    )
}
ARGUMENTS = {
    *("as_tensor", "as_tensors", "as_none", "as_int", "as_ints", "as_sym_int", "as_sym_ints", "as_float", "as_floats"),
    *("as_bool", "as_bools", "as_expr", "as_scalar_type", "as_memory_format", "as_layout", "as_device"),
}
WORD = re.compile(r"[A-Za-z0-9_.+]{0,300}")
SYMBOL = re.compile(r"s\d{1,6}|Symbol\('s\d{1,6}'(, [a-z]{1,20}=(True|False))*\)")
CONTAINERS = (None, "builtins.tuple", "builtins.list", "builtins.dict")


class VettingError(ValueError):
    """A file of torch.export holds what no export of ours does."""


def vetted(file: Path) -> io.BytesIO:
    """Return a file of torch.export, made anew without anything that could run.

    Args:
        file: which may be another's.

    Raises:
        VettingError: names what no export of ours holds.
        Exception: of zipfile, json or torch, where the file is no such file at all.
    """
    anew, seen = io.BytesIO(), set()
    with zipfile.ZipFile(file) as given, zipfile.ZipFile(anew, "w", zipfile.ZIP_STORED) as taken:
        for entry in given.infolist():
            name = entry.filename.partition("/")[2]
            if name in seen or entry.compress_type != zipfile.ZIP_STORED or not ENTRY.fullmatch(name):
                raise VettingError(f"it holds the entry {entry.filename!r}")
            seen.add(name)
            taken.writestr(f"model/{name}", _content(name, given.read(entry)))
    anew.seek(0)
    return anew


def _content(name: str, content: bytes) -> bytes:
    if name.startswith("data/weights/weight_"):
        return content  # numbers, whatever the bytes
    if name.endswith(".json"):
        return json.dumps(_plain(json.loads(content))).encode()
    if name.endswith(".pt"):
        return _tensors(content, name) if content else content
    _word(content.decode().strip(), name)
    return content


def _tensors(content: bytes, name: str) -> bytes:
    """Read tensors and plain containers of them, and nothing else, and write them anew."""
    anew = io.BytesIO()
    try:
        values = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    except UnpicklingError:  # torch's own text says how to run the pickle all the same
        raise VettingError(f"its entry {name} pickles more than tensors") from None
    torch.save(values, anew)
    return anew.getvalue()


def _plain(value: Any, key: str = "") -> Any:
    """Return a value of a graph's description, every text in it checked."""
    if key in ("metadata", "guards_code"):  # where in our source a node is from; source code that checks shapes
        return type(value)()
    if key == "use_pickle" and value is not False:
        raise VettingError("it holds pickled weights")
    if isinstance(value, dict):
        return {_word(name, "a key"): _plain(inner, name) for name, inner in value.items() if _argument(name)}
    if isinstance(value, list):
        return [_plain(inner, key) for inner in value]
    if isinstance(value, str):
        return _text(value, key)
    return value


def _argument(name: str) -> bool:
    if name.startswith("as_") and name not in ARGUMENTS:
        raise VettingError(f"it holds an argument of the kind {name!r:.80}")
    return True


def _text(text: str, key: str) -> str:
    if key == "target":
        allowed = text in OPERATIONS
    elif key == "expr_str":
        allowed = SYMBOL.fullmatch(text) is not None
    elif key in ("in_spec", "out_spec"):
        return json.dumps(_containers(json.loads(text)))
    else:
        return _word(text, key)
    if not allowed:
        raise VettingError(f"its {key} is {text!r:.80}")
    return text


def _containers(spec: Any) -> Any:
    """Return the description of how arguments are nested, which names tuples, lists and dicts alone."""
    if isinstance(spec, list):
        return [_containers(inner) for inner in spec]
    if isinstance(spec, dict):
        if spec.get("type") not in CONTAINERS or spec.get("context") not in (None, "null", "[]"):
            raise VettingError(f"its arguments are {spec!r:.80}")
        children = _containers(spec["children_spec"])
        return {"type": spec["type"], "context": spec["context"], "children_spec": children}
    if not isinstance(spec, int):
        raise VettingError(f"its arguments are {spec!r:.80}")
    return spec


def _word(text: str, key: str) -> str:
    if not WORD.fullmatch(text) or "__" in text:
        raise VettingError(f"its {key} is {text!r:.80}")
    return text
