"""Numbers as documents say them: true and false, which pydantic takes for 1 and 0, are none."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator


def _no_truth(given: Any) -> Any:
    """Return what was given for a number.

    Raises:
        ValueError: where it is true or false, which is also what YAML makes of yes and no, on and off.
    """
    if isinstance(given, bool):
        raise ValueError(f"give a number; {'yes, on and true are' if given else 'no, off and false are'} none")
    return given


NUMBER = BeforeValidator(_no_truth)  # of a field that takes numbers alone
Whole = Annotated[int, NUMBER]
Number = Annotated[float, NUMBER]
