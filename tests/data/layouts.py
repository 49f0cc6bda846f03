"""Small data sets as people lay them out, made in a test's own folder."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image


def picture(kind: int, i: int, size: tuple[int, int] = (14, 10)) -> Image.Image:
    """Return a noisy picture whose colour tells its class; no two are equal."""
    rng = np.random.default_rng([kind, i])
    pixels = rng.integers(0, 60, (size[1], size[0], 3), dtype=np.uint8)
    pixels[2:-2, 2:-2, kind % 3] += 150
    return Image.fromarray(pixels)


def class_folder(root: Path, classes: list[str], n: int = 6, *, name: str = "{i}.png", first: int = 0) -> Path:
    """Write n pictures of each class below a folder."""
    for k, label in enumerate(classes):
        (root / label).mkdir(parents=True, exist_ok=True)
        for i in range(first, first + n):
            picture(k, i).save(root / label / name.format(i=i, c=label))
    return root


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """Return an image as the bytes of a file."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def big_endian_tiff(values: np.ndarray) -> bytes:
    """Return a grey 16-bit TIFF file whose bytes are in the order that Pillow does not write."""
    h, w = values.shape
    data = values.astype(">u2").tobytes()
    tags = [
        (256, 4, 1, w), (257, 4, 1, h), (258, 3, 1, 16 << 16), (259, 3, 1, 1 << 16), (262, 3, 1, 1 << 16),
        (273, 4, 1, 8 + 2 + 9 * 12 + 4), (277, 3, 1, 1 << 16), (278, 4, 1, h), (279, 4, 1, len(data)),
    ]  # fmt: skip
    head = b"MM\0*" + struct.pack(">IH", 8, len(tags)) + b"".join(struct.pack(">HHII", *tag) for tag in tags)
    return head + struct.pack(">I", 0) + data
