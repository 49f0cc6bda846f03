"""Which images a run was made on, so that a later command can say how many are gone and how many are new."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netspace.data.images import ImageData
from netspace.documents import write_atomically
from netspace.errors import NetspaceError

FILE = "images.npy"


def remember_images(images: ImageData, folder: Path) -> None:
    """Write 64 bits of each training image's content into a run's folder, unless they are there."""
    if (folder / FILE).exists():
        return
    content = io.BytesIO()
    np.save(content, images.digests, allow_pickle=False)
    write_atomically(folder / FILE, content.getvalue())


def changed_images(images: ImageData, folder: Path) -> str:
    """Say how many training images a run has lost and gained since it was made."""
    before = _before(folder)
    if before is None:
        return f"now {len(images.digests):,} training images; how many there were is not known"
    then, now = Counter(before.tolist()), Counter(images.digests.tolist())
    lost, gained = (then - now).total(), (now - then).total()
    if not lost and not gained:
        return "the same files, but of other classes, in another order, or read in another way"
    return f"{lost:,} of {len(before):,} training images are gone, {gained:,} are new"


def _all_gone(images: ImageData, folder: Path) -> bool:
    """Say whether not one of the images that a run was made on is left: then these are other data."""
    before = _before(folder)
    return before is not None and not np.isin(before, images.digests).any()


def _before(folder: Path) -> NDArray[np.uint64] | None:
    """Return what `remember_images` wrote; None where an earlier version made the folder, or the file is at fault."""
    with contextlib.suppress(Exception):
        before = np.load(folder / FILE, allow_pickle=False)
        if before.dtype == np.uint64 and before.ndim == 1:
            return before
    return None


def same_images(images: ImageData, fingerprint: str, folder: Path, *, accept: bool) -> tuple[ImageData, list[str]]:
    """Return images to go on with, those that a run or training was made on or changed ones that the user accepts.

    Args:
        images: as they are now.
        fingerprint: of those it was made on.
        folder: of the run or training.
        accept: take them though some have gone or are new; what is made of them is not mixed with what was made before.

    Returns:
        the images, and what must be said of them.

    Raises:
        NetspaceError: where they have changed and that is not accepted; it says how.
    """
    if images.fingerprint == fingerprint:
        return images, []
    how = changed_images(images, folder)
    if accept and not _all_gone(images, folder):
        return images, [f"the data have changed since '{folder}' was made: {how}"]
    raise NetspaceError(
        f"dataset '{images.settings.dataset}' holds other images than '{folder}' was made on ({how}; fingerprint "
        f"{fingerprint}, now {images.fingerprint}); say with --dataset where those are, or go on with "
        "--accept-changed-data"
    )
