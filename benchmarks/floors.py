r"""How far from the machine's floor each thing is: operations over measured peak, bytes over measured bandwidth.

    python benchmarks/floors.py --json benchmarks/results/floors.json [--images ../shared/data/cifar10]

One thread; seconds of the thread's own time, least of several rounds, so that other work on the machine hardly
shows. Peaks are those of a product of matrices in the same arithmetic, bandwidth that of copying 256 MB. A training
step moves at least its activations: each convolution, BatchNorm and ReLU reads and writes them once forward and twice
backward. The floor is the larger of the two. Steps hold their share of augmentation and the validation of as many
images, in 32 bits; they are timed in 32 bits and in the arithmetic that `precision: auto` takes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from netspace import Architecture, Budget, CostModel, DataSettings, load_images, load_search_space
from netspace.arithmetic import settled
from netspace.config import load_recipe
from netspace.cost import cost
from netspace.data import ImageSet, Normalisation, augment
from netspace.evaluate import Training, TrainingData
from netspace.models import SubNetwork, SuperNetwork, forward_masked, initialise, masks_of_subnetwork
from netspace.processor import processor
from netspace.search import architecture_score
from netspace.settings import AUTO, BF16, FP32, Augmentation
from netspace.spaces import SearchSpace

BATCH, ROUNDS = 100, 5
PASSES = 3 * 3 * 2  # convolution, BatchNorm, ReLU; forward and twice backward; read and written
STEPS = [(1e6, 16), (5e6, 16), (30e6, 16), (5e6, 32), (30e6, 32), (200e6, 32)]


@dataclass(frozen=True)
class Row:
    """One thing that was timed: seconds, the floor's seconds, and what the floor is made of."""

    what: str
    seconds: float
    floor: float
    of: str


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", help="a folder of 60 000 images; left out without it")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    machine = Machine()
    print(f"{processor()}, torch {torch.__version__}, one thread: {machine}\n")
    print("| what | measured | floor | times | the floor is |\n| --- | --- | --- | --- | --- |")
    rows = []
    parts = steps(machine), shared_steps(machine), others(machine), readings(given.images), programs()
    for row in chain.from_iterable(parts):
        cells = (row.what, shown(row.seconds), shown(row.floor), f"{row.seconds / row.floor:.1f}", row.of)
        print(f"| {' | '.join(cells)} |", flush=True)
        rows.append(asdict(row))
    if given.json:
        about = {"machine": processor(), "torch": torch.__version__, **vars(machine)}
        given.json.write_text(json.dumps({**about, "rows": rows}, indent=1) + "\n")


class Machine:
    """What one thread reaches: multiply-adds a second in either arithmetic, bytes a second read and written."""

    def __init__(self) -> None:
        self.peaks = {FP32: self._product(torch.float32), BF16: self._product(torch.bfloat16)}
        source, target = torch.zeros(2**26), torch.empty(2**26)
        self.bandwidth = 2 * source.nbytes / least(lambda: target.copy_(source))

    @staticmethod
    def _product(kind: torch.dtype, n: int = 1536) -> float:
        a, b = torch.ones(n, n, dtype=kind), torch.ones(n, n, dtype=kind)
        return n**3 / least(lambda: a @ b)

    def __str__(self) -> str:
        peaks = ", ".join(f"{rate / 1e9:.0f} GMAC/s in {name}" for name, rate in self.peaks.items())
        return f"{peaks}, {self.bandwidth / 1e9:.1f} GB/s"

    def floor(self, operations: float, moved: float, precision: str) -> tuple[float, str]:
        """Return the floor of a computation, seconds, and which of the two it is."""
        arithmetic, memory = operations / self.peaks[precision], moved / self.bandwidth
        return (arithmetic, "operations") if arithmetic > memory else (memory, "bytes")


def least(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the least time of a few calls after one that is not timed, seconds of this thread."""
    taken = []
    for _ in range(rounds + 1):
        begun = time.thread_time()
        run()
        taken.append(time.thread_time() - begun)
    return min(taken[1:])


def shown(seconds: float) -> str:
    """Return seconds with a unit that fits."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def network_at(target: float, space: SearchSpace, size: int) -> Architecture:
    """Return a network of a space that costs so much, within 10 %."""
    template = space.template(size, 3, 10)
    points = Budget(int(target)).band(space.full, template).draw(1, rng=np.random.default_rng(0))
    return next(iter(template.architectures(points)))


def activations(network: Architecture, space: SearchSpace, size: int) -> int:
    return cost(network, space.template(size, 3, 10)).activations


def steps(machine: Machine) -> Iterator[Row]:
    """Yield the training steps, each in 32 bits and as `auto` has it, in turns."""
    recipe = replace(load_recipe("honest"), batch_size=BATCH, epochs=10_000, train_images=None)
    for target, size in STEPS:
        space = load_search_space("expanded" if target > 100e6 else "small")
        template, network = space.template(size, 3, 10), network_at(target, space, size)
        part = ImageSet(torch.randint(255, (BATCH, 3, size, size), dtype=torch.uint8), torch.randint(10, (BATCH,)))
        data = TrainingData(part, part, part, Normalisation.of(part.images), "")
        chosen = settled(AUTO, network, template, torch.device("cpu"))
        trainings = [Training(network, template, data, replace(recipe, precision=p), seed=0) for p in (FP32, chosen)]
        taken = [least(training.train_epoch, 2 * ROUNDS) for training in trainings]
        flops, moved = cost(network, template).flops, activations(network, space, size)
        for precision, seconds in zip((FP32, chosen), taken, strict=True):
            # An epoch of one step: the step, and the forward pass of as many images that are validated on.
            width = 2 if precision == BF16 else 4
            floor, of = machine.floor(3 * BATCH * flops, PASSES * width * BATCH * moved, precision)
            floor += machine.floor(BATCH * flops, 0, FP32)[0]
            yield Row(f"step of {target / 1e6:g} MF, {size} px, {precision}", seconds, floor, of)


def shared_steps(machine: Machine) -> Iterator[Row]:
    """Yield a step of the super network, sliced and masked, and a score."""
    space = load_search_space("small")
    template = space.template(16, 3, 10)
    supernet = SuperNetwork(template, space)
    initialise(supernet, generator=torch.Generator().manual_seed(0))
    supernet = supernet.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images, labels = torch.randn(BATCH, 3, 16, 16), torch.randint(10, (BATCH,))
    images = images.contiguous(memory_format=torch.channels_last)
    network = network_at(5e6, space, 16)
    flops, moved = cost(network, template).flops, activations(network, space, 16)
    masks = masks_of_subnetwork(supernet.shared, SubNetwork.of(network, template))
    runs = {
        "sliced": lambda: supernet(images, network),
        "masked": lambda: forward_masked(supernet.shared, images, masks),
    }
    for name, forward in runs.items():

        def step(forward: Callable[[], torch.Tensor] = forward) -> None:
            supernet.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(forward(), labels).backward()

        floor, of = machine.floor(3 * BATCH * flops, PASSES * 4 * BATCH * moved, FP32)
        yield Row(f"super network's step of 5 MF, 16 px, {name}", least(step), floor, of)
    part = ImageSet(torch.randint(255, (512, 3, 16, 16), dtype=torch.uint8), torch.randint(10, (512,)))
    normalise = Normalisation.of(part.images)
    seconds = least(lambda: architecture_score(supernet, network, images=part, normalise=normalise))
    floor, of = machine.floor(512 * flops, PASSES / 3 * 4 * 512 * moved, FP32)
    yield Row("a score of 5 MF, 16 px, 128 + 384 images", seconds, floor, of)


def others(machine: Machine) -> Iterator[Row]:
    """Yield an epoch of the loader, and the pricing of a million networks."""
    n = 20_000
    part = ImageSet(torch.randint(255, (n, 3, 16, 16), dtype=torch.uint8), torch.randint(10, (n,)))
    normalise, crop = Normalisation.of(part.images), Augmentation(crop=2)

    def epoch() -> None:
        generator = torch.Generator().manual_seed(0)
        for images in part.images.split(BATCH):
            augment(normalise(images), crop, generator=generator)

    moved = part.images.numel() * (1 + 4 + 4)  # read as uint8, written and read as float32
    yield Row("an epoch of 20 000 images at 16 px, crop and flip", least(epoch), moved / machine.bandwidth, "bytes")
    space = load_search_space("expanded")
    model, points = CostModel(space.template(32, 3, 10)), space.full.draw(10**6, rng=np.random.default_rng(0))
    moved = points.nbytes + 8 * len(points)
    yield Row("pricing a million networks", least(lambda: model(points), 3), moved / machine.bandwidth, "bytes")


def readings(images: str | None) -> Iterator[Row]:
    """Yield the reading of a data set, against decoding its images one by one."""
    if images is None:
        return
    from io import BytesIO

    from PIL import Image

    begun = time.process_time()
    data = load_images(DataSettings(images))
    seconds = time.process_time() - begun
    files = []
    for pixels in data.train.images[:500].permute(0, 2, 3, 1).numpy():
        stream = BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        files.append(stream.getvalue())
    each = least(lambda: [np.asarray(Image.open(BytesIO(file)).convert("RGB")) for file in files]) / len(files)
    n = len(data.train) + len(data.test)
    yield Row(f"reading {n:,} images of {data.shape[0]} px", seconds, n * each, "decoding them with Pillow")


def programs() -> Iterator[Row]:
    """Yield the start of the program, against Python's own and that of torch."""

    def run(*words: str) -> float:
        taken = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            subprocess.run([sys.executable, *words], check=True, capture_output=True)
            taken.append(time.perf_counter() - begun)
        return min(taken)

    plain = run("-c", "pass")
    yield Row("netspace --help (of the clock)", run("-m", "netspace", "--help"), plain, "starting Python")
    yield Row("import netspace (of the clock)", run("-c", "import netspace"), plain, "starting Python")


if __name__ == "__main__":
    main()
