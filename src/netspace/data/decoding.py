"""From encoded images to arrays of one size, by as many threads as are of use; what can't be read is collected."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from netspace.data.files import UnreadableError, formats, open_image, reason
from netspace.data.pixels import channels_of, prepare
from netspace.data.rows import Row, digest

CHUNK = 256  # rows that are read ahead
WORTH = 0.8  # of one thread's time; threads that decode small images wait for each other
TELL_SECONDS = 5.0
OnProgress = Callable[[int, int | None], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Look:
    """What an image's header says.

    Args:
        name: of the image.
        size: width and height, pixels, before the EXIF orientation.
        channels: 1 where it is grey, else 3.
    """

    name: str
    size: tuple[int, int]
    channels: int


@dataclass(frozen=True)
class Picture:
    """A decoded image.

    Args:
        look: what its header says.
        label: index of its class.
        digest: 64 bits that tell its encoded content.
        pixels: uint8, shape (size, size) for one channel, else (size, size, 3).
    """

    look: Look
    label: int
    digest: int
    pixels: NDArray[np.uint8]


def look_at(row: Row) -> Look:
    """Read an image's header; of a file nothing else.

    Raises:
        UnreadableError: names the image and what is wrong.
    """
    content = row.image if isinstance(row.image, Path) else row.content()
    image = content if isinstance(content, Image.Image) else open_image(row.name, content)
    with image:
        return Look(row.name, image.size, channels_of(image))


def read_pixels(row: Row, size: int | None, channels: int) -> NDArray[np.uint8]:
    """Return an image's pixels; arguments, shape and errors as for decode."""
    return decode(row, size, channels).pixels


def decode(row: Row, size: int | None, channels: int) -> Picture:
    """Decode an image.

    Args:
        row: as it is stored.
        size: height and width, pixels; None keeps its own.
        channels: 1 for grey, 3 for colour.

    Raises:
        UnreadableError: names the image and what is wrong.
    """
    content = row.content()
    image = content if isinstance(content, Image.Image) else open_image(row.name, content)
    look = Look(row.name, image.size, channels_of(image))
    try:
        pixels = np.asarray(prepare(image, size, channels))
    except Exception as error:
        if isinstance(content, Image.Image):
            raise
        raise UnreadableError(row.name, reason(row.name, content, error)) from None
    return Picture(look, row.label, digest(content), pixels)


def each(
    rows: Iterable[Row],
    do: Callable[[Row], T],
    *,
    on_fault: Callable[[UnreadableError], None],
    on_progress: Callable[[int], None] = lambda done: None,
) -> Iterator[T]:
    """Yield what `do` returns of each row, in order, worked out by several threads, or by one where that is faster.

    Args:
        rows: of any number.
        do: raises UnreadableError where an image can't be read.
        on_fault: called with each such error instead.
        on_progress: called every few seconds with how many rows are done.
    """

    def attempt(row: Row) -> T | UnreadableError:
        try:
            return do(row)
        except UnreadableError as error:
            return error

    formats()  # Pillow loads its plugins once, which threads at the same time would trip over
    rows, done, told = iter(rows), 0, time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        ways: list[Callable[[list[Row]], Iterable[T | UnreadableError]]] = [
            lambda chunk: pool.map(attempt, chunk),
            lambda chunk: map(attempt, chunk),
        ]
        taken: list[float] = []  # seconds a row, by several threads and by one
        while chunk := list(islice(rows, CHUNK)):
            trying, begun = len(taken) < len(ways), time.perf_counter()
            way = ways[len(taken) if trying else taken[0] > WORTH * taken[1]]
            every = list(way(chunk))
            if trying:
                taken.append((time.perf_counter() - begun) / len(chunk))
            for found in every:
                if isinstance(found, UnreadableError):
                    on_fault(found)
                else:
                    yield found
            done += len(chunk)
            if time.monotonic() - told > TELL_SECONDS:
                on_progress(done)
                told = time.monotonic()
