"""Knobs beside depth and width: named values kept in the order of their names, flat in files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ConfigDict, GetCoreSchemaHandler, GetPydanticSchema, model_serializer, model_validator
from pydantic_core import CoreSchema
from pydantic_core.core_schema import (
    no_info_after_validator_function,
    no_info_before_validator_function,
    wrap_serializer_function_ser_schema,
)

from netspace.blocks import knob_names
from netspace.errors import NetspaceError, did_you_mean
from netspace.plugins import load_plugins
from netspace.spaces.ranges import STRICT

T = TypeVar("T")


def _as_mapping(given: Any) -> Any:
    if not isinstance(given, (list, tuple)):
        return given
    if not all(isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str) for pair in given):
        raise ValueError("knobs are a mapping of names to values, or pairs of a name and a value")
    names = [name for name, _ in given]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"knob '{twice[0]}' is there twice; keep one")
    return dict(given)


def _in_order(given: Mapping[str, T]) -> tuple[tuple[str, T], ...]:
    return tuple(sorted(given.items(), key=lambda pair: pair[0]))


def pairs_of(kind: Any) -> GetPydanticSchema:
    """Return how pydantic checks knobs with values of a kind: as a mapping by name, kept as pairs in order."""

    def schema(_: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        mapping = handler.generate_schema(dict[str, kind])
        return no_info_after_validator_function(
            _in_order,
            no_info_before_validator_function(_as_mapping, mapping),
            serialization=wrap_serializer_function_ser_schema(lambda pairs, dump: dump(dict(pairs)), schema=mapping),
        )

    return GetPydanticSchema(schema)


class FlatKnobs:
    """A dataclass whose field `knobs` stands flat beside `depth` and `width` in files."""

    @model_validator(mode="before")
    @classmethod
    def _fold(cls, given: Any) -> Any:
        """Gather keys that name knobs of any block under `knobs`; others are left for the check of the fields."""
        if not isinstance(given, dict) or "knobs" in given:
            return given
        own = ("depth", "width")
        if not set(given) <= {*own, *knob_names()}:
            load_plugins()
        knobs = {key: value for key, value in given.items() if key in knob_names() and key not in own}
        rest = {key: value for key, value in given.items() if key not in knobs}
        return {**rest, "knobs": knobs} if knobs else given

    @model_serializer(mode="wrap")
    def _dump(self, plain: Any) -> dict[str, Any]:
        whole = plain(self)
        return {**{key: value for key, value in whole.items() if key != "knobs"}, **dict(whole["knobs"])}


def _show_knobs(schema: dict[str, Any]) -> None:
    """Say in a JSON schema that the knobs' keys stand beside the others."""
    value = schema["properties"].pop("knobs", {}).get("additionalProperties", {})
    schema["properties"].update(dict.fromkeys(sorted(knob_names()), value))


KNOBS_BESIDE = ConfigDict(**STRICT, json_schema_extra=_show_knobs)


def value_of(pairs: tuple[tuple[str, T], ...], name: str) -> T:
    """Return the value of a knob.

    Raises:
        NetspaceError: where there is no such knob.
    """
    found = dict(pairs)
    if name not in found:
        raise NetspaceError(f"no knob '{name}' here, {did_you_mean(name, {'depth', 'width', *found})}")
    return found[name]
