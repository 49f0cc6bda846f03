"""How Sphinx builds the documentation: Markdown pages, a notebook as it is, and the reference from docstrings."""

project = "netspace"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "netspace"
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
myst_heading_anchors = 3
nb_execution_mode = "off"  # a test runs the notebook; the site shows it without results
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_class_signature = "mixed"
autodoc_member_order = "groupwise"
autodoc_default_options = {"members": True, "exclude-members": "__init__, __new__"}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
python_use_unqualified_type_names = True
default_role = "literal"


def plain_text(
    app: object, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:  # docstrings are plain text: |x| and * mean themselves
    """Escape what reStructuredText would take for markup, outside of backticks."""
    for i, line in enumerate(lines):
        parts = line.split("`")
        parts[::2] = [part.replace("*", r"\*").replace("|", r"\|").replace("_ ", r"\_ ") for part in parts[::2]]
        lines[i] = "`".join(parts)


def setup(app: object) -> None:
    """Read the docstrings before the extension that knows their sections."""
    app.connect("autodoc-process-docstring", plain_text, priority=400)  # type: ignore[attr-defined]
