"""The documentation holds: links lead somewhere, examples run, and nothing that it should describe is left out."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import typer

import netspace
from netspace import NetworkSpace, SearchConfig, load_search_space, resolve
from netspace.cli.main import app
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


def blocks(page: Path, language: str = "yaml") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.M | re.S)


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=lambda page: page.name)
def test_every_yaml_block_is_read(page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        load(block, tmp_path)


def test_the_page_on_your_own_files_shows_one_of_each_kind(tmp_path: Path) -> None:
    kinds = [load(block, tmp_path) for block in blocks(ROOT / "docs" / "your-own.md")]
    assert kinds == ["search space", "search space", "network space", "settings", "recipe"]


@pytest.mark.parametrize("name", ["extend.md", "coming-from.md"])
def test_the_python_of_a_page_runs_from_its_first_block_to_its_last(name: str, tmp_path: Path) -> None:
    parts = [block.replace("\n", "\n    ").rstrip(" ") for block in blocks(ROOT / "docs" / name, "python")]
    script = tmp_path / "page.py"  # a file with a guard, since processes that train import it again
    # The examples that run by themselves have a test of their own (tests/test_examples.py).
    head = 'if __name__ == "__main__":\n    __name__ = "page"\n    '
    script.write_text(head + "\n    ".join(parts))
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_notebook_runs(tmp_path: Path) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(ROOT / "docs" / "tour.ipynb", as_version=4)
    nbformat.validate(notebook)
    settings = {"kernel_name": "python3", "timeout": 240, "resources": {"metadata": {"path": str(tmp_path)}}}
    nbclient.NotebookClient(notebook, **settings).execute()
    printed = "".join(o.get("text", "") for cell in notebook.cells for o in cell.get("outputs", []))
    assert "hit rate" in printed
    assert printed.count("test error") == 4


def test_the_notebooks_outputs_tell_nothing_of_the_machine_that_ran_it() -> None:
    text = (ROOT / "docs" / "tour.ipynb").read_text()
    assert not re.search(r"/(tmp|home|root|work|Users)/", text)
    assert len(text) < 60_000


def test_the_reference_holds_every_room_and_every_name_of_the_public_face() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    for file in (ROOT / "src" / "netspace").glob("*/__init__.py"):
        if "__all__" in file.read_text():
            assert f".. automodule:: netspace.{file.parent.name}\n" in text, file
    for name in netspace.__all__:
        assert re.search(rf"\{{py:obj\}}`~netspace\.\w+\.{name}`", text), name


def test_the_page_on_commands_names_every_command_and_every_option() -> None:
    page = (ROOT / "docs" / "commands.md").read_text()
    headings = re.findall(r"^## netspace (.*)$", page, flags=re.M)
    described = {
        name: part
        for heading, part in zip(headings, page.split("\n## netspace ")[1:], strict=True)
        for name in heading.split(", ")
    }
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert described.keys() == commands.keys()
    for name, command in commands.items():
        options = {o for parameter in command.params for o in parameter.opts if o.startswith("--")} - {"--help"}
        missing = {option for option in options if not re.search(rf"`{option}\b", described[name])}
        assert not missing, f"{name}: {missing}"
