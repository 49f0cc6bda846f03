"""Names as they are: text that others chose, written so that nothing which shows it reads it as markup or a command."""

from __future__ import annotations

import re
import unicodedata
from html import escape

# Joiners that scripts and emoji are written with; all else that is never seen by itself is escaped.
_JOINERS = "\u200c\u200d"
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_LATEX = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "{}$&%#_"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # After the end of a row LaTeX takes a bracket or a star for an option.
    **{character: f"{{{character}}}" for character in "[]*"},
    "Δ": r"$\Delta$",
    "…": "--",
    "×": r"$\times$",
    "±": r"$\pm$",
}
# An underscore between letters is no emphasis.
_MARKDOWN = re.compile(r"[\\`*\[<|&~$]|(?<!\w)_|_(?!\w)")


def shown(text: object) -> str:
    r"""Return a text for a terminal: what would steer it, turn the line or stay unseen is written as `\x1b` or `\n`.

    Args:
        text: a name, a path, or a message with such in it; bytes of a path that are no text come as `\udcff`.
    """
    plain = str(text)
    return plain if plain.isprintable() else "".join(map(_seen, plain))


def _seen(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _UNSEEN:
        return character
    return character.encode("unicode_escape").decode()


def in_html(text: object) -> str:
    """Return a text as HTML that shows it, for an element or a quoted attribute."""
    return escape(shown(text))


def in_plotly(text: object) -> str:
    """Return a text as plotly shows it: its labels know some tags and entities of HTML."""
    return escape(shown(text), quote=False)


def in_matplotlib(text: object) -> str:
    """Return a text as matplotlib shows it: between two dollars it reads a formula."""
    return shown(text).replace("$", r"\$")


def in_markdown(text: object) -> str:
    """Return a text as Markdown that shows it, in a paragraph or a cell of a table."""
    return _MARKDOWN.sub(r"\\\g<0>", shown(text))


def in_code(text: object) -> str:
    """Return a text as a Markdown code span, in a paragraph or a cell of a table."""
    plain = shown(text).replace("|", r"\|")
    longest = max((len(run) for run in re.findall("`+", plain)), default=0)
    fence, pad = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def in_latex(text: object) -> str:
    """Return a text as LaTeX that shows it."""
    return "".join(_LATEX.get(character, character) for character in shown(text))
