"""Which images are sealed as test set, and whether each class has enough of them."""

from __future__ import annotations

from netspace.data.rows import Source
from netspace.data.wording import NAMED, some
from netspace.errors import NetspaceError

LEAST = 5


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


def check_classes(dataset: str, classes: dict[str, tuple[int, int]], test: str | None) -> list[str]:
    """Refuse classes with too few images, and data without a test image; return what must be said of other classes.

    Args:
        dataset: as it was named.
        classes: number of training and of test images of each class.
        test: the split that is the test set; None where a share is sealed.

    Raises:
        NetspaceError: where fewer than two classes have images, a class has images, but fewer than it needs, or
            nothing is left to train on or to test with.
    """
    there = {name: counts for name, counts in classes.items() if sum(counts)}
    if len(there) < 2:
        raise NetspaceError(f"dataset '{dataset}' has {len(there)} class; a classifier needs two or more")
    if test is not None and not any(train for train, _ in there.values()):
        raise NetspaceError(f"dataset '{dataset}': no training image can be read, only test images; mend the images")
    where = "images" if test is None else "training images"
    totals = {name: train + (sealed if test is None else 0) for name, (train, sealed) in there.items()}
    few = {name: n for name, n in totals.items() if n < LEAST}
    if few:
        raise NetspaceError(
            f"dataset '{dataset}': each class needs {LEAST} {where} or more, but {_named(few)}; add images, or remove "
            "the class"
        )
    unseen = [name for name, (train, _) in there.items() if not train]
    if unseen:
        shown = some([f"'{name}'" for name in unseen])
        raise NetspaceError(f"dataset '{dataset}': all images of class {shown} fell to the sealed test set; add others")
    if not any(sealed for _, sealed in there.values()):
        raise NetspaceError(_untested(dataset, sum(totals.values()), test))
    notes = []
    if absent := [name for name, counts in classes.items() if not sum(counts)]:
        notes.append(f"{len(absent)} of the {len(classes)} classes have no image: {some(absent)}")
    if untested := [name for name, (_, sealed) in there.items() if not sealed]:
        whom = "it" if len(untested) == 1 else "them"
        notes.append(f"no test image of {some(untested)}: test errors say nothing about {whom}")
    return notes


def _untested(dataset: str, n: int, test: str | None) -> str:
    """Say why there is no test image, and what to do."""
    if test is not None:
        return (
            f"dataset '{dataset}': its test set, split '{test}', has no image that can be read; mend the images, or "
            "remove the split, and other images are sealed instead"
        )
    return (
        f"dataset '{dataset}': none of its {n:,} images fell to the sealed test set, which each image's own content "
        "decides; add images that differ from these, or give the data a test split of their own"
    )


def _named(few: dict[str, int]) -> str:
    told = ", ".join(f"'{name}' has {n}" for name, n in list(few.items())[:NAMED])
    return told + (f" and {len(few) - NAMED} more have too few" if len(few) > NAMED else "")
