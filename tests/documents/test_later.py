"""A field that a class gets later, and leaves at its default, changes no file and no fingerprint."""

import pytest
from pydantic.dataclasses import dataclass

from netspace import NetspaceError
from netspace.documents import fingerprint, from_plain, keys_at, later, to_plain, to_yaml
from netspace.spaces.ranges import STRICT


@dataclass(frozen=True, config=STRICT)
class Inner:
    """Settings of before."""

    rate: float = 0.1


@dataclass(frozen=True, config=STRICT)
class NewInner:
    """The same with a field more."""

    rate: float = 0.1
    steps: tuple[int, ...] = later((1, 2), min_length=1)


@dataclass(frozen=True, config=STRICT)
class Before:
    """A value that holds settings."""

    name: str
    inner: Inner


@dataclass(frozen=True, config=STRICT)
class After:
    """The same with a field more at both levels."""

    name: str
    inner: NewInner
    seed: int = later(0, ge=0)
    note: str | None = later(None)


OLD, NEW = Before("a", Inner(0.2)), After("a", NewInner(0.2))


def test_at_its_default_it_is_in_no_file_and_no_fingerprint() -> None:
    assert to_yaml(NEW) == to_yaml(OLD)
    assert to_plain(NEW) == to_plain(OLD)
    assert fingerprint(NEW) == fingerprint(OLD)
    assert from_plain(After, to_plain(OLD), "file") == NEW


@pytest.mark.parametrize(
    "other", [After("a", NewInner(0.2), seed=1), After("a", NewInner(0.2, (3,))), After("a", NewInner(0.2), note="x")]
)
def test_another_value_is_written_read_again_and_changes_the_fingerprint(other: After) -> None:
    assert fingerprint(other) != fingerprint(NEW)
    assert from_plain(After, to_plain(other), "file") == other


def test_it_is_a_field_as_others_are() -> None:
    assert keys_at(After, ()) == ["name", "inner", "seed", "note"]
    with pytest.raises(NetspaceError, match=r"file: seed: .*greater than or equal to 0 \(got -1\)"):
        from_plain(After, {"name": "a", "inner": {}, "seed": -1}, "file")
