"""One set of rules from image files to pixels, the same for training, predict, model.py and the ONNX script."""

import io
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from netspace.data import EXPORTED, Row, UnreadableError, read_pixels
from netspace.data.pixels import prepare
from tests.data.layouts import big_endian_tiff, encoded, picture

RAMP = (np.arange(48 * 40, dtype=np.uint16).reshape(40, 48) * 34).astype(np.uint16)
GREY = Image.fromarray((RAMP // 256).astype(np.uint8))
COLOUR = picture(1, 5, (48, 40))


def turned(image: Image.Image, orientation: int) -> bytes:
    """Return a JPEG file that lies on its side, with a tag that says so."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image, "PNG", exif=exif)


def transparent(mode: str) -> Image.Image:
    image = COLOUR.convert(mode)
    alpha = Image.new("L", image.size, 255)
    alpha.paste(0, (0, 0, 20, 20))
    image.putalpha(alpha)
    return image


FILES: dict[str, bytes] = {
    "1": encoded(GREY.convert("1")),
    "L": encoded(GREY),
    "L with a transparent value": encoded(GREY, transparency=7),
    "LA": encoded(transparent("L")),
    "P": encoded(COLOUR.convert("P")),
    "P with a transparent value": encoded(COLOUR.convert("P"), "GIF", transparency=3),
    "RGB": encoded(COLOUR),
    "RGBA": encoded(transparent("RGB")),
    "RGBA in WebP": encoded(transparent("RGB"), "WEBP", lossless=True),
    "CMYK": encoded(COLOUR.convert("CMYK"), "TIFF"),
    "YCbCr": encoded(COLOUR.convert("YCbCr"), "TIFF"),
    "LAB": encoded(COLOUR.convert("LAB"), "TIFF"),
    "JPEG": encoded(COLOUR, "JPEG"),
    "a large JPEG": encoded(picture(0, 1, (800, 600)), "JPEG"),
    "16 bits in PNG": encoded(Image.fromarray(RAMP)),
    "16 bits in TIFF": encoded(Image.fromarray(RAMP), "TIFF"),
    "16 bits in big-endian TIFF": big_endian_tiff(RAMP),
    "16 bits in PGM": b"P5 48 40 65535\n" + RAMP.astype(">u2").tobytes(),
    "floats": encoded(Image.fromarray((RAMP / 65535).astype(np.float32)), "TIFF"),
    "on its side": turned(COLOUR, 6),
    "mirrored": turned(COLOUR, 5),
    "animated": encoded(COLOUR, "GIF", save_all=True, append_images=[GREY.convert("RGB")]),
}


def exported() -> ModuleType:
    """Return what an exported file carries of the rules, run as it runs there."""
    module = ModuleType("exported")
    exec("from __future__ import annotations\n\n\n" + EXPORTED, module.__dict__)
    return module


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [None, 32])
@pytest.mark.parametrize("name", FILES)
def test_exported_files_read_every_mode_as_training_does(name: str, size: int | None, channels: int) -> None:
    ours = read_pixels(Row(name, FILES[name], 0), size, channels)
    theirs = exported().prepare(Image.open(io.BytesIO(FILES[name])), size, channels)
    assert np.array_equal(ours, np.asarray(theirs))
    assert ours.dtype == np.uint8
    assert ours.std() > 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_seen_upright(orientation: int) -> None:
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = COLOUR if orientation == 1 else COLOUR.transpose(Image.Transpose(back[orientation]))
    seen = read_pixels(Row("photo", turned(stored, orientation), 0), None, 3)
    assert np.array_equal(seen, np.asarray(COLOUR))


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("16 bits")])
def test_sixteen_bits_are_scaled_by_their_type_and_not_by_each_image(name: str) -> None:
    pixels = read_pixels(Row(name, FILES[name], 0), None, 1)
    assert np.array_equal(pixels, np.floor(RAMP / 257 + 0.5))
    dark = encoded(Image.fromarray((RAMP // 16).astype(np.uint16)))
    assert read_pixels(Row("dark", dark, 0), None, 1).max() == 16


def test_floats_between_0_and_1_are_scaled_and_others_refused() -> None:
    values = (RAMP / 65535).astype(np.float32)
    assert np.array_equal(read_pixels(Row("x", FILES["floats"], 0), None, 1), np.floor(values * 255 + 0.5))
    for wrong in (np.nan, np.inf, -0.1, 200.0):
        faulty = values.copy()
        faulty[3, 4] = wrong
        with pytest.raises(UnreadableError, match=r"x\.tif: it holds the float .* between 0 and 1"):
            read_pixels(Row("x.tif", encoded(Image.fromarray(faulty), "TIFF"), 0), None, 1)


def test_whole_numbers_of_32_bits_are_refused() -> None:
    image = Image.fromarray(RAMP.astype(np.int32))
    with pytest.raises(UnreadableError, match="of no known range; convert it to 16 bits"):
        read_pixels(Row("x.tif", encoded(image, "TIFF"), 0), None, 1)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_hidden_colours_do_not_show(mode: str) -> None:
    image = Image.new(mode, (8, 8), (200, 10, 10, 0) if mode == "RGBA" else (10, 0))
    assert (read_pixels(Row("x", encoded(image), 0), None, 3) == 255).all()


def test_an_image_of_hundreds_of_megapixels_is_refused_before_it_is_decoded() -> None:
    for side in (11_000, 20_000):
        with pytest.raises(UnreadableError, match="x: it has more than 100,000,000 pixels; shrink it"):
            read_pixels(Row("x", encoded(Image.new("1", (side, side))), 0), 32, 1)


def test_postscript_never_reaches_another_program() -> None:
    text = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n"
    with pytest.raises(UnreadableError, match=r"x\.png"):
        read_pixels(Row("x.png", text, 0), 32, 3)
    with pytest.raises(ValueError, match="it is PostScript"):
        prepare(Image.open(io.BytesIO(text)), 32, 3)


@pytest.mark.parametrize("values", [RAMP, (RAMP / 65535).astype(np.float32)], ids=["16 bits", "floats"])
def test_pixels_where_zero_is_white_are_turned_over(values: np.ndarray) -> None:
    upright, turned_over = (encoded(Image.fromarray(values), "TIFF", tiffinfo={262: kind}) for kind in (1, 0))
    one, other = (read_pixels(Row("x.tif", content, 0), None, 1).astype(int) for content in (upright, turned_over))
    assert (one + other == 255).all()
