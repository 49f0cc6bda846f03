"""A source read whole: every image decoded, brought to one size, and sealed or not; faults are refused together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netspace.data.copies import notes_of_copies
from netspace.data.decoding import Look, OnProgress, Picture, decode, each, look_at
from netspace.data.faults import Faults
from netspace.data.kept import KeptImages
from netspace.data.rows import Source
from netspace.data.sealing import check_classes, is_sealed, sealed_split
from netspace.data.summary import DataSummary
from netspace.errors import NetspaceError
from netspace.settings import DataSettings

LARGEST_OWN_SIZE = 64
DEFAULT_SIZE = 32


def read_source(source: Source, settings: DataSettings, on_progress: OnProgress) -> KeptImages:
    """Read every labelled split of a source; see load_images."""
    faults = Faults(settings, [*source.unreadable])
    test = sealed_split(source)
    train = "train" if "train" in source.splits else next(s for s in source.splits if s != test)
    splits = [train] if test is None else [train, test]
    unused = [split for split in source.splits if split not in splits and split not in source.unlabelled]
    counts = [source.count(split) for split in (*splits, *unused)]
    total = None if None in counts else sum(n for n in counts if n is not None)
    size, channels = _shape(source, [*splits, *unused], settings, faults)
    pictures: dict[str, list[Picture]] = {}
    done = 0
    for split in (*splits, *unused):
        # A validation split that is not used is decoded too, so that a broken image is named now and not when it is.
        found = each(
            source.rows(split),
            partial(decode, size=size, channels=channels),
            on_fault=faults.add,
            on_progress=partial(_tell, on_progress, done, total),
        )
        pictures[split] = list(found) if split in splits else _counted(found)
        done += len(pictures[split])
    faults.refuse(done)
    notes = [*source.notes, *faults.notes, *_split_notes(source, train, test, {s: len(pictures[s]) for s in unused})]
    return _arranged(source, settings, pictures, train, test, channels, notes, faults.images)


def _tell(on_progress: OnProgress, before: int, total: int | None, done: int) -> None:
    on_progress(before + done, total)


def _counted(found: Iterator[Picture]) -> list[Any]:
    """Count pictures without holding them."""
    return [None for _ in found]


def _shape(source: Source, splits: list[str], settings: DataSettings, faults: Faults) -> tuple[int | None, int]:
    """Return the size to bring images to (None keeps their own, which is the same of all) and the channels.

    Raises:
        NetspaceError: where images differ in channels and the settings do not say which to take.
    """
    size, channels = settings.image_size, settings.channels
    if size is not None and channels is not None:
        return size, channels
    looks = (look for split in splits for look in each(source.rows(split), look_at, on_fault=faults.add))
    own, first = _own(looks, settings)
    if not first:
        faults.refuse(0)
    return size if size is not None else own, channels or first


def _own(looks: Iterable[Look], settings: DataSettings) -> tuple[int | None, int]:
    size: int | None = None
    same, channels = True, 0
    for look in looks:
        if settings.channels is None and channels not in (0, look.channels):
            raise NetspaceError(
                f"dataset '{settings.dataset}' mixes channels: {look.name} has {look.channels}, those before it "
                f"{channels}; convert all of them with --channels 1 or --channels 3"
            )
        channels, (width, height) = look.channels, look.size
        same = same and width == height <= LARGEST_OWN_SIZE and size in (None, width)
        size = width
    return (None if same else DEFAULT_SIZE), channels


def _split_notes(source: Source, train: str, test: str | None, unused: dict[str, int]) -> list[str]:
    notes = [f"split '{split}' has {n:,} images and is not used" for split, n in unused.items()]
    for split in source.unlabelled:
        serves = f"split '{test}' is sealed as test set instead" if test else "a share of the others is sealed instead"
        notes.append(f"split '{split}' has no labels and is not used; {serves}")
    if train != "train":
        notes.append(f"there is no training split: split '{train}' serves as one")
    return notes


def _arranged(
    source: Source,
    settings: DataSettings,
    pictures: dict[str, list[Picture]],
    train: str,
    test: str | None,
    channels: int,
    notes: list[str],
    unreadable: dict[str, str],
) -> KeptImages:
    """Put training images first and sealed ones behind them, and say what there is."""
    if test is None:
        share = settings.test_share
        learned = [p for p in pictures[train] if not is_sealed(p.digest, share)]
        sealed = [p for p in pictures[train] if is_sealed(p.digest, share)]
        how = f"about {share:.0%} of the images, chosen by their content"
    else:
        learned, sealed, how = pictures[train], pictures[test], f"the data's own split '{test}'"
    classes = list(source.classes)
    counts = [np.bincount([p.label for p in part], minlength=len(classes)).tolist() for part in (learned, sealed)]
    by_class = {name: (counts[0][k], counts[1][k]) for k, name in enumerate(classes)}
    notes += check_classes(settings.dataset, by_class, test)
    notes += notes_of_copies(learned, sealed, classes)
    every = [*learned, *sealed]
    pixels = np.stack([p.pixels for p in every])
    pixels = pixels[:, None] if channels == 1 else pixels.transpose(0, 3, 1, 2)
    by_area = sorted((p.look.size for p in every), key=lambda size: size[0] * size[1])
    summary = DataSummary(
        dataset=settings.dataset,
        classes=by_class,
        train=len(learned),
        test=len(sealed),
        sealed=how,
        image_size=pixels.shape[-1],
        channels=channels,
        smallest=by_area[0],
        largest=by_area[-1],
        notes=tuple(notes),
        unreadable=unreadable,
    )
    labels: NDArray[np.int64] = np.array([p.label for p in every], np.int64)
    digests = np.array([p.digest for p in every], np.uint64)
    about = {"classes": classes, "summary": summary.to_plain()}
    return KeptImages(np.ascontiguousarray(pixels), labels, digests, len(learned), about)
