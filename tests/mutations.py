"""Files that are almost right: seeded mutations of bytes, of lines and of values."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from tests.formats import FORMATS

VALUES: tuple[Any, ...] = (
    *("x", "", "2001-99-99", "../../x", "\udcff", "9" * 400, [], {}, [1], {"a": 1}, [[]], [{}], None, True),
    *(-1, 0, 1, 5, 0.5, 1.5, 10**6, 10**30, 10**299, 1e300, float("inf"), float("nan"), -0.0),
)


def mutations(content: bytes, kind: str, n: int, *, seed: int) -> Iterator[bytes]:
    """Yield n variants of a file.

    Args:
        content: of a file that is right.
        kind: one of FORMATS, `lines` (a JSON value on each) or another, which has no values to replace.
        n: how many.
        seed: of what is changed.
    """
    rng = random.Random(seed)
    ways = [
        _cut,
        _flip,
        _without_a_line,
        _twice_a_line,
        *([_replaced] * 8 if kind == "lines" or kind in FORMATS else []),
    ]
    for _round in range(n):
        yield rng.choice(ways)(content, rng, kind)


def _cut(content: bytes, rng: random.Random, _: str) -> bytes:
    return content[: rng.randrange(len(content))]


def _flip(content: bytes, rng: random.Random, _: str) -> bytes:
    changed = bytearray(content)
    for _round in range(rng.choice((1, 1, 3, 20))):
        changed[rng.randrange(len(changed))] = rng.choice((rng.randrange(256), *b'0919.-e[]{}":,\n #&*!'))
    return bytes(changed)


def _without_a_line(content: bytes, rng: random.Random, _: str) -> bytes:
    lines = content.splitlines(keepends=True)
    del lines[rng.randrange(len(lines))]
    return b"".join(lines)


def _twice_a_line(content: bytes, rng: random.Random, _: str) -> bytes:
    lines = content.splitlines(keepends=True)
    place = rng.randrange(len(lines))
    return b"".join([*lines[:place], lines[place], *lines[place:]])


def _replaced(content: bytes, rng: random.Random, kind: str) -> bytes:
    """Put another value in one place, or take a key away or add one."""
    if kind != "lines":
        return _written(content, rng, kind)
    lines = content.splitlines()
    place = rng.randrange(len(lines))
    lines[place] = json.dumps(_change(json.loads(lines[place]), rng)).encode()
    return b"\n".join([*lines, b""])


def _written(content: bytes, rng: random.Random, kind: str) -> bytes:
    """Return the file with a changed value; where its format can hold none such, with changed bytes."""
    form = FORMATS[kind]
    changed = _change(form.read(content), rng)
    try:
        return form.write(changed)
    except Exception:
        return _flip(content, rng, kind)


def _change(plain: Any, rng: random.Random) -> Any:
    whole = [plain]
    places = list(_places(whole))
    node, key = rng.choice(places)
    if isinstance(node, dict) and rng.random() < 0.2:
        del node[key]
    elif isinstance(node[key], dict) and rng.random() < 0.2:
        node[key]["surplus"] = rng.choice(VALUES)
    elif isinstance(node[key], list) and rng.random() < 0.3:
        node[key].append(rng.choice((*VALUES, *node[key])))
    else:
        node[key] = rng.choice(VALUES)
    return whole[0]


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield node, key
        yield from _places(value)
