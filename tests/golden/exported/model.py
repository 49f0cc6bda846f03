"""A network for images: d=(1,2,1) w=(4,8,6), 10 classes, 56,780 multiply-adds (FLOPs, MACs).

Plain torch; nothing else is needed but Pillow to read image files. The weights lie beside it in model.safetensors, the
class names in labels.json.

    model = load()                             # in evaluation mode
    logits = model(read_image("a.png")[None])  # pixel values 0 to 255, shape (n, CHANNELS, IMAGE_SIZE, IMAGE_SIZE)

or on the command line: python model.py IMAGE…
"""

from __future__ import annotations

import json
import struct
import sys
import unicodedata
from pathlib import Path

import torch
from torch import nn

TASK = 'image classification'  # what it was trained for
IMAGE_SIZE = 8
CHANNELS = 1  # grey
MEAN = [73.56926727294922]  # of each channel, subtracted from the pixel values
DEVIATION = [73.87714385986328]  # of each channel, divided by
STEM_WIDTH = 4
DEPTHS = [1, 2, 1]  # blocks of each stage
WIDTHS = [4, 8, 6]  # output channels of each stage
STRIDES = [1, 2, 2]  # of each stage's first block
CLASSES = 10


class ConvNorm(nn.Module):
    """A convolution without bias and the BatchNorm behind it."""

    def __init__(self, inputs, outputs, kernel, stride):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.norm(self.conv(x))


class Block(nn.Module):
    """Two 3×3 convolutions and a residual connection, projected where the shape changes."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = ConvNorm(inputs, outputs, 3, stride)
        self.second = ConvNorm(outputs, outputs, 3, 1)
        self.stride, self.shortcut = stride, None
        if stride != 1 or inputs != outputs:
            self.shortcut = ConvNorm(inputs, outputs, 1, 1)

    def forward(self, x):
        residual = self.second(torch.relu(self.first(x)))
        if self.stride != 1:  # the pixels that a 1×1 kernel with this stride would read
            x = nn.functional.avg_pool2d(x, 1, self.stride)
        return torch.relu(residual + (x if self.shortcut is None else self.shortcut(x)))


class Model(nn.Module):
    """Normalisation, stem, stages of residual blocks, global average pooling, classifier."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION)[:, None, None], persistent=False)
        self.stem = ConvNorm(CHANNELS, STEM_WIDTH, 3, 1)
        self.stages = nn.ModuleList()
        inputs = STEM_WIDTH
        for depth, width, stride in zip(DEPTHS, WIDTHS, STRIDES):
            blocks = [Block(inputs, width, stride)]
            blocks += [Block(width, width, 1) for _ in range(depth - 1)]
            self.stages.append(nn.Sequential(*blocks))
            inputs = width
        self.classifier = nn.Linear(inputs, CLASSES)

    def forward(self, pixels):
        """Map pixel values 0 to 255, shape (n, CHANNELS, IMAGE_SIZE, IMAGE_SIZE), to logits (n, CLASSES)."""
        x = (pixels.float() - self.mean) / self.deviation
        x = torch.relu(self.stem(x))
        for stage in self.stages:
            x = stage(x)
        return self.classifier(x.mean((2, 3)))


def load(folder=Path(__file__).parent):
    """Return the model with the weights of a folder, in evaluation mode."""
    model = Model()
    model.load_state_dict(read_safetensors(Path(folder) / "model.safetensors"))
    return model.eval()


def read_safetensors(path):
    """Read tensors by name: eight bytes of length, a header of JSON, then the values (little-endian)."""
    data = bytearray(Path(path).read_bytes())
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    kinds = {"F32": torch.float32, "I64": torch.int64}
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            values = torch.frombuffer(data[start:end], dtype=kinds[entry["dtype"]])
            tensors[name] = values.reshape(entry["shape"])
    return tensors


def read_image(path):
    """Read an image file as the model takes it: uint8, shape (CHANNELS, IMAGE_SIZE, IMAGE_SIZE)."""
    from PIL import Image

    image = prepare(Image.open(path), IMAGE_SIZE, CHANNELS)
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return pixels.reshape(IMAGE_SIZE, IMAGE_SIZE, CHANNELS).permute(2, 0, 1)


def shown(text):
    """Return a text with control characters written out, so that no name steers the terminal."""
    unseen = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return "".join(ascii(c)[1:-1] if unicodedata.category(c) in unseen else c for c in text)


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


if __name__ == "__main__":
    labels = json.loads((Path(__file__).parent / "labels.json").read_text(encoding="utf-8"))
    model = load()
    for name in sys.argv[1:]:
        with torch.no_grad():
            probabilities = model(read_image(name)[None]).softmax(1)[0]
        likeliest = int(probabilities.argmax())
        print(shown(f"{name}  {labels[likeliest]}  {float(probabilities[likeliest]):.3f}"))
