"""What trainings of small networks cost a processor, in two checkouts in turn: seconds of processor, not of the clock.

python benchmarks/small_trainings.py --against OTHER_CHECKOUT/src
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent.parent / "src"
NETWORKS = {
    "1 MF, deep and narrow": ((4, 4, 3), (4, 8, 12)),
    "5 MF": ((2, 3, 3), (12, 24, 40)),
    "4 MF, deep and narrow": ((8, 6, 6), (8, 12, 16)),
    "10 MF": ((2, 3, 3), (24, 32, 40)),
    "30 MF": ((3, 3, 3), (36, 60, 64)),
}


def main() -> None:
    """Print, per network, milliseconds of processor a step in either checkout, their ratio, and the errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, help="the package of another checkout; default: this one alone")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--size", type=int, default=16)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.once:
        print(json.dumps({name: measure(*knobs, given) for name, knobs in NETWORKS.items()}))
        return
    trees = [HERE, *([given.against] if given.against else [])]
    found: dict[tuple[str, int], list[list[float]]] = {}
    for _ in range(given.rounds):
        for i, tree in enumerate(trees):
            for name, result in run(tree, given).items():
                found.setdefault((name, i), []).append(result)
    print("| network | ms a step, here | ms a step, before | before / here, each round | error here, before |")
    for name in NETWORKS:
        both = [found.get((name, i), found[name, 0]) for i in range(2)]
        here, before = ([result[0] for result in one] for one in both)
        ratios = sorted(b / a for a, b in zip(here, before, strict=True))
        spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        errors = ", ".join(f"{one[0][1]:.4f}" for one in both)
        print(f"| {name} | {statistics.median(here):.1f} | {statistics.median(before):.1f} | {spread} | {errors} |")


def run(tree: Path, given: argparse.Namespace) -> dict[str, list[float]]:
    """Measure in a process of its own that imports a checkout's package."""
    words = [sys.executable, __file__, "--once", "--steps", str(given.steps), "--size", str(given.size)]
    environment = {**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(depths: tuple[int, ...], widths: tuple[int, ...], given: argparse.Namespace) -> list[float]:
    """Train as `evaluate` does, in a worker; return milliseconds of processor a step, less start-up, and the error."""
    from netspace import Architecture, DataSettings, load_images
    from netspace.cost import cost
    from netspace.documents import fingerprint
    from netspace.evaluate import TrainingData, train_population
    from netspace.records import NetworkStore, Planned, Population
    from netspace.settings import Augmentation, Recipe
    from netspace.spaces import NetworkTemplate

    images = load_images(DataSettings("fashion", image_size=given.size, channels=3))
    spent = []
    for steps in (1, given.steps + 1):
        recipe = Recipe("r", epochs=1, batch_size=100, warmup_epochs=0.0, augment=Augmentation(crop=2))
        recipe = Recipe(
            **{**vars(recipe), "train_images": 100 * steps + 100, "validation_share": 100 / (100 * steps + 100)}
        )
        template = NetworkTemplate(stem_width=16, image_size=given.size, channels=3, classes=10)
        network, data = Architecture.of(depths, widths), TrainingData.of(images, recipe)
        with tempfile.TemporaryDirectory() as folder:
            store = NetworkStore(Path(folder))
            store.create(recipe=fingerprint(recipe), data=data.fingerprint, template=fingerprint(template))
            planned = Planned("p", 0, 0, network, cost(network, template))
            store.add([planned], [Population("p", "space", "p")])
            before = children()
            train_population(store, template, data, recipe)
            spent.append(children() - before)
            error = store.rows()[0]["test_error"]
    return [1000 * (spent[1] - spent[0]) / given.steps, error]


def children() -> float:
    """Return the processor seconds, of user and system, of processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
