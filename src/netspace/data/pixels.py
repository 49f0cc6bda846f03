"""From an opened image file to the pixels that a network takes: one set of rules, which exported files carry with them.

`EXPORTED` is copied as source text into `model.py` and `run_….py`, so each function imports what it needs, and needs
nothing but Pillow.
"""

from __future__ import annotations

import inspect

from PIL import Image

LARGEST = 100_000_000  # pixels of one image; beyond it a single image takes a gigabyte to decode
RULES = {
    "orientation": "as the EXIF tag says",
    "transparency": "composed on white",
    "depth": "more than 8 bits: scaled from the whole range of the type (0 to 65535 for 16 bits) to 0 to 255, the same "
    "for every image; floats: 0 to 1 becomes 0 to 255, others are refused",
    "frames": "the first of an animation or of several pages",
    "colour": "converted to grey or to red, green, blue by Pillow",
    "resize": "bilinear, to image_size × image_size; a JPEG file is first decoded at a smaller scale, three times "
    "as large or more",
}


def prepare(image: Image.Image, size: int | None, channels: int) -> Image.Image:
    """Return an opened image as the network takes it: upright, 8 bits, grey or colour, size × size pixels.

    Args:
        image: as `Image.open` returned it, not yet decoded.
        size: height and width; None keeps the image's own.
        channels: 1 for grey, 3 for colour.

    Raises:
        ValueError: where the pixels have no known range.
    """
    from PIL import Image, ImageOps

    if image.format == "EPS":
        raise ValueError("it is PostScript, which holds no pixels; convert it to PNG")
    if size is not None:
        image.draft(image.mode, (3 * size, 3 * size))
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    image = eight_bits(image)
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        image = image.convert("LA") if image.mode == "La" else image
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    if image.mode == "LAB":
        image = image.convert("RGB")  # the only mode that Pillow converts it to
    image = image.convert("L" if channels == 1 else "RGB")
    if size is not None and image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=3.0)
    return image


def eight_bits(image: Image.Image) -> Image.Image:
    """Scale whole numbers of more than 8 bits by the range of their type, and floats from 0..1; leave others alone.

    Raises:
        ValueError: where the range is not known, or a float is outside of it or no number.
    """
    from array import array

    from PIL import ImageOps

    tags = getattr(image, "tag_v2", {})  # of a TIFF file: bits of a sample, 2 where they are signed, 0 where 0 is white
    bits, signed, inverted = tags.get(258, (16,))[0], tags.get(339, (1,))[0] == 2, tags.get(262) == 0
    if image.mode == "F":
        for value in array("f", image.tobytes()):
            if not 0 <= value <= 1:  # also NaN
                raise ValueError(f"it holds the float {value:.6g}, but floats have to lie between 0 and 1; rescale it")
        image = image.point(lambda value: value * 255 + 0.5).convert("L")
        return ImageOps.invert(image) if inverted else image
    wide = image.mode == "I" or image.mode.startswith("I;16")
    known = image.format in ("PNG", "PPM", "TIFF") or (image.mode != "I" and image.format != "FITS")
    if signed or (wide and (bits > 16 or not known)):
        raise ValueError("it holds whole numbers of 32 bits, or signed ones, of no known range; convert it to 16 bits")
    if not wide:
        return image
    if "transparency" in image.info:
        raise ValueError("it has more than 8 bits and a transparent value; convert it to 8 bits")
    scale = 255 / (2**bits - 1)
    image = image.convert("I").point(lambda value: value * scale + 0.5).convert("L")
    return ImageOps.invert(image) if inverted else image


EXPORTED = "\n\n".join(inspect.getsource(function) for function in (prepare, eight_bits))


def channels_of(image: Image.Image) -> int:
    """Return how many channels an opened image has of its own: 1 where it is grey, else 3."""
    return 1 if image.mode in ("1", "L", "LA", "La", "I", "F") or image.mode.startswith("I;16") else 3
