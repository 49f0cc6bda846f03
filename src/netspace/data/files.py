"""Which files are images, and what stands in the way of reading one."""

from __future__ import annotations

import io
import os
import stat
import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import PIL
from PIL import Image, UnidentifiedImageError

from netspace.data.pixels import LARGEST
from netspace.errors import NetspaceError

# What operating systems, network drives and archives leave beside a user's files; hidden files are no images either.
SYSTEM_NAMES = {
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "#recycle", "$recycle.bin"),
    *("system volume information", "lost+found"),
}
NEEDS_HEIF = "a HEIC image needs one more package: pip install 'netspace[heif]'"
HEIF = {".heic", ".heif", ".hif", ".heics", ".heifs"}
# Images by their ending that Pillow may not open: they are named and refused rather than taken for something else.
FOREIGN = {
    *(".avif", ".jxl", ".jxr", ".svg", ".svgz", ".eps", ".ps", ".ai", ".xcf", ".psb", ".exr", ".hdr", ".dcm", ".dicom"),
    *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".orf", ".rw2", ".raf", ".pef", ".srw", ".x3f"),
}
# Pillow identifies these but draws none of them by itself, or needs another program to.
NO_PIXELS = {"EPS", "MPEG", "GRIB", "BUFR", "HDF5", "WMF"}
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")


class UnreadableError(NetspaceError):
    """An image that can't be read.

    Args:
        name: of the image.
        why: in a few words.
    """

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"cannot read image {name}: {why}")
        self.name, self.why = name, why


@cache
def formats() -> tuple[str, ...]:
    """Return the formats that Pillow reads here, those of an installed HEIF plugin among them.

    They are tried in this order: those that are told by their first bytes come before those that have to be begun.
    """
    Image.init()
    # The size of an image is held against LARGEST instead, with an error that names the file.
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    warnings.filterwarnings("ignore", module="PIL")  # of a file's broken EXIF data, for instance
    if find_spec("pillow_heif") is not None:
        import pillow_heif

        pillow_heif.register_heif_opener()
    names = [name for name in Image.OPEN if name not in NO_PIXELS]
    return tuple(sorted(names, key=lambda name: Image.OPEN[name][1] is None))


@cache
def _with_a_signature() -> tuple[str, ...]:
    """Return the formats that are told by their first bytes; the others would take many a binary file for an image."""
    return tuple(name for name in formats() if Image.OPEN[name][1] is not None)


@cache
def _image_endings() -> frozenset[str]:
    readable = formats()  # which may add to Pillow's endings
    known = {ending for ending, name in Image.registered_extensions().items() if name in readable}
    return frozenset(known | HEIF | FOREIGN)


def is_system_file(name: str) -> bool:
    """Say whether a file or folder is hidden or was left by an operating system, so that it is no data."""
    return name.startswith(".") or name.lower() in SYSTEM_NAMES


def is_image(path: Path) -> bool:
    """Say whether a file is an image: by its ending, or by its first bytes where the ending says nothing.

    An image by its ending may still be unreadable, which reading it says.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False  # a pipe or a device would block, or never end
    except OSError:
        return path.suffix.lower() in _image_endings()
    if path.suffix.lower() in _image_endings():
        return True
    try:
        with Image.open(path, formats=_with_a_signature()):
            return True
    except Exception:
        return False


def open_image(name: str, content: bytes | Path) -> Image.Image:
    """Open an image, without decoding its pixels.

    Args:
        name: for errors.
        content: the encoded image, or its file.

    Raises:
        UnreadableError: names the image, what is wrong and what to do.
    """
    if Path(name).suffix.lower() in HEIF and find_spec("pillow_heif") is None:
        raise UnreadableError(name, NEEDS_HEIF)
    try:
        image = Image.open(io.BytesIO(content) if isinstance(content, bytes) else content, formats=formats())
    except Exception as error:
        raise UnreadableError(name, reason(name, content, error)) from None
    if image.width * image.height > LARGEST:
        raise UnreadableError(name, f"it has more than {LARGEST:,} pixels; shrink it")
    return image


def reason(name: str, content: bytes | Path, error: Exception) -> str:
    """Say in a few words why an image can't be read."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, Image.DecompressionBombError):
        return f"it has more than {LARGEST:,} pixels; shrink it"
    if not isinstance(error, UnidentifiedImageError):
        return " ".join(str(error).split())[:200] or type(error).__name__
    try:
        start = content[:16] if isinstance(content, bytes) else _first_bytes(content)
    except OSError as fault:
        return fault.strerror or str(fault)
    if not start:
        return "the file is empty"
    if start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS:
        return NEEDS_HEIF
    if Path(name).suffix.lower() in FOREIGN:
        return f"Pillow {PIL.__version__} cannot read this format; convert it to PNG or JPEG"
    return "it is no image"


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(16)


def shown_path(path: Path | str) -> str:
    """Return a path as text that can be printed; bytes that are no UTF-8 are written as `\\xff`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
