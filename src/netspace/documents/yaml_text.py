"""YAML text to plain data: mappings with text keys, lists, texts, numbers; each fault names its line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from netspace.documents.bounds import DEEPEST, LARGEST_YAML, LONGEST_NUMBER, MOST_VALUES
from netspace.documents.files import read_text
from netspace.errors import NetspaceError

_TAG = "tag:yaml.org,2002:"
_PLAIN = ("null", "bool", "int", "float", "str", "seq", "map")


class _Fault(yaml.YAMLError):
    """A document that YAML allows and we do not: a reason, and the line."""

    def __init__(self, reason: str, node: yaml.Node | yaml.Event) -> None:
        assert node.start_mark is not None
        super().__init__(f"{reason} (line {node.start_mark.line + 1})")


class _Loader(yaml.SafeLoader):
    """YAML's JSON-like core: no dates, sets or bytes, no key twice, bounded depth and size."""

    yaml_constructors = {  # noqa: RUF012
        **{_TAG + kind: yaml.SafeLoader.yaml_constructors[_TAG + kind] for kind in _PLAIN},
        None: yaml.SafeLoader.yaml_constructors[None],  # which refuses any other tag
    }
    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in found if tag.removeprefix(_TAG) in (*_PLAIN, "merge")]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._open = 0
        # Per finished node: how many values it stands for, and how deep it is, each alias in it counted anew.
        self._measured: dict[int, tuple[int, int]] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose a node, its nesting and size checked before anything is built from it."""
        event = self.peek_event()
        self._open += 1
        if self._open > DEEPEST:
            raise _Fault(f"it nests deeper than the {DEEPEST} levels that are read", event)
        node = super().compose_node(parent, index)
        self._open -= 1
        if node is None:
            return None
        if isinstance(event, yaml.AliasEvent):
            if id(node) not in self._measured:
                raise _Fault(f"*{event.anchor} stands inside of what it names", event)
            return node
        inner = [self._measured[id(child)] for child in _children(node)]
        size, depth = 1 + sum(s for s, _ in inner), 1 + max((d for _, d in inner), default=0)
        if size > MOST_VALUES:
            raise _Fault(f"it holds more than {MOST_VALUES:,} values, its aliases counted each time", event)
        if depth > DEEPEST:
            raise _Fault(f"it nests deeper than the {DEEPEST} levels that are read", event)
        self._measured[id(node)] = size, depth
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Compose a mapping whose keys are text, each there once."""
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag not in (_TAG + "str", _TAG + "merge"):
                shown = f"'{key.value}'" if isinstance(key, yaml.ScalarNode) else "a list or mapping"
                raise _Fault(f"{shown} is no text and can be no key; put it in quotes", key)
            if key.value in seen:
                raise _Fault(f"the key '{key.value}' comes twice; keep one", key)
            seen.add(key.value)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Build a value; a text that is none of its type is named with its line."""
        if node.tag == _TAG + "int" and len(str(node.value)) > LONGEST_NUMBER:
            raise _Fault(f"{node.value[:12]}… has {len(node.value)} digits; a number has up to {LONGEST_NUMBER}", node)
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, IndexError, OverflowError):
            raise _Fault(f"'{node.value}' is no {node.tag.removeprefix(_TAG)}", node) from None


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def parse_yaml(text: str, source: str) -> dict[str, Any]:
    """Parse YAML text whose top level is a mapping.

    Raises:
        NetspaceError: names the source and the line at fault.
    """
    try:
        loader = _Loader(text)
        try:
            plain = loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise NetspaceError(f"{source} is not valid YAML: {_reason(error)}") from None
    if not isinstance(plain, dict):
        found = "is empty" if plain is None else f"holds {type(plain).__name__}"
        raise NetspaceError(f"{source} should hold keys and values, but {found}")
    return plain


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping.

    Raises:
        NetspaceError: where it can't be read or is no such file.
    """
    return parse_yaml(read_text(path, largest=LARGEST_YAML), str(path))


def _reason(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem or error.context} (line {error.problem_mark.line + 1})"
    return re.sub(r'\s+|in "<unicode string>",', " ", str(error)).strip()
