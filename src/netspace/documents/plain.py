"""Values of ours and plain data: strict reading with every fault named by its path, and writing as YAML."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any, TypeVar

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from netspace.errors import NetspaceError, did_you_mean

T = TypeVar("T")
SHOWN = 80  # characters of a value at fault


class _Dumper(yaml.SafeDumper):
    """Block style for what nests, flow style (one line) for what is flat."""

    def represent_flat(self, data: Any, node: yaml.Node) -> yaml.Node:
        children = data.values() if isinstance(data, dict) else data
        if isinstance(node, yaml.CollectionNode):
            node.flow_style = not any(isinstance(child, (dict, list, tuple)) for child in children)
        return node


_Dumper.add_representer(dict, lambda d, v: d.represent_flat(v, d.represent_mapping("tag:yaml.org,2002:map", v.items())))
for _kind in (list, tuple):
    _Dumper.add_representer(_kind, lambda d, v: d.represent_flat(v, d.represent_sequence("tag:yaml.org,2002:seq", v)))


def later(default: Any, **limits: Any) -> Any:
    """Return the default of a field that a class of ours gets after values of it were written.

    At its default it is left out of every dump: files and fingerprints of values that do not use it stay as they were,
    so that runs, stores and caches of before still belong to them.

    Args:
        default: a value that is not changed in place.
        limits: further arguments of pydantic's Field, such as `ge=0`.
    """
    return Field(default, exclude_if=lambda value: bool(value == default), **limits)


def formerly(before: Any, *, now: Any) -> Any:
    """Return the default of a field that had another one when values of it were written.

    A fingerprint tells both apart from all else, but not from each other: stores of before still belong to values at
    the new default. For defaults that may change how a result is computed, and not what it means.

    Args:
        before: the default that it had.
        now: the default that it has.
    """
    return Field(now, json_schema_extra={"before": before})


def to_plain(value: Any) -> Any:
    """Return a value of ours as dicts, lists, numbers and strings."""
    return TypeAdapter(type(value)).dump_python(value, mode="json", exclude_none=True)


def to_yaml(value: Any) -> str:
    """Write a value of ours, or plain data, as YAML text, keys in the order of the fields."""
    plain = value if isinstance(value, (dict, list)) else to_plain(value)
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def fingerprint(value: Any) -> str:
    """Return sixteen hexadecimal digits that change where a value of ours does."""
    return hashlib.blake2b(to_yaml(_as_before(value)).encode(), digest_size=8).hexdigest()


def _as_before(value: Any) -> Any:
    """Return a value with the defaults that its own fields had formerly."""
    known = getattr(value, "__pydantic_fields__", {})
    extras = {name: field.json_schema_extra for name, field in known.items()}
    fields = {name: extra["before"] for name, extra in extras.items() if isinstance(extra, dict) and "before" in extra}
    defaults = {name: old for name, old in fields.items() if getattr(value, name) == known[name].default}
    return replace(value, **defaults) if defaults else value


def from_plain(kind: type[T], plain: Any, source: str) -> T:
    """Check plain data and return it as a value of `kind`.

    Args:
        kind: a pydantic dataclass or model.
        plain: dicts, lists, numbers and strings.
        source: what to call the data in an error (a file's path).

    Raises:
        NetspaceError: names each field at fault by its path, and the nearest valid key.
    """
    try:
        return TypeAdapter(kind).validate_python(plain)
    except UnicodeEncodeError as error:
        raise NetspaceError(f"{source}: a text holds {error.object[error.start]!a}, which is no character") from None
    except ValidationError as error:
        faults = error.errors()
        # A sequence whose only item is at fault is also reported as too short, which helps nobody.
        faults = [f for f in faults if f["type"] != "too_short" or not any(_inside(g, f) for g in faults)]
        described = "; ".join(_describe(kind, fault) for fault in faults)
        raise NetspaceError(f"{source}: {described}") from None


def _inside(fault: Any, other: Any) -> bool:
    return len(fault["loc"]) > len(other["loc"]) and fault["loc"][: len(other["loc"])] == other["loc"]


def _describe(kind: type[Any], fault: Any) -> str:
    path = ".".join(str(part) for part in fault["loc"] if part != "knobs")  # knobs lie flat in files
    if fault["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"unknown key '{path}', {did_you_mean(str(fault['loc'][-1]), keys_at(kind, fault['loc'][:-1]))}"
    given = fault.get("input")
    hidden = fault["type"] in ("missing", "value_error") or isinstance(given, (dict, list))
    shown = "" if hidden else f" (got {_shortened(repr(given))})"
    message = fault["msg"].removeprefix("Value error, ") + shown
    return f"{path}: {message}" if path else message


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def keys_at(kind: type[Any], path: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are allowed at a path inside a document of `kind`."""
    schema = TypeAdapter(kind).json_schema()
    node: dict[str, Any] = _resolve(schema, schema)
    for part in path:
        if part == "knobs" and part not in node.get("properties", {}):
            continue  # they lie flat in files
        inner = node.get("properties", {}).get(part) if isinstance(part, str) else node.get("items")
        node = _resolve(schema, inner or {})
    return list(node.get("properties", {}))


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    for option in node.get("anyOf", []):
        if option.get("type") != "null":
            node = option
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return node
