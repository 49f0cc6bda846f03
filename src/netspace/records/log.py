"""A search's log: one line of JSON per epoch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from netspace.documents import read_text
from netspace.errors import NetspaceError

LOG = "search.jsonl"


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Return the epochs in a run folder's search.jsonl; none where the file is not there.

    Raises:
        NetspaceError: where a line is no JSON.
    """
    file = folder / LOG
    lines = read_text(file).splitlines() if file.exists() else []
    try:
        return [json.loads(line) for line in lines]
    except ValueError:
        raise NetspaceError(f"{file} is corrupt: a line is no JSON; restore it, or start anew elsewhere") from None
