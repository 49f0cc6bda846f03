"""What two processes do together, run as `python -m tests.ranks RANK PORT FILE`: each leaves what it saw in a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import torch

from netspace import DataSettings, NetspaceError
from netspace.data import load_images
from netspace.models.batch_norm import SharedBatchNorm
from netspace.runtime import Runtime, joined
from netspace.search import SpaceSearch
from tests.conftest import quick_config

ESTIMATORS = ("score", "gumbel", "front")


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Return a batch far from mean 0, and what weighs its normalised values."""
    generator = torch.Generator().manual_seed(0)
    x, weights = torch.randn(2, 8, 3, 4, 4, generator=generator)
    return 2 * x + 30, weights


def normalised(norm: torch.nn.Module, rows: slice) -> dict[str, torch.Tensor]:
    """Return the values of a norm on rows of the batch, and the gradients of their weighed sum."""
    x, weights = batch()
    x = x[rows].requires_grad_()
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([1.0, 2.0, 3.0]))
        norm.bias.copy_(torch.tensor([0.0, 1.0, -1.0]))
    y = norm(x)
    (y * weights[rows]).sum().backward()
    return {"y": y.detach(), "x": x.grad, "scale": norm.weight.grad, "shift": norm.bias.grad}


def searched(estimator: str, runtime: Runtime) -> dict[str, Any]:
    """Train two epochs; return their losses, and the weights and Θ at the end."""
    given = {"dataset": "fashion", "image_size": 12}
    data = load_images(DataSettings(**given))
    config = quick_config(search={"estimator": estimator}, data=given, budgets=["400K", "800K"])
    search = SpaceSearch(config, data, runtime)
    records = [search.train_epoch() for _ in range(2)]
    thetas = [] if search.theta is None else search.theta.thetas
    return {
        "losses": [record.loss for record in records],
        "held out": [budget["held_out_loss"] for record in records[1:] for budget in record.budgets.values()],
        "theta": [logits.detach() for theta in thetas for logits in theta.logits],
        "weights": search.supernet.state_dict(),
    }


def disagreement(runtime: Runtime) -> str:
    """Return what is said where the ranks were given different things."""
    try:
        runtime.agree({"seed": 0, "images": runtime.rank})
    except NetspaceError as error:
        return str(error)
    return ""


def main() -> None:
    """Meet the other process and do it all."""
    rank, port, file = sys.argv[1:]
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    with joined(Runtime(int(rank), 2, int(rank)), "cpu") as runtime:
        means = [torch.full((2, 3), float(rank)), torch.arange(4.0) * (1 + int(rank))]
        runtime.average(means)
        seen = {
            "means": means,
            "from first": runtime.from_first({"it": rank}),
            "disagreement": disagreement(runtime),
            "normalised": normalised(SharedBatchNorm(3, runtime), runtime.shard(8)),
            **{estimator: searched(estimator, runtime) for estimator in ESTIMATORS},
        }
        torch.save(seen, Path(file))


if __name__ == "__main__":
    main()
