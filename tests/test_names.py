"""Names as they are: on a terminal, in HTML, Markdown, LaTeX and figures."""

import html
import re

import pytest

from netspace.names import in_code, in_html, in_latex, in_markdown, in_matplotlib, in_plotly, shown

NASTY = (
    "[/cat]",
    "[unknown]",
    "[ok]",
    "[bold red]x[/]",
    "dog:cat:mix",
    "<b>bold",
    "a&lt;b",
    "</script><script>document.title='x'</script>",
    "$x_{$",
    r"\$5 and $x^2$",
    "a|b`c`*d*_e_~f~",
    "=1+1",
    "_hidden",
    "{0} {task.total} %{x}",
    "100 % & #1",
    "  two  spaces  ",
    "猫 мышь ネコ 👩‍👧 é",
)
STEERING = {
    "a\x1b]0;title\x07b": r"a\x1b]0;title\x07b",
    "\x1b[2Jwiped": r"\x1b[2Jwiped",
    "two\nlines\r": r"two\nlines\r",
    "tab\there": r"tab\there",
    "\x9b31mred\x7f": r"\x9b31mred\x7f",
    "right\u202eleft": r"right\u202eleft",
    "para\u2029graph\u2028": r"para\u2029graph\u2028",
    "un\u200bseen\ufeff": r"un\u200bseen\ufeff",
    "bytes \udcff": r"bytes \udcff",
}


@pytest.mark.parametrize("name", NASTY)
def test_what_steers_nothing_is_shown_unchanged(name: str) -> None:
    assert shown(name) == name


@pytest.mark.parametrize(("name", "wanted"), STEERING.items())
def test_what_would_steer_a_terminal_or_stay_unseen_is_written_out(name: str, wanted: str) -> None:
    assert shown(name) == wanted
    assert shown(wanted) == wanted
    for escaped in (in_html, in_plotly, in_matplotlib, in_markdown, in_code, in_latex):
        assert escaped(name) == escaped(wanted)
        escaped(name).encode()


@pytest.mark.parametrize("name", NASTY)
def test_html_and_plotly_read_back_the_name_and_hold_no_tag(name: str) -> None:
    for text in (in_html(name), in_plotly(name)):
        assert html.unescape(text) == name
        assert "<" not in text
        assert ">" not in text
    assert '"' not in in_html('a"b')


@pytest.mark.parametrize("name", NASTY)
def test_matplotlib_takes_no_name_for_a_formula(name: str) -> None:
    from matplotlib.figure import Figure

    text = Figure().text(0, 0, in_matplotlib(name))
    assert text._preprocess_math(text.get_text()) == (name, False)


@pytest.mark.parametrize("name", NASTY)
def test_markdown_escapes_every_character_that_it_would_read(name: str) -> None:
    text = in_markdown(name)
    assert re.sub(r"\\([\\`*\[<|&~$_])", r"\1", text) == name
    assert not re.search(r"(?<!\\)(\\\\)*[`*\[<|&~$]", text)


def test_underscores_inside_words_are_left_since_markdown_leaves_them() -> None:
    assert in_markdown("batch_size _x_") == r"batch_size \_x\_"


@pytest.mark.parametrize(
    ("name", "wanted"), [("photos", "`photos`"), ("a`b", "`` a`b ``"), ("a``b`", "``` a``b` ```"), ("a|b", r"`a\|b`")]
)
def test_a_code_span_is_fenced_with_more_ticks_than_the_name_has(name: str, wanted: str) -> None:
    assert in_code(name) == wanted


def test_latex_escapes_all_of_its_ten_characters_and_what_follows_the_end_of_a_row() -> None:
    assert in_latex(r"\{}$&%#_~^") == (r"\textbackslash{}\{\}\$\&\%\#\_\textasciitilde{}\textasciicircum{}")
    assert in_latex("[x]*<|>") == r"{[}x{]}{*}\textless{}\textbar{}\textgreater{}"
    assert in_latex("Δ 3 × 2 ± 1 …") == r"$\Delta$ 3 $\times$ 2 $\pm$ 1 --"
