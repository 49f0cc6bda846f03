"""Normalisation and augmentation on the device."""

import torch

from netspace.data import ImageData, Normalisation, augment
from netspace.settings import Augmentation


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_normalised_images_have_mean_0_and_deviation_1_per_channel() -> None:
    images = torch.randint(0, 256, (50, 3, 9, 9), dtype=torch.uint8, generator=generator())
    images[:, 1] //= 4
    out = Normalisation.of(images)(images)
    assert torch.allclose(out.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(out.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-5)


def test_an_even_image_does_not_divide_by_zero() -> None:
    images = torch.full((4, 1, 5, 5), 7, dtype=torch.uint8)
    assert bool(torch.isfinite(Normalisation.of(images)(images)).all())


def test_nothing_changes_where_every_augmentation_is_off(fashion: ImageData) -> None:
    images = fashion.train.images[:8].float()
    assert torch.equal(augment(images, Augmentation(0, False, 0), generator=generator()), images)


def test_each_crop_is_a_window_of_the_padded_image(fashion: ImageData) -> None:
    images = fashion.train.images[:40].float()
    out = augment(images, Augmentation(2, False, 0), generator=generator())
    padded = torch.nn.functional.pad(images, (2, 2, 2, 2))
    shifts = set()
    for before, after in zip(padded, out, strict=True):
        found = [(r, c) for r in range(5) for c in range(5) if torch.equal(before[:, r : r + 28, c : c + 28], after)]
        assert found
        shifts.update(found)
    assert len(shifts) > 10


def test_about_half_of_the_images_are_mirrored(fashion: ImageData) -> None:
    images = fashion.train.images[:400].float()
    out = augment(images, Augmentation(0, True, 0), generator=generator())
    mirrored = [torch.equal(a.flip(2), b) for a, b in zip(images, out, strict=True)]
    assert all(m or torch.equal(a, b) for m, a, b in zip(mirrored, images, out, strict=True))
    assert 160 < sum(mirrored) < 240


def test_cutout_sets_one_square_to_the_mean() -> None:
    out = augment(torch.ones(100, 2, 16, 16), Augmentation(0, False, 6), generator=generator())
    gone = (out[:, 0] == 0).sum((1, 2))
    assert torch.equal(out[:, 0], out[:, 1])
    assert int(gone.max()) == 36
    assert int(gone.min()) >= 9  # a centre at the corner leaves half a side each way


def test_the_same_seed_gives_the_same_images(fashion: ImageData) -> None:
    images = fashion.train.images[:16].float()
    settings = Augmentation(4, True, 8)
    first = augment(images, settings, generator=generator())
    assert torch.equal(first, augment(images, settings, generator=generator()))
