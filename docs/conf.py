"""How Sphinx builds the documentation: Markdown pages, no code executed."""

project = "netspace"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "netspace"
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3
