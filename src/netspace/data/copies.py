"""Copies of one image: in the training set and the test set, or in two classes; told by their encoded content."""

from __future__ import annotations

from netspace.data.decoding import Picture
from netspace.data.wording import counted, some


def notes_of_copies(learned: list[Picture], sealed: list[Picture], classes: list[str]) -> list[str]:
    """Say how many test images are training images too, and how many images are in several classes."""
    first = {p.digest: p for p in reversed([*learned, *sealed])}
    trained = {p.digest for p in learned}
    shared = [p for p in sealed if p.digest in trained]
    other = {p.digest: p for p in reversed([*learned, *sealed]) if p.label != first[p.digest].label}
    notes = []
    if shared:
        n, pairs = len(shared), [f"{p.look.name} is {first[p.digest].look.name}" for p in shared]
        also = "is also a training image" if n == 1 else "are also training images"
        notes.append(
            f"{n:,} of {counted(len(sealed), 'test image')} {also} ({some(pairs, 1)}): test errors say too "
            "little of images that were not trained on"
        )
    if other:
        pairs = [f"{_labelled(first[key], classes)}, {_labelled(p, classes)}" for key, p in other.items()]
        what = "image has copies" if len(other) == 1 else "images have copies"
        notes.append(f"{len(other):,} {what} in another class ({some(pairs, 1)}): no network can tell these apart")
    return notes


def _labelled(picture: Picture, classes: list[str]) -> str:
    return f"{picture.look.name} as '{classes[picture.label]}'"
