"""Every image size trains: torch's own kernels crash at some of them, which no exception tells."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from netspace import Architecture, DataSettings, load_images
from netspace.handover import TrainingConfig, export_model, load_model, train_fully, writable
from netspace.models.network import ConvNorm, thinned
from netspace.records import ChosenArchitecture
from netspace.settings import Recipe
from netspace.spaces import NetworkTemplate

ROOT = Path(__file__).parent.parent.parent
SIZES = [4, 5, *range(8, 101), 112, 128, 224]
KNOWN_TO_CRASH = [46, 48, 50, 52, 56, 64]  # torch's strided 1×1 kernel, in channels last


def step_at(sizes: list[int], kinds: str, precision: str) -> None:
    """Run a step at each size in a process that may crash."""
    command = [sys.executable, "-m", "tests.models.one_step", kinds, precision, *map(str, sizes)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"after {done.stdout.splitlines()[-1:]}: {done.returncode} {done.stderr[-500:]}"


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_step_runs_at_image_sizes_that_crash_torchs_strided_kernel(precision: str) -> None:
    step_at([4, 5, 8, 33, *KNOWN_TO_CRASH, 96], "sliced,masked,alone", precision)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("kind", ["sliced", "masked", "alone"])
def test_a_step_runs_at_every_image_size(kind: str, precision: str) -> None:
    step_at(SIZES, kind, precision)


def export_at(size: int, folder: Path, out: Path) -> None:
    """Train a network for an epoch at a size and export it in every format, each checked against it."""
    data = load_images(DataSettings(str(folder), image_size=size))
    template = NetworkTemplate(stem_width=4, image_size=size, channels=data.shape[1], classes=len(data.classes))
    chosen = ChosenArchitecture.of(Architecture.of((1, 1, 1), (4, 8, 6)), template, provenance={})
    recipe = Recipe("step", epochs=1, warmup_epochs=0, batch_size=16)
    train_fully(TrainingConfig(chosen, data.settings, recipe), data, out / "trained")
    exported = export_model(load_model(out / "trained"), data, out / "out", formats=writable())
    assert sorted(export.format for export in exported.kept) == sorted(writable())
    assert exported.failed == {}


@pytest.mark.parametrize("size", [8, 48])
def test_a_training_of_an_epoch_exports_and_passes_its_check(size: int, image_folder: Path, tmp_path: Path) -> None:
    export_at(size, image_folder, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("size", [5, 33, *range(46, 65, 2), 96, 112, 128, 224])
def test_exports_pass_their_check_at_further_sizes(size: int, image_folder: Path, tmp_path: Path) -> None:
    export_at(size, image_folder, tmp_path)


@pytest.mark.parametrize("size", [1, 2, 7, 8])
def test_thinning_before_a_1x1_convolution_is_the_strided_convolution(size: int) -> None:
    layer = ConvNorm(5, 3, 1, stride=2).double()
    x = torch.randn(2, 5, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x.requires_grad_()
    taken = layer.conv(thinned(x, layer.thinning))
    wanted = torch.nn.functional.conv2d(x, layer.conv.weight, stride=2)
    assert torch.equal(taken, wanted)
    ours, theirs = (torch.autograd.grad(out.square().sum(), (x, layer.conv.weight)) for out in (taken, wanted))
    assert all(torch.allclose(a, b, rtol=1e-12, atol=1e-12) for a, b in zip(ours, theirs, strict=True))
    assert sorted(layer.state_dict()) == sorted(ConvNorm(5, 3, 3, stride=2).state_dict())


def test_a_3x3_convolution_keeps_its_stride() -> None:
    assert ConvNorm(5, 3, 3, stride=2).conv.stride == (2, 2)
