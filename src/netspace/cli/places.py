"""Where libraries keep their caches: in a temporary folder where the home folder can't be written."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def writable_caches() -> Iterator[None]:
    """Lead matplotlib and datasets to a temporary folder where theirs can't be written; it is gone in the end."""
    missing = {key: place for key, place in _caches().items() if key not in os.environ and not _can_write(place)}
    folder = None
    if missing:
        with suppress(OSError):
            folder = tempfile.mkdtemp(prefix="netspace-")
            os.environ.update({key: str(Path(folder) / key.lower()) for key in missing})
    try:
        yield
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _caches() -> dict[str, Path]:
    """Return the folder that each variable stands for where it is not set."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 (where there is no home, Path.home() fails)
    cache, config = (
        Path(os.environ.get(key) or home / name)
        for key, name in (("XDG_CACHE_HOME", ".cache"), ("XDG_CONFIG_HOME", ".config"))
    )
    hub = Path(os.environ.get("HF_HOME") or cache / "huggingface")
    found = {"MPLCONFIGDIR": config / "matplotlib", "HF_DATASETS_CACHE": hub / "datasets"}
    # A hub cache that is there may be read, though not written.
    return found if hub.is_dir() else {**found, "HF_HOME": hub}


def _can_write(place: Path) -> bool:
    """Say whether a folder can be written, or made; a home folder that is not there is not made."""
    for folder in (place, *place.parents[:2]):
        if folder.exists():
            return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
    return False
