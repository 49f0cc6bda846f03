"""A network whose process dies is trained by whoever is left."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import torch

from netspace import Budget, SearchSpace
from netspace.data import ImageData
from netspace.documents import fingerprint
from netspace.evaluate import TrainingData, plan_drawn, train_population
from netspace.records import NetworkStore
from netspace.settings import Recipe

QUICK = Recipe("test", epochs=1, batch_size=32, warmup_epochs=0, train_images=256, validation_share=0.25)
HOLDER = """
import sys, time
from pathlib import Path
from netspace.records import NetworkStore
store = NetworkStore(Path(sys.argv[1]))
assert store.claim() is not None
print("claimed", flush=True)
time.sleep(600)
"""


def test_the_last_network_of_a_process_that_dies_is_taken_over(
    tmp_path: Path, tiny: SearchSpace, fashion: ImageData, rng: np.random.Generator
) -> None:
    template, store = tiny.template(28, 1, 10), NetworkStore(tmp_path)
    store.create(recipe=fingerprint(QUICK), data="d", template="t")
    drawn = Budget.parse("2M", 0.3).band(tiny.full, template).draw(2, rng=rng)
    store.add(plan_drawn("elite-2M", drawn, template, 0))
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "claimed\n"

    def kill_once_the_other_is_trained() -> None:
        while store.counts().get("ok", 0) < 1:
            time.sleep(0.05)
        holder.kill()

    killer = threading.Thread(target=kill_once_the_other_is_trained, daemon=True)
    killer.start()
    train_population(store, template, TrainingData.of(fashion, QUICK, torch.device("cpu")), QUICK)
    holder.wait()
    assert [row["status"] for row in store.rows()] == ["ok", "ok"]
