"""Kinds of numbers in the files that commands write and others read."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field

OPEN = ConfigDict(extra="allow")  # what a reader does not use is left as it is
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Unknown = Annotated[float, BeforeValidator(lambda value: float("nan") if value is None else value)]
"""A number, or NaN where the file says null: JSON has no other way to say that a number is not known."""
