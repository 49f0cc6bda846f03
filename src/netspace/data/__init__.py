"""Images and labels of the user's own, as tensors on the device."""

from netspace.data.batches import Normalisation, augment
from netspace.data.images import ImageData, ImageSet, load_images, to_array
from netspace.data.source import IMAGE_SUFFIXES, Row

__all__ = ["IMAGE_SUFFIXES", "ImageData", "ImageSet", "Normalisation", "Row", "augment", "load_images", "to_array"]
