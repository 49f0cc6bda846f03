"""Images that can't be read: refused together, or counted where the user lets them be skipped."""

from __future__ import annotations

import re

from netspace.data.files import UnreadableError
from netspace.data.wording import NAMED, counted, some
from netspace.errors import NetspaceError
from netspace.settings import DataSettings

_VARYING = re.compile(r"b'[^']*'|\d+")  # a number of bytes, say, of which each image has its own


class UnreadableImagesError(NetspaceError):
    """Images of a data set that can't be read.

    Args:
        message: names some of them.
        images: all of them, each with the reason.
    """

    def __init__(self, message: str, images: dict[str, str]) -> None:
        super().__init__(message)
        self.images = images


class Faults:
    """The unreadable images of a data set, as they are found.

    Args:
        settings: say whether they may be skipped.
        known: those that are known before any image is opened.
    """

    def __init__(self, settings: DataSettings, known: list[UnreadableError]) -> None:
        self._settings = settings
        self.images = {fault.name: fault.why for fault in known}

    def add(self, fault: UnreadableError) -> None:
        """Take one in; an image that was found at fault before counts once."""
        self.images[fault.name] = fault.why

    @property
    def notes(self) -> list[str]:
        """What was skipped, in one line."""
        if not self.images:
            return []
        return [f"skipped, since they cannot be read: {counted(len(self.images), 'image')}: {self._told}"]

    @property
    def _told(self) -> str:
        """Name the first images of each reason; reasons that differ in a number alone are one."""
        alike: dict[str, dict[str, str]] = {}
        for name, why in self.images.items():
            alike.setdefault(_VARYING.sub("…", why), {})[name] = why
        groups = list(alike.items())
        told = []
        for reason, found in groups[:NAMED]:
            same = len({*found.values()}) == 1
            told.append(f"{some(list(found))}: {next(iter(found.values())) if same else reason}")
        if rest := sum(len(found) for _, found in groups[NAMED:]):
            told.append(f"and {rest:,} more for other reasons")
        return "; ".join(told)

    def refuse(self, read: int) -> None:
        """Raise NetspaceError where there are any, unless they may be skipped and something is left."""
        n = len(self.images)
        if n and not self._settings.skip_unreadable:
            what, it = ("image", "it") if n == 1 else (f"{n:,} of {read + n:,} images:", "them")
            message = f"cannot read {what} {self._told}; mend or remove {it}, or leave {it} out: --skip-unreadable"
            raise UnreadableImagesError(message, self.images)
        if not read:
            raise NetspaceError(f"dataset '{self._settings.dataset}' is empty: it has no image to train on")
