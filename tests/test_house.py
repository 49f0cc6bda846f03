"""The house: which file may import which, what is documented, how long a file may be."""

import ast
import inspect
import re
from importlib import import_module
from itertools import groupby
from pathlib import Path

import pytest

import netspace
from tests.rooms import (
    PICTURE,
    ROOT,
    SOURCE,
    draw,
    files_in_rooms,
    floors,
    imports,
    module_name,
    reduced,
    room,
    room_imports,
)

# Bottom to top: a room imports only from lines below its own; inside a folder, files may not form a ring.
LINES: list[set[str]] = [
    {"errors", "names", "allocator", "processor"},
    {"schedules", "analysis", "plugins", "runtime"},
    {"documents", "blocks"},
    {"spaces"},
    {"cost"},
    {"settings", "records"},
    {"config", "models"},
    {"runs", "steps", "wanted", "arithmetic"},
    {"data", "report", "surrogate"},
    {"search", "evaluate"},
    {"planning"},
    {"fidelity", "finding", "handover"},
    {"within"},
    {"nas_comparison", "choices", "testing", "profiling"},
    {"paper", "pipeline"},
    {"cli"},
]
WITHOUT_TORCH = (
    "analysis",
    "errors",
    "names",
    "allocator",
    "processor",
    "schedules",
    "documents",
    "blocks",
    "plugins",
    "steps",
    "wanted",
    "spaces",
    "cost",
    "settings",
    "records",
    "config",
    "runs",
    "report",
    "surrogate",
)
FILES = [file for file in sorted(SOURCE.rglob("*.py")) if file != SOURCE / "__main__.py"]
LONGEST_FILE, LONGEST_FUNCTION = 300, 60


def line_of(name: str) -> int:
    (line,) = [i for i, rooms in enumerate(LINES) if name in rooms]
    return line


def test_every_room_stands_on_a_line() -> None:
    rooms = {room(module_name(file)) for file in FILES if file != SOURCE / "__init__.py"}
    assert rooms == set().union(*LINES)


def test_the_page_of_the_house_has_every_room_on_its_line() -> None:
    tree = (ROOT / "docs" / "house.md").read_text().split("\nsrc/netspace/\n")[1].split("\ndocs/ ")[0]

    def rooms_of(line: str) -> set[str]:
        folder = re.match(r" *(\w+)/", line)
        return {folder[1]} if folder else set(re.findall(r"(\w+)\.py", line))

    told = groupby(map(rooms_of, tree.splitlines()), key=lambda rooms: {line_of(name) for name in rooms})
    assert [set().union(*rooms) for _, rooms in told] == LINES[::-1]


@pytest.mark.parametrize("file", [f for f in FILES if f != SOURCE / "__init__.py"], ids=module_name)
def test_a_file_imports_only_from_lines_below_its_own(file: Path) -> None:
    own = room(module_name(file))
    upward = [m for m in imports(file) if room(m) != own and line_of(room(m)) >= line_of(own)]
    assert not upward, f"{module_name(file)} imports {upward}"


def test_the_picture_of_the_house_is_what_the_imports_say() -> None:
    drawn = draw(room_imports(files_in_rooms()))
    assert PICTURE.read_text() == drawn, "the rooms have changed: draw them anew with `python -m tests.rooms`"


def test_the_picture_stands_each_room_above_what_it_imports_and_draws_every_rest() -> None:
    graph = {"cli": {"cost", "spaces", "errors"}, "cost": {"spaces"}, "spaces": {"errors"}, "errors": set()}
    assert floors(graph) == {"cli": 3, "cost": 2, "spaces": 1, "errors": 0}
    assert reduced(graph) == {"cli": {"cost"}, "cost": {"spaces"}, "spaces": {"errors"}, "errors": set()}
    assert draw(graph).count("<line") == 3
    assert draw({**graph, "search": {"spaces"}}).count("<line") == 4
    with pytest.raises(AssertionError, match="cost → spaces → cost"):
        floors({"cost": {"spaces"}, "spaces": {"cost"}})


def test_no_files_import_each_other_in_a_ring() -> None:
    modules = {module_name(file): file for file in FILES}
    graph = {name: {m for m in imports(file) if m in modules} for name, file in modules.items()}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join((*path[path.index(name) :], name))
        if name not in done:
            for inner in graph[name]:
                visit(inner, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_the_lower_rooms_need_no_torch(name: str) -> None:
    files = [f for f in FILES if f != SOURCE / "__init__.py" and room(module_name(f)) == name]
    assert files
    assert not any(re.search(r"^\s*(import|from) torch\b", file.read_text(), re.M) for file in files)


def public_objects() -> list[tuple[str, object]]:
    found = []
    for file in FILES:
        module = import_module(module_name(file))
        for name, value in vars(module).items():
            if getattr(value, "__module__", None) != module.__name__ or name.startswith("_"):
                continue
            if inspect.isfunction(value):
                found.append((f"{module.__name__}.{name}", value))
            elif inspect.isclass(value):
                found.append((f"{module.__name__}.{name}", value))
                found += [
                    (f"{module.__name__}.{name}.{key}", member.fget if isinstance(member, property) else member)
                    for key, member in vars(value).items()
                    if not key.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))
                ]
    return found


def test_every_module_and_public_name_is_documented() -> None:
    objects = [(module_name(file), import_module(module_name(file))) for file in FILES] + public_objects()
    assert len(objects) > 100
    missing = [name for name, value in objects if not (getattr(value, "__doc__", None) or "").strip()]
    assert not missing


def test_every_public_function_is_annotated() -> None:
    bare = []
    for name, value in public_objects():
        if inspect.isfunction(value) and value.__name__ != "__init__":
            signature = inspect.signature(value)
            parameters = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
            if any(p.annotation is p.empty for p in parameters) or signature.return_annotation is signature.empty:
                bare.append(name)
    assert not bare


def test_the_public_face_names_what_exists() -> None:
    assert sorted(netspace.__all__) == netspace.__all__
    for name in netspace.__all__:
        assert getattr(netspace, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = netspace.nothing


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_no_file_and_no_function_is_too_long(file: Path) -> None:
    text = file.read_text()
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines"


def test_there_is_no_room_for_odds_and_ends() -> None:
    assert not [file for file in FILES if file.stem in ("utils", "helpers", "common", "misc")]


def test_every_room_has_its_tests() -> None:
    for folder in (d for d in SOURCE.iterdir() if d.is_dir() and (d / "__init__.py").exists()):
        assert list((ROOT / "tests" / folder.name).glob("test_*.py")), folder.name
