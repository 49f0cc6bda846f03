"""Data sets of the hub, by their id, through Hugging Face `datasets`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netspace.data.columns import image_column, label_column
from netspace.data.files import UnreadableError
from netspace.data.labels import sorted_labels
from netspace.data.rows import Row
from netspace.data.tables import UNLABELLED, text
from netspace.errors import NetspaceError
from netspace.settings import DataSettings

SECONDS = 10.0
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?")
_FILE = re.compile(r"\.(zip|tar|gz|tgz|7z|rar|parquet|csv|tsv|json|jsonl|npz|npy|txt|jpe?g|png)$", re.IGNORECASE)


def may_be_id(name: str) -> bool:
    """Say whether a name could be a hub id: `name` or `owner/name`, where no folder here is called as the owner is."""
    if not _ID.fullmatch(name) or _FILE.search(name):
        return False
    owner, slash, _ = name.partition("/")
    return not (slash and Path(owner).is_dir())


class HubSource:
    """A data set of the hub, read as a stream.

    Args:
        settings: the hub id, and which columns.

    Raises:
        NetspaceError: where it can't be opened, or has no column of images or of labels.
    """

    def __init__(self, settings: DataSettings) -> None:
        import datasets
        import huggingface_hub

        datasets.disable_progress_bars()
        huggingface_hub.logging.set_verbosity_error()
        self._name = settings.dataset
        self.stamp: str | None = None
        self.unreadable: list[UnreadableError] = []
        self.notes: list[str] = []
        with self._errors("cannot open it"):
            self._ask(datasets)
            stream = datasets.load_dataset(self._name, streaming=True)
            self.splits = list(stream)
            features = stream[self.splits[0]].features
            if features is None:
                raise NetspaceError(f"dataset '{self._name}' does not say the types of its columns")
            images = [name for name, feature in features.items() if isinstance(feature, datasets.Image)]
            self._image = image_column(settings, list(features), images)
            named = {n: f.num_classes for n, f in features.items() if isinstance(f, datasets.ClassLabel)}
            self._label = label_column(settings, list(features), named)
            self._stream = stream.cast_column(self._image, datasets.Image(decode=False))
        names = getattr(features[self._label], "names", None)
        self._names: list[str] | None = None if names is None else list(names)
        self._classes = self._names
        self.unlabelled = [split for split in self.splits if split != "train" and self._first_label(split) is None]

    def _ask(self, datasets: Any) -> None:
        """Ask the hub whether it has the data set; without a network only what an earlier call left here is looked at.

        `datasets` by itself tries for half a minute.
        """
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError

        try:
            HfApi().dataset_info(self._name, timeout=SECONDS)
        except HfHubHTTPError as error:
            raise NetspaceError(f"the hub has no data set '{self._name}' for you ({type(error).__name__})") from None
        except Exception:
            datasets.config.HF_HUB_OFFLINE = True

    @property
    def classes(self) -> list[str]:
        """Class names: those that the data set names, or its different labels in their order."""
        if self._classes is None:
            train = "train" if "train" in self.splits else self.splits[0]
            found = {text(label, f"row {n} of split '{train}'"): None for n, label in self._labels(train)}
            self._classes = sorted_labels(found)
        return self._classes

    def count(self, split: str) -> int | None:
        """See Source."""
        info = (self._stream[split].info.splits or {}).get(split)
        return None if info is None else info.num_examples

    def rows(self, split: str) -> Iterator[Row]:
        """See Source."""
        index = {name: i for i, name in enumerate(self.classes)}
        for number, row in self._raw(split, self._stream[split]):
            image, label = row[self._image] or {}, row[self._label]
            where = f"row {number} of split '{split}' of '{self._name}'"
            name = self._names[label] if self._names and isinstance(label, int) and label >= 0 else label
            if (known := text(name, f"{where}, column '{self._label}'")) not in index:
                raise NetspaceError(
                    f"{where}, column '{self._label}': the label {label!r} is no class of '{self._name}'"
                )
            yield Row(where, image.get("bytes"), index[known])

    def _first_label(self, split: str) -> Any:
        label = next((label for _, label in self._labels(split)), None)
        return None if label == UNLABELLED else label

    def _labels(self, split: str) -> Iterator[tuple[int, Any]]:
        for number, row in self._raw(split, self._stream[split].select_columns([self._label])):
            yield number, row[self._label]

    def _raw(self, split: str, stream: Any) -> Iterator[tuple[int, dict[str, Any]]]:
        with self._errors(f"cannot read split '{split}' of dataset '{self._name}'"):
            yield from enumerate(stream)

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        """Turn whatever `datasets` or the network raises into one line."""
        try:
            yield
        except NetspaceError:
            raise
        except Exception as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise NetspaceError(f"{what} ({reason})") from None
