"""Images and labels of the user's own, as tensors on the device."""

from netspace.data.batches import Normalisation, augment
from netspace.data.images import ImageData, ImageSet, load_images

__all__ = ["ImageData", "ImageSet", "Normalisation", "augment", "load_images"]
