"""Which images are sealed as test set, and whether each class has enough of them."""

from __future__ import annotations

from netspace.data.rows import Source
from netspace.errors import NetspaceError

LEAST = 5
NAMED = 5


def sealed_split(source: Source) -> str | None:
    """Return the split that is sealed as test set, of those that have labels; None where a share has to be."""
    for name in ("test", "validation", "valid", "val"):
        if name in source.splits and len(source.splits) > 1 and name not in source.unlabelled:
            return name
    return None


def is_sealed(digest: int, share: float) -> bool:
    """Say whether an image belongs to the sealed share.

    Its own content decides, so that no other image changes sides where one is added or removed, and two copies of an
    image stay together.

    Args:
        digest: 64 bits that tell the image's content.
        share: of the images to seal, 0..1.
    """
    return int(digest) < share * 2**64


def check_classes(dataset: str, classes: dict[str, tuple[int, int]], *, own_split: bool) -> list[str]:
    """Refuse classes with too few images; return what must be said of those without a test image.

    Args:
        dataset: as it was named.
        classes: number of training and of test images of each class.
        own_split: whether the data came with the test split.

    Raises:
        NetspaceError: where fewer than two classes have images, or a class has images, but fewer than it needs.
    """
    there = {name: counts for name, counts in classes.items() if sum(counts)}
    if len(there) < 2:
        raise NetspaceError(f"dataset '{dataset}' has {len(there)} class; a classifier needs two or more")
    where = "training images" if own_split else "images"
    totals = {name: train if own_split else train + test for name, (train, test) in there.items()}
    few = {name: n for name, n in totals.items() if n < LEAST}
    if few:
        raise NetspaceError(
            f"dataset '{dataset}': each class needs {LEAST} {where} or more, but {_named(few)}; add images, or remove "
            "the class"
        )
    unseen = [name for name, (train, _) in there.items() if not train]
    if unseen:
        raise NetspaceError(
            f"dataset '{dataset}': all images of class '{unseen[0]}' fell to the sealed test set; add some to it"
        )
    notes = []
    if absent := [name for name, counts in classes.items() if not sum(counts)]:
        notes.append(f"{len(absent)} of the {len(classes)} classes have no image: {', '.join(absent[:NAMED])}")
    if untested := [name for name, (_, test) in there.items() if not test]:
        shown = ", ".join(untested[:NAMED])
        notes.append(
            f"no test image of {shown}: test errors say nothing about {'it' if len(untested) == 1 else 'them'}"
        )
    return notes


def _named(few: dict[str, int]) -> str:
    told = ", ".join(f"'{name}' has {n}" for name, n in list(few.items())[:NAMED])
    return told + (f" and {len(few) - NAMED} more have too few" if len(few) > NAMED else "")
