"""The picture of the house, drawn from its imports: `python -m tests.rooms` writes docs/figures/rooms.svg."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "netspace"
PICTURE = ROOT / "docs" / "figures" / "rooms.svg"
WIDTH, HEIGHT, ACROSS, DOWN = 128, 34, 24, 46
Graph = dict[str, set[str]]
DOORS = {SOURCE / "__init__.py", SOURCE / "__main__.py"}  # which open on the rooms and are none


def module_name(file: Path) -> str:
    """Return the name that a file of the package is imported by."""
    parts = file.relative_to(SOURCE).with_suffix("").parts
    return ".".join(["netspace", *(part for part in parts if part != "__init__")])


def imports(file: Path) -> set[str]:
    """Return the modules of netspace that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("netspace"):
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names if alias.name.startswith("netspace"))
    return found - {"netspace"}


def room(module: str) -> str:
    """Return the room that a module is in."""
    return module.split(".")[1]


def room_imports(files: list[Path]) -> Graph:
    """Return which rooms each room imports from."""
    found: Graph = {}
    for file in files:
        own = room(module_name(file))
        found.setdefault(own, set()).update({room(module) for module in imports(file)} - {own})
    return found


def floors(graph: Graph) -> dict[str, int]:
    """Return how high each room stands: one above the highest that it imports from; 0 where it imports from none."""
    found: dict[str, int] = {}

    def floor(name: str, path: tuple[str, ...]) -> int:
        assert name not in path, " → ".join((*path, name))
        if name not in found:
            found[name] = max((floor(inner, (*path, name)) + 1 for inner in graph[name]), default=0)
        return found[name]

    for name in graph:
        floor(name, ())
    return found


def reduced(graph: Graph) -> Graph:
    """Leave out what follows from the rest: an import from a room that another imported room builds on."""

    def reach(name: str) -> set[str]:
        return {name}.union(*(reach(inner) for inner in graph[name]))

    return {
        name: {one for one in inner if not any(one in reach(other) for other in inner - {one})}
        for name, inner in graph.items()
    }


def draw(graph: Graph) -> str:
    """Return the rooms as an SVG picture: each above all that it imports from, a line to those that it rests on."""
    heights = floors(graph)
    rows = [sorted(name for name in graph if heights[name] == i) for i in range(max(heights.values()) + 1)]
    width = max(len(row) for row in rows) * (WIDTH + ACROSS) + ACROSS
    height = len(rows) * (HEIGHT + DOWN) - DOWN + 2 * ACROSS
    place = {}
    for i, row in enumerate(rows):
        left = (width - len(row) * (WIDTH + ACROSS) + ACROSS) // 2
        for k, name in enumerate(row):
            place[name] = (left + k * (WIDTH + ACROSS), height - ACROSS - HEIGHT - i * (HEIGHT + DOWN))
    lines = [
        f'<line x1="{place[a][0] + WIDTH // 2}" y1="{place[a][1] + HEIGHT}" '
        f'x2="{place[b][0] + WIDTH // 2}" y2="{place[b][1]}"/>'
        for a, inner in sorted(reduced(graph).items())
        for b in sorted(inner)
    ]
    boxes = [
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="5"/>'
        f'<text x="{x + WIDTH // 2}" y="{y + HEIGHT // 2 + 5}">{name}</text>'
        for name, (x, y) in sorted(place.items())
    ]
    style = (
        "rect{fill:#fff;stroke:#0072b2;stroke-width:1.5}line{stroke:#999;stroke-width:1}"
        "text{font:14px sans-serif;text-anchor:middle;fill:#222}"
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    return "\n".join([head, f"<style>{style}</style>", *lines, *boxes, "</svg>"]) + "\n"


def files_in_rooms() -> list[Path]:
    """Return the package's files but for its face, which belongs to no room."""
    return [file for file in sorted(SOURCE.rglob("*.py")) if file not in DOORS]


if __name__ == "__main__":
    PICTURE.write_text(draw(room_imports(files_in_rooms())))
    print(PICTURE)
