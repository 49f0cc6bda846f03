"""What was read of a data set, in words and numbers: said before anything is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from netspace.data.wording import some

SHOWN = 12


@dataclass(frozen=True)
class DataSummary:
    """A data set as it was read.

    Args:
        dataset: as it was named.
        classes: number of training and of sealed test images of each class, by its name.
        train: training images.
        test: sealed test images.
        sealed: how the test images were chosen.
        image_size: height and width that all were brought to, pixels.
        channels: 1 for grey, 3 for colour.
        smallest: width and height of the smallest image as stored, by its area.
        largest: the same of the largest.
        notes: what was left out or skipped, and what may surprise; a line each.
        unreadable: every image that was skipped, and why it cannot be read.
    """

    dataset: str
    classes: dict[str, tuple[int, int]]
    train: int
    test: int
    sealed: str
    image_size: int
    channels: int
    smallest: tuple[int, int]
    largest: tuple[int, int]
    notes: tuple[str, ...] = ()
    unreadable: dict[str, str] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """The summary as a few lines of text."""
        totals = {name: sum(counts) for name, counts in self.classes.items()}
        few, many = min(totals, key=lambda n: totals[n]), max(totals, key=lambda n: totals[n])
        names = some(list(totals), SHOWN)
        each = f"{totals[few]:,} images each"
        if totals[few] != totals[many]:
            each = f"from {totals[few]:,} images ({few}) to {totals[many]:,} ({many})"
        kind = "grey" if self.channels == 1 else "colour"
        sizes = " to ".join(f"{w}×{h}" for w, h in dict.fromkeys((self.smallest, self.largest)))
        return [
            f"data {self.dataset}: {self.train + self.test:,} images of {len(totals)} classes, {each}: {names}",
            f"  {sizes} pixels, read as {self.image_size}×{self.image_size} in {kind}",
            f"  {self.train:,} to train on, {self.test:,} sealed as test set: {self.sealed}",
            *(f"  {note}" for note in self.notes),
        ]

    def to_plain(self) -> dict[str, Any]:
        """Return it as dicts, lists, numbers and strings."""
        classes = {name: {"train": train, "test": test} for name, (train, test) in self.classes.items()}
        return {**asdict(self), "classes": classes, "images": self.train + self.test}

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> DataSummary:
        """Return the summary that `to_plain` wrote."""
        known = {key: value for key, value in plain.items() if key != "images"}
        known["classes"] = {name: (n["train"], n["test"]) for name, n in plain["classes"].items()}
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in known.items()}
        return cls(**values)
