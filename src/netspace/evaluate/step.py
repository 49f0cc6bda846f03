"""One step of a training: forward, backward, optimiser; on a GPU replayed as a CUDA graph.

The step of a small network is hundreds of kernels of a few microseconds each. Started one by one they wait for the CPU
that starts them; recorded once and replayed together they do not (CUDA graphs; torch's notes on CUDA semantics).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from netspace.models import Network, restore_optimizer
from netspace.settings import Recipe

WARM_STEPS = 3  # taken one kernel at a time: what is made on first use must be there before a graph is recorded
_RECORDING = threading.Lock()  # recording waits for all that the device does, so one thread of a process records


class Step:
    """A network's step with its optimiser.

    Args:
        network: what is trained, on the device.
        recipe: how.
        device: where it is.
    """

    def __init__(self, network: Network, recipe: Recipe, device: torch.device) -> None:
        self._network, self._recipe, self._device = network, recipe, device
        self._model: nn.Module = torch.compile(network) if recipe.compile else network  # type: ignore[assignment]
        self._optimizer = _optimizer(network, recipe, device)
        self._recorded = _RecordedStep() if device.type == "cuda" and not recipe.compile else None

    def __call__(self, images: Tensor, labels: Tensor, rate: float) -> Tensor:
        """Train on a batch at a learning rate and return the loss before the step, a scalar without gradient.

        Args:
            images: shape (batch, channels, size, size), normalised; each batch of one shape.
            labels: class indices, shape (batch,).
            rate: learning rate.
        """
        group = self._optimizer.param_groups[0]
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate
        if self._recorded is None:
            return self._eager(images, labels)
        return self._recorded(self._eager, images, labels)

    def state(self) -> dict[str, Any]:
        """Return the optimiser's state, the learning rate left out: each step sets it."""
        state = self._optimizer.state_dict()
        return state | {"param_groups": [group | {"lr": 0.0} for group in state["param_groups"]]}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a state."""
        rate = self._optimizer.param_groups[0]["lr"]
        restore_optimizer(self._optimizer, state, "optimizer")
        self._optimizer.param_groups[0]["lr"] = rate

    def _eager(self, images: Tensor, labels: Tensor) -> Tensor:
        recipe = self._recipe
        with torch.autocast(self._device.type, torch.bfloat16, enabled=recipe.precision == "bf16-mixed"):
            loss = F.cross_entropy(self._model(images), labels, label_smoothing=recipe.label_smoothing)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if recipe.clip is not None:
            nn.utils.clip_grad_norm_(self._network.parameters(), recipe.clip)
        self._optimizer.step()
        return loss.detach()


class _RecordedStep:
    """A step's kernels, recorded after its first calls and replayed from then on."""

    def __init__(self) -> None:
        self._calls = 0
        self._stream = torch.cuda.Stream()
        self._graph: torch.cuda.CUDAGraph | None = None
        self._images, self._labels, self._loss = (torch.empty(0),) * 3

    def __call__(self, step: Callable[[Tensor, Tensor], Tensor], images: Tensor, labels: Tensor) -> Tensor:
        """Take a step, the same one at every call: from images and labels to a loss, with no wait for the device."""
        self._calls += 1
        if self._calls <= WARM_STEPS:
            return self._aside(step, images, labels)
        graph = self._graph = self._graph or self._record(step, images, labels)
        self._images.copy_(images)
        self._labels.copy_(labels)
        graph.replay()
        return self._loss.clone()

    def _aside(self, step: Callable[[Tensor, Tensor], Tensor], images: Tensor, labels: Tensor) -> Tensor:
        """Take a step on the stream that the graph is recorded on, which must not be the default one."""
        current = torch.cuda.current_stream()
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            loss = step(images, labels)
        current.wait_stream(self._stream)
        return loss

    def _record(self, step: Callable[[Tensor, Tensor], Tensor], images: Tensor, labels: Tensor) -> torch.cuda.CUDAGraph:
        """Record the step's kernels; none runs, and the weights stay as they are."""
        self._images, self._labels = images.clone(), labels.clone()
        graph = torch.cuda.CUDAGraph()
        with _RECORDING, torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
            self._loss = step(self._images, self._labels)
        return graph


def own_stream(device: torch.device) -> AbstractContextManager[Any]:
    """Return a context in which a thread's work on a GPU runs beside that of other threads; nothing on a CPU.

    Of high priority, for these streams are other ones than those that steps are recorded on.
    """
    return torch.cuda.stream(torch.cuda.Stream(priority=-1)) if device.type == "cuda" else nullcontext()


def _optimizer(network: nn.Module, recipe: Recipe, device: torch.device) -> torch.optim.Optimizer:
    """Return the recipe's optimiser; on a GPU its learning rate is a tensor there, which a recorded step reads."""
    on_gpu = device.type == "cuda"
    rate: Any = torch.tensor(recipe.learning_rate, device=device) if on_gpu else recipe.learning_rate
    weights, decay, momentum = network.parameters(), recipe.weight_decay, recipe.momentum
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(weights, lr=rate, weight_decay=decay, capturable=on_gpu)
    if recipe.optimizer == "rmsprop":
        return torch.optim.RMSprop(weights, lr=rate, weight_decay=decay, momentum=momentum, capturable=on_gpu)
    nesterov = momentum > 0
    fused = on_gpu or None
    return torch.optim.SGD(weights, lr=rate, weight_decay=decay, momentum=momentum, nesterov=nesterov, fused=fused)
