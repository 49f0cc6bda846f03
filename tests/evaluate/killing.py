"""A small population, and a thread that sends signals to the workers that train it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from netspace import DataSettings, load_search_space
from netspace.data import load_images
from netspace.documents import fingerprint
from netspace.evaluate import TrainingData, plan_drawn
from netspace.records import NetworkStore
from netspace.records.database import reading
from netspace.settings import Recipe
from netspace.spaces import NetworkTemplate

LOADED = load_search_space("tiny")
TEMPLATE = LOADED.template(8, 1, 10)
RECIPE = Recipe("test", epochs=3, batch_size=32, warmup_epochs=0, train_images=512, validation_share=0.25)


def small_data() -> TrainingData:
    """Return a few images of 8 by 8 pixels."""
    return TrainingData.of(load_images(DataSettings("fashion", image_size=8)), RECIPE, torch.device("cpu"))


def small_store(folder: Path, n: int, template: NetworkTemplate = TEMPLATE) -> NetworkStore:
    """Return a store in which n networks wait."""
    import numpy as np

    store = NetworkStore(folder)
    store.create(recipe=fingerprint(RECIPE), data="d", template=fingerprint(template))
    store.add(plan_drawn("a-1M", LOADED.full.draw(n, rng=np.random.default_rng(0)), template, 0))
    return store


def process_of(store: NetworkStore, place: int | None = None) -> int | None:
    """Return the process that trains the network of a place, or any network."""
    with suppress(Exception), reading(store.file) as db:
        where = "status = 'claimed'" + ("" if place is None else f" AND place = {place}")
        row = db.execute(f"SELECT worker FROM networks WHERE {where}").fetchone()
        return int((store.folder / "workers" / row["worker"]).read_text())
    return None


@contextmanager
def signals_sent(
    store: NetworkStore, kind: signal.Signals, *, place: int | None = None, times: int | None = None
) -> Iterator[list[int]]:
    """Send a signal to each process that trains the network of a place, or any, so many times, or without end."""
    sent: list[int] = []
    ended = threading.Event()

    def send() -> None:
        while not ended.is_set() and (times is None or len(sent) < times):
            process = process_of(store, place)
            if process is not None and process not in sent:
                with suppress(ProcessLookupError):
                    os.kill(process, kind)
                    sent.append(process)
            time.sleep(0.01)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield sent
    finally:
        ended.set()
        thread.join()


def wait_until(holds: Callable[[], object], seconds: float = 30) -> bool:
    """Wait until something holds, and return whether it does."""
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(holds())
