"""Class folders as people lay them out: which files are images, of which class and of which split.

The rule. Splits are the root's own folders where all of them that hold images are called train, validation or test (or
the like) and hold folders of their own; otherwise each folder is a class, and everything deeper belongs to its class.
A folder that holds nothing but one folder is looked through.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from netspace.data.files import is_image, is_system_file, shown_path
from netspace.data.wording import counted, some
from netspace.errors import NetspaceError

_SPLIT = re.compile(
    r"(?:^|[\s_.-])(train|training|val|valid|validation|test|testing|eval|evaluation)"
    r"(?:[\s_.-]?(?:set|data|dataset|images|split))?$",
    re.IGNORECASE,
)
_KINDS = {"tr": "train", "va": "validation", "te": "test", "ev": "test"}
SHOWN = 3


@dataclass
class Folder:
    """What lies in a folder: its images, other files, and folders; each sorted by name.

    Args:
        path: where it is.
        images: files that are images, or claim to be by their endings.
        others: files that are none.
        folders: those in it.
        unreadable: what could not be looked at, and why.
    """

    path: Path
    images: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)

    def walk(self) -> Iterator[Folder]:
        """Yield this folder and all that are below it."""
        yield self
        for folder in self.folders:
            yield from folder.walk()

    @property
    def with_images(self) -> list[Folder]:
        """The folders in it that hold an image, however deep."""
        return [folder for folder in self.folders if any(inner.images for inner in folder.walk())]

    @property
    def all_images(self) -> list[Path]:
        """Every image in it, however deep, sorted by path."""
        return sorted(path for folder in self.walk() for path in folder.images)


@dataclass(frozen=True)
class Listing:
    """The images of class folders.

    Args:
        classes: names, sorted.
        splits: per split its images and the index of each one's class.
        notes: what was left out, and what a reader might take for something else; a line each.
        unreadable: what could not be looked at, each with the reason.
    """

    classes: list[str]
    splits: dict[str, list[tuple[Path, int]]]
    notes: list[str]
    unreadable: list[tuple[Path, str]]


def split_of(name: str) -> str | None:
    """Return `train`, `validation` or `test` where a name says so by itself or by its last part, as `seg_train`."""
    found = _SPLIT.search(name)
    return _KINDS[found[1].lower()[:2]] if found else None


def scan(path: Path, above: tuple[tuple[int, int], ...] = ()) -> Folder:
    """Look at everything below a folder; links are followed.

    Raises:
        NetspaceError: where a link leads back to a folder that it lies in.
    """
    folder = Folder(path)
    try:
        status = path.stat()
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError as error:
        folder.unreadable.append((path, error.strerror or str(error)))
        return folder
    own = (status.st_dev, status.st_ino)
    if own in above:
        raise NetspaceError(f"{shown_path(path)} is a link to a folder that it lies in, a loop; remove the link")
    for entry in entries:
        place = path / entry.name
        if is_system_file(entry.name):
            continue
        try:
            if entry.is_symlink():
                place.stat()
            if entry.is_dir():
                folder.folders.append(scan(place, (*above, own)))
            else:
                (folder.images if is_image(place) else folder.others).append(place)
        except FileNotFoundError:
            folder.unreadable.append((place, "the link leads nowhere"))
        except OSError as error:  # a link to itself, for instance
            folder.unreadable.append((place, error.strerror or str(error)))
    return folder


def images_below(folder: Path) -> list[Path]:
    """Return every image below a folder, sorted by path."""
    return scan(folder).all_images


def list_class_folders(root: Path) -> Listing:
    """Find the images of a folder that holds class folders, or splits of class folders.

    Raises:
        NetspaceError: where there is no class folder, two folders are the same split, or a name is no text.
    """
    try:
        tree = scan(root)
    except RecursionError:
        raise NetspaceError(f"folders below {shown_path(root)} lie too deep in each other; give one of them") from None
    top = _looked_through(tree)
    splits = _splits(top) or {"train": top}
    notes: list[str] = []
    if len(splits) > 1:
        known = {folder.path.name for folder in _looked_through(splits.get("train", top)).with_images}
        splits = {name: _labelled(folder, known) for name, folder in splits.items()}
    by_split = {name: {_name(c): c.all_images for c in folder.with_images} for name, folder in splits.items()}
    for name in [n for n in by_split if "train" in by_split and not by_split[n].keys() & by_split["train"].keys()]:
        del by_split[name]  # its folders are no classes: it has no labels, and its images are left out
    classes = sorted({name for found in by_split.values() for name in found})
    if len(classes) < 2:
        raise NetspaceError(_without_classes(root, top, classes))
    if set(splits) == {"train"} and sum(split_of(name) is not None for name in classes) > 1:
        notes.append(
            f"folders that are called like splits are classes here ({some(classes)}), since not all of them "
            "hold class folders; where they are splits, put class folders into each, and nothing else beside them"
        )
    if same := _same_inside(splits.get("train", top).with_images):
        notes.append(
            f"the classes are {some(classes)}, and all of them hold folders of the same names "
            f"({some(same)}); where those are your classes, give one of the folders above them"
        )
    index = {name: i for i, name in enumerate(classes)}
    listed = {
        split: [(path, index[name]) for name in sorted(found) for path in found[name]]
        for split, found in by_split.items()
    }
    taken = {path for rows in listed.values() for path, _ in rows}
    notes += _left_out(tree, top, splits, taken)
    return Listing(classes, listed, notes, [fault for folder in tree.walk() for fault in folder.unreadable])


def _looked_through(folder: Folder) -> Folder:
    """Go down while a folder holds nothing but one folder, which holds folders itself."""
    while not folder.images and len(folder.with_images) == 1 and folder.with_images[0].with_images:
        inner = folder.with_images[0]
        if inner.images:
            return folder
        folder = inner
    return folder


def _labelled(folder: Folder, classes: set[str]) -> Folder:
    """Look through a split's folder, unless a folder in it is a class: a split may hold a single one."""
    inside = {inner.path.name for inner in folder.with_images}
    return folder if inside & classes else _looked_through(folder)


def _same_inside(classes: list[Folder]) -> list[str]:
    """Return the names of the folders that each of these holds, where all hold the same, two or more."""
    names = [sorted(inner.path.name for inner in folder.with_images) for folder in classes]
    return names[0] if len(names[0]) > 1 and all(found == names[0] for found in names) else []


def _splits(top: Folder) -> dict[str, Folder]:
    """Return the splits where the folders are such; folders called so that hold images alone have no labels."""
    inside = top.with_images
    labelled = [folder for folder in inside if folder.with_images]
    if not labelled or any(split_of(folder.path.name) is None for folder in inside):
        return {}
    found: dict[str, Folder] = {}
    for folder in labelled:
        name = split_of(folder.path.name)
        assert name is not None
        if name in found:
            raise NetspaceError(
                f"{shown_path(found[name].path)} and {shown_path(folder.path)} are both called like a {name} split; "
                "merge or rename one of them"
            )
        found[name] = folder
    return found


def _name(folder: Folder) -> str:
    name = folder.path.name
    try:
        name.encode()
    except UnicodeEncodeError:
        raise NetspaceError(f"the name of the class folder {shown_path(folder.path)} is no UTF-8; rename it") from None
    return name


def _without_classes(root: Path, top: Folder, classes: list[str]) -> str:
    tables = [path.name for path in top.others if path.suffix.lower() in (".csv", ".tsv")]
    if not any(folder.images for folder in top.walk()):
        return f"dataset '{shown_path(root)}' is empty: no parquet file and no image below it"
    found = f"has 1 class ('{classes[0]}')" if classes else "is unlabelled: its images lie in no class folder"
    advice = f"--labels {tables[0]}" if tables else "--labels FILE.csv"
    return (
        f"dataset '{shown_path(root)}' {found}; a classifier needs two or more folders, one per class, or a table of "
        f"labels ({advice})"
    )


def _left_out(tree: Folder, top: Folder, splits: dict[str, Folder], taken: set[Path]) -> list[str]:
    """Say in one line what is not used, and name the folders that hold no image."""
    images = [path for folder in tree.walk() for path in folder.images if path not in taken]
    others = [path for folder in tree.walk() for path in folder.others]
    parts = []
    if images:
        parts.append(f"{counted(len(images), 'image')} in no class folder ({_some(images, tree.path)})")
    if others:
        endings = Counter(path.suffix.lower() or "no ending" for path in others)
        kinds = some([f"{n} {ending}" for ending, n in endings.most_common()])
        parts.append(
            f"{counted(len(others), 'file')} that {'is no image' if len(others) == 1 else 'are no images'} ({kinds})"
        )
    empty = [f.path for place in {id(f): f for f in (top, *splits.values())}.values() for f in place.folders]
    full = {f.path for place in (top, *splits.values()) for f in place.with_images}
    empty = [path for path in empty if path not in full]
    if empty:
        parts.append(f"{counted(len(empty), 'folder')} without an image ({_some(empty, tree.path)})")
    return [f"left out: {'; '.join(parts)}"] if parts else []


def _some(paths: list[Path], root: Path) -> str:
    return some([shown_path(path.relative_to(root)) for path in paths], SHOWN)
