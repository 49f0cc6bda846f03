"""YAML: plain data or one line that names the place."""

import time

import pytest

from netspace import NetspaceError
from netspace.documents import parse_yaml

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", r"the key 'a' comes twice; keep one \(line 3\)"),
        ("a: {b: 1,\n b: 2}", r"the key 'b' comes twice; keep one \(line 2\)"),
        ("a: " + "[" * 500 + "]" * 500, "nests deeper than the 64 levels"),
        ("a: " + "[" * 100_000, "nests deeper than the 64 levels"),
        ("a: " + "{b: " * 500 + "1" + "}" * 500, "nests deeper than the 64 levels"),
        ("\n".join(f"a{i}: &b{i} [{'*b' + str(i - 1) if i else 1}]" for i in range(200)), "deeper than the 64 levels"),
        ("a: " + "9" * 5000, r"99… has 5000 digits; a number has up to 300 \(line 1\)"),
        ("a: !!int a", "'a' is no int"),
        ("a: !!bool a", "'a' is no bool"),
        ("a: !!float a", "'a' is no float"),
        ("a: !!python/object/apply:os.system [true]", "could not determine a constructor for the tag"),
        ("a: !!binary YQ==", "could not determine a constructor for the tag"),
        ("a: !mine 1", "could not determine a constructor for the tag '!mine'"),
        ("1: a", r"'1' is no text and can be no key; put it in quotes \(line 1\)"),
        ("yes: a", "'yes' is no text"),
        ("[a]: b", "a list or mapping is no text"),
        ("a: &a [*a]", r"\*a stands inside of what it names"),
        ("a: *b", "found undefined alias 'b'"),
        (LAUGHS, "holds more than 200,000 values, its aliases counted each time"),
        ("a: 1\n\tb: 2", r"line 2"),
        ("a: 1\n---\nb: 2", "expected a single document|another document"),
        ("a: \x00", "special characters are not allowed"),
    ],
)
def test_a_document_at_fault_is_one_line_at_once(text: str, message: str) -> None:
    started = time.thread_time()  # other processes may keep this one waiting
    with pytest.raises(NetspaceError, match=message) as told:
        parse_yaml(text, "my.yaml")
    assert str(told.value).startswith("my.yaml is not valid YAML: ")
    assert "\n" not in str(told.value)
    assert time.thread_time() - started < 2


@pytest.mark.parametrize("text", ["", "# nothing\n", "~", "- a\n", "text", "5"])
def test_a_document_that_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(NetspaceError, match="my.yaml should hold keys and values, but"):
        parse_yaml(text, "my.yaml")


def test_aliases_and_merged_keys_are_taken() -> None:
    assert parse_yaml("a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}", "") == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 1, "y": 2},
        "c": {"x": 1, "y": 3},
    }


def test_a_date_is_text_as_it_stands() -> None:
    assert parse_yaml("a: 2001-99-99\nb: 2001-01-01", "") == {"a": "2001-99-99", "b": "2001-01-01"}
