"""What workers are handed: images, template and recipe in a temporary folder; each maps the images into its memory.

A file needs room on a disk alone; shared memory, which is small in containers, is not used. The folder is locked by
whoever made it, so that a later run can tell what a killed one left, and removes it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from netspace.blocks import BLOCKS
from netspace.data import ImageSet, Normalisation
from netspace.documents import from_plain, to_plain
from netspace.errors import UnfinishedError
from netspace.evaluate.training_data import TrainingData
from netspace.plugins import import_modules, own_modules
from netspace.settings import Recipe
from netspace.spaces import NetworkTemplate

PREFIX, NEW, SUFFIX = "netspace-work-", "netspace-new-", ".partial"
IMAGES, TEXT, LOCK = "images.safetensors", "job.json", "lock"
_PARTS = ("train", "validation", "test")
_SPARE_BYTES = 1_000_000
NEW_SECONDS = 3600.0


@dataclass(frozen=True)
class Job:
    """What a worker needs to train the networks of a store.

    Args:
        store: the folder of the store.
        template: of all networks.
        recipe: how each is trained.
        data: the images.
        device: `cpu` or `cuda`, where they are trained.
        threads: of each worker, with a training each.
    """

    store: Path
    template: NetworkTemplate
    recipe: Recipe
    data: TrainingData
    device: str = "cpu"
    threads: int = 1


@contextmanager
def handed_out(job: Job) -> Iterator[Path]:
    """Write a job to a temporary folder, or beside its store where the temporary folder has no room; remove it after.

    Raises:
        UnfinishedError: where neither has room.
    """
    places = [Path(tempfile.gettempdir()), job.store.absolute()]
    for place in places:
        _remove_leftovers(place)
    reasons: list[str] = []
    with ExitStack() as stack:
        for place in places:
            folder = _written(job, place, stack, reasons)
            if folder is not None:
                yield folder
                return
    raise UnfinishedError(
        f"the images have to be put where all workers can read them, and there is no room: {'; '.join(reasons)}; "
        "make room, or set TMPDIR to a folder that has some; then run the same command again"
    )


def taken_up(folder: Path) -> Job:
    """Read a job from its folder; the images are mapped into memory, not copied, and moved to its device once."""
    return job_of(json.loads((folder / TEXT).read_text(encoding="utf-8")), load_file(folder / IMAGES))


def job_of(plain: dict[str, Any], tensors: dict[str, Tensor]) -> Job:
    """Return the job that `plain_of` and `tensors_of` tell; its images are moved to its device."""
    parts = {part: ImageSet(**_of(part, tensors)) for part in _PARTS}
    data = TrainingData(**parts, normalise=Normalisation(**_of("normalise", tensors)), fingerprint=plain["data"])
    import_modules(plain["modules"])
    template = from_plain(NetworkTemplate, plain["template"], TEXT)
    recipe, device = from_plain(Recipe, plain["recipe"], TEXT), plain["device"]
    return Job(Path(plain["store"]), template, recipe, data.to(torch.device(device)), device, plain["threads"])


def _written(job: Job, place: Path, stack: ExitStack, reasons: list[str]) -> Path | None:
    """Return the folder made in a place, which the stack removes, or None and one reason more."""
    plain, tensors = plain_of(job), tensors_of(job.data)
    needed = sum(tensor.nbytes for tensor in tensors.values())
    try:
        if (free := shutil.disk_usage(place).free) < needed + _SPARE_BYTES:
            raise OSError(0, f"{needed / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB are free")
        with ExitStack() as own:
            folder = own.enter_context(_locked_folder(place))
            save_file(tensors, folder / IMAGES)
            (folder / TEXT).write_text(json.dumps(plain), encoding="utf-8")
            stack.enter_context(own.pop_all())
            return folder
    except (OSError, SafetensorError) as error:
        reasons.append(f"{place}: {error.strerror if isinstance(error, OSError) else error}")
        return None


@contextmanager
def _locked_folder(place: Path) -> Iterator[Path]:
    """Make a folder that is locked from the moment it has its name, and remove it after."""
    new = Path(tempfile.mkdtemp(prefix=NEW, suffix=SUFFIX, dir=place))
    folder = new.with_name(PREFIX + new.name.removeprefix(NEW))
    try:
        with (new / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            new.rename(folder)
            yield folder
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def plain_of(job: Job) -> dict[str, Any]:
    """Return all of a job but its images as plain data."""
    plain: dict[str, Any] = {"store": str(job.store.absolute()), "data": job.data.fingerprint}
    plain |= {"device": job.device, "threads": job.threads}
    plain |= {"template": to_plain(job.template), "recipe": to_plain(job.recipe)}
    return plain | {"modules": own_modules(BLOCKS, job.template.block)}


def tensors_of(data: TrainingData) -> dict[str, Tensor]:
    """Return the tensors of a training's data by name, as `train.images`."""
    named = {part: getattr(data, part) for part in (*_PARTS, "normalise")}
    found = {f"{part}.{field}": value for part, whole in named.items() for field, value in vars(whole).items()}
    return {name: value.cpu().contiguous() for name, value in found.items()}


def _of(part: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.partition(".")[2]: value for name, value in tensors.items() if name.partition(".")[0] == part}


def _remove_leftovers(place: Path) -> None:
    """Remove what runs that were killed left in a place: what nobody holds, and what never got its name."""
    named, nameless = (place.glob(f"{prefix}*{SUFFIX}") for prefix in (PREFIX, NEW))
    for folder in named:
        try:
            with (folder / LOCK).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # held by a run, of another user, or removed by another process at this moment
            continue
    for folder in nameless:
        with suppress(OSError):  # another run has just given it its name
            about = folder.stat()
            if about.st_uid == os.getuid() and time.time() - about.st_mtime > NEW_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
