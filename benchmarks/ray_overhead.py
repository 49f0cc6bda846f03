"""What a training costs beside itself: by processes of this machine and by Ray, in turns; and the store's figures.

    python benchmarks/ray_overhead.py --json benchmarks/results/ray_overhead.json

Networks sleep for a known time where they would be trained; claiming, handing out, fetching images and recording are
those of real trainings. What it takes to write and count a store is measured on stores of two sizes, and what the
object store takes on images of CIFAR-10's size.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import sleeping

from netspace import DataSettings, NetworkTemplate, Pool, cost, load_images, load_search_space
from netspace.documents import fingerprint
from netspace.evaluate import TrainingData, plan_drawn, ray_crew, train_population
from netspace.evaluate.cluster import reached
from netspace.evaluate.job import tensors_of
from netspace.records import NetworkStore, TrainedNetwork
from netspace.records.database import reading
from netspace.search.run_folder import environment
from netspace.settings import Recipe

SPACE = load_search_space("small")
POOLS = {"2 processes": Pool(2), "Ray": Pool(cluster="ray")}
COUNTED = ((1_000, 200), (100_000, 200))  # networks of a store, and how many are recorded


def main() -> None:
    """Measure, print, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", nargs="+", default=["1x40", "10x8"], help="seconds of a training x networks")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    begun = time.perf_counter()
    ray = reached("ray")
    found: dict[str, Any] = {"environment": environment(), "seconds to start Ray": time.perf_counter() - begun}
    found["places"], found["load"] = ray.cluster_resources()["CPU"], os.getloadavg()
    found["trainings"] = []
    for work in given.work:
        seconds, networks = map(int, work.split("x"))
        for turn in range(given.rounds):
            for name, pool in POOLS.items():
                row = {"pool": name, "seconds": seconds, "networks": networks, "round": turn}
                found["trainings"].append(row | trained(pool, seconds, networks))
                print(found["trainings"][-1], flush=True)
    found["driver"] = driven(2_000)
    print(found["driver"], flush=True)
    found["store"] = [stored(*sizes) for sizes in COUNTED]
    print(found["store"], flush=True)
    found["objects"] = handed(ray)
    print(found["objects"])
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")


def trained(pool: Pool, seconds: int, networks: int) -> dict[str, float]:
    """Train so many networks, and return seconds: before the first, between two of a process, after the last."""
    recipe = Recipe("sleep", epochs=seconds, batch_size=32, warmup_epochs=0)
    images = load_images(DataSettings("fashion"))
    data = TrainingData.of(images, recipe)
    template = replace(SPACE.template(*images.shape), block=sleeping.NAME)
    with tempfile.TemporaryDirectory() as place:
        store = filled(Path(place), networks, template, recipe, data)
        called, cpu = time.time(), time.process_time()
        train_population(store, template, data, recipe, pool=pool)
        returned, cpu = time.time(), time.process_time() - cpu
        with reading(store.file) as db:
            told = [json.loads(row["curve"])[0] for row in db.execute("SELECT curve FROM networks")]
    of: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for one in told:
        of[one["process"]].append((one["begun"], one["ended"]))
    spans = [sorted(spans) for spans in of.values()]
    gaps = [b[0] - a[1] for one in spans for a, b in pairwise(one)]
    first, last = min(one["begun"] for one in told), max(one["ended"] for one in told)
    return {
        "before the first": round(first - called, 3),
        "between two": round(float(np.mean(gaps)), 4),
        "between two, 90th percentile": round(float(np.quantile(gaps, 0.9)), 4),
        "after the last": round(returned - last, 3),
        "whole": round(returned - called, 2),
        "processor time of this process, each": round(cpu / networks, 4),
        "processes": len(of),
    }


def driven(networks: int) -> dict[str, float]:
    """Return this process's seconds for each network that a cluster hands back at once, many at a time."""
    ray_crew._train, ray_crew.QUEUED = sleeping.nothing, networks
    recipe = Recipe("sleep", epochs=1, batch_size=32, warmup_epochs=0)
    images = load_images(DataSettings("fashion"))
    template, data = SPACE.template(*images.shape), TrainingData.of(images, recipe)
    with tempfile.TemporaryDirectory() as place:
        store = filled(Path(place), networks, template, recipe, data)
        begun, cpu = time.perf_counter(), time.process_time()
        train_population(store, template, data, recipe, pool=POOLS["Ray"])
        whole, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return {
        "networks": networks,
        "clock, each": round(whole / networks, 5),
        "processor, each": round(cpu / networks, 5),
    }


def stored(networks: int, recorded: int) -> dict[str, float]:
    """Return seconds of what is done to a store of so many networks, of each call."""
    recipe = Recipe("sleep", epochs=10, batch_size=32, warmup_epochs=0)
    template = SPACE.template(28, 1, 10)
    with tempfile.TemporaryDirectory() as place:
        store = filled(Path(place), networks, template, recipe, None)
        curve = [{"loss": 1.234567, "validation_error": 0.3125, "validation_loss": 0.98765} for _ in range(10)]

        def trained(claim: tuple[int, Any, int]) -> tuple[int, TrainedNetwork]:
            network, architecture, seed = claim
            costs = cost(architecture, template)
            return network, TrainedNetwork(architecture, costs, seed, "r", "d", "ok", 0.3, 0.3, curve, 9.0)

        found: dict[str, float] = {"networks": networks}
        done = [trained(claim) for claim in store.claims(recorded + 100)]
        begun = time.perf_counter()
        for one in done[:recorded]:
            store.finish(*one)
        found["record one"] = (time.perf_counter() - begun) / recorded
        begun = time.perf_counter()
        store.record(done[recorded:])
        found["record 100 at once"] = time.perf_counter() - begun
        found["claim one"] = taken(lambda: store.claims(1))
        found["claim 100 at once"] = taken(lambda: store.claims(100))
        found["count"] = taken(store.counts)
        found["best error"] = taken(store.best_error)
        store.release()
        return {name: round(value, 5) for name, value in found.items()}


def taken(call: Any, times: int = 5) -> float:
    """Return the median seconds of a call."""
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begun)
    return float(np.median(seconds))


def filled(
    folder: Path, networks: int, template: NetworkTemplate, recipe: Recipe, data: TrainingData | None
) -> NetworkStore:
    """Return a store in which so many networks wait."""
    store = NetworkStore(folder)
    store.create(
        recipe=fingerprint(recipe), data="d" if data is None else data.fingerprint, template=fingerprint(template)
    )
    points = SPACE.full.draw(networks, rng=np.random.default_rng(0))
    store.add(plan_drawn("sleeping", points, template, 0))
    return store


def handed(ray: Any) -> dict[str, float]:
    """Return bytes of images that each node holds, and how long it takes to put them there and to map them."""
    images = load_images(DataSettings("fashion"))
    own = tensors_of(TrainingData.of(images, Recipe("sleep", epochs=1, batch_size=32, warmup_epochs=0)))
    cifar: dict[str, Any] = {"images": np.zeros((60_000, 3, 32, 32), np.uint8), "labels": np.zeros(60_000, np.int64)}
    begun = time.perf_counter()
    put = ray.put(cifar)
    seconds = time.perf_counter() - begun
    return {
        "bytes of fashion": sum(tensor.nbytes for tensor in own.values()),
        "bytes of CIFAR-10": sum(array.nbytes for array in cifar.values()),
        "put CIFAR-10": round(seconds, 3),
        "map CIFAR-10": round(taken(lambda: ray.get(put)), 5),
    }


if __name__ == "__main__":
    main()
