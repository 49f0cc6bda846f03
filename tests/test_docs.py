"""The documentation holds: links lead somewhere, and every YAML block is one that netspace reads."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from netspace import NetworkSpace, SearchConfig, load_search_space, resolve
from netspace.config import load_recipe
from netspace.documents import from_plain, parse_yaml
from netspace.records import elite_from_plain

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "benchmarks" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def slug(heading: str) -> str:
    """Name a heading as Markdown renderers do in links to it."""
    words = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
    return words.replace(" ", "-")


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.*)$", without_code(file.read_text()), flags=re.M)
            assert heading in map(slug, headings), target


def kind_of(plain: dict[str, object]) -> str:
    """Say what a document is, by its keys."""
    if "candidates" in plain:
        return "elite"
    if "stages" in plain:
        return "search space" if "name" in plain else "network space"
    if {"name", "epochs"} <= plain.keys():
        return "recipe"
    return "settings" if plain.keys() <= {field.name for field in fields(SearchConfig)} else "other"


def load(text: str, folder: Path) -> str:
    """Read a YAML block as the command line would read a file of it; return what it was."""
    plain, file = parse_yaml(text, "block"), folder / "block.yaml"
    file.write_text(text)
    kind = kind_of(plain)
    if kind == "elite":
        elite_from_plain(plain, "block")
    elif kind == "search space":
        load_search_space(str(file))
        resolve(str(file), options={"data": {"dataset": "fashion"}, "budgets": ["2M"]})
    elif kind == "network space":
        from_plain(NetworkSpace, plain, "block")
    elif kind == "recipe":
        load_recipe(str(file))
    elif kind == "settings":
        resolve("tiny", file=file, options={"data": {"dataset": "fashion"}, "budgets": ["2M"]})
    return kind


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", page.read_text(), flags=re.M | re.S)


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=lambda page: page.name)
def test_every_yaml_block_is_read(page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        load(block, tmp_path)


def test_the_page_on_your_own_files_shows_one_of_each_kind(tmp_path: Path) -> None:
    kinds = [load(block, tmp_path) for block in blocks(ROOT / "docs" / "your-own.md")]
    assert kinds == ["search space", "network space", "settings", "recipe"]
