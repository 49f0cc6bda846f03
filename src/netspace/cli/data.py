"""The command `netspace data`, and how every command that trains reads its images: told before anything is trained."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from netspace.cli.options import (
    ConvertTo,
    DatasetArgument,
    ImageColumn,
    Json,
    LabelColumn,
    Labels,
    ResizeTo,
    SkipUnreadable,
    data_options,
)
from netspace.cli.output import note, print_json, say
from netspace.documents import from_plain
from netspace.settings import DataSettings

if TYPE_CHECKING:
    from netspace.data import ImageData


def data_command(
    dataset: DatasetArgument,
    image_size: ResizeTo = None,
    channels: ConvertTo = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    labels: Labels = None,
    skip_unreadable: SkipUnreadable = False,
    json: Json = False,
) -> None:
    """Read a data set whole and say what it holds: classes, images, splits, what is sealed, what is left out."""
    columns = (image_column, label_column, labels)
    settings = data_options(dataset, image_size, channels, *columns, skip_unreadable=skip_unreadable)
    from netspace.data import UnreadableImagesError, load_images

    try:
        images = load_images(from_plain(DataSettings, settings, "options"), on_progress=tell_read)
    except UnreadableImagesError as error:
        if json:
            print_json({"dataset": dataset, "unreadable": error.images})
        raise
    if json:
        print_json({**images.summary.to_plain(), "fingerprint": images.fingerprint})
    else:
        for line in images.summary.lines:
            say(line)


def read_images(settings: DataSettings, *runs: Path) -> ImageData:
    """Read a data set; `tell_data` says what it holds, once nothing else is at fault.

    Args:
        settings: where the images are, and how they are read.
        runs: folders in which, or beside which, an earlier command may have kept them.
    """
    return read_timed(settings, *runs)[0]


def read_timed(settings: DataSettings, *runs: Path) -> tuple[ImageData, float]:
    """Read a data set as `read_images` does; return it and the seconds that took."""
    from netspace.data import load_images, places

    begun = time.perf_counter()
    return load_images(settings, kept=places(*runs), on_progress=tell_read), time.perf_counter() - begun


def tell_data(images: ImageData) -> None:
    """Say what a data set holds, beside the result."""
    for line in images.summary.lines:
        note(line)


def tell_read(done: int, total: int | None) -> None:
    """Say how many images are read."""
    from netspace.data import read_so_far

    note(read_so_far(done, total))
