"""Images and labels of the user's own, as tensors on the device."""

from netspace.data.batches import Draws, Normalisation, augment, changed
from netspace.data.changes import changed_images, remember_images, same_images
from netspace.data.class_folders import images_below
from netspace.data.decoding import read_pixels
from netspace.data.faults import UnreadableImagesError
from netspace.data.files import UnreadableError
from netspace.data.images import ImageData, ImageSet, load_images
from netspace.data.kept import FOLDER, places
from netspace.data.pixels import EXPORTED, RULES
from netspace.data.rows import Row
from netspace.data.source import EMBEDDED
from netspace.data.summary import DataSummary
from netspace.data.wording import read_so_far

__all__ = [
    "EMBEDDED",
    "EXPORTED",
    "FOLDER",
    "RULES",
    "DataSummary",
    "Draws",
    "ImageData",
    "ImageSet",
    "Normalisation",
    "Row",
    "UnreadableError",
    "UnreadableImagesError",
    "augment",
    "changed",
    "changed_images",
    "images_below",
    "load_images",
    "places",
    "read_pixels",
    "read_so_far",
    "remember_images",
    "same_images",
]
