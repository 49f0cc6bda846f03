"""Θ: a distribution over network spaces, with one logit per candidate range of each axis."""

from __future__ import annotations

import heapq
import math

import numpy as np
import torch
from torch import Tensor, nn

from netspace.spaces.ranges import IntArray

LARGEST_JOINT = 2**20  # spaces that are listed


class SpaceDistribution(nn.Module):
    """Independent categorical distributions, one per axis (the knobs of stage 1, of stage 2, …).

    P_Θ(𝒜) = Π_axis softmax(logits_axis)[range of 𝒜 on that axis]   (Hong et al. 2021, arXiv 2104.11014)

    Args:
        shape: number of candidate ranges of each axis, as SearchSpace.shape.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape
        self.logits = nn.ParameterList([nn.Parameter(torch.zeros(n, dtype=torch.float64)) for n in shape])

    def probabilities(self) -> list[Tensor]:
        """Return the probability of each range, one tensor per axis, differentiable."""
        return [logits.softmax(0) for logits in self.logits]

    def sample(self, n: int, *, rng: np.random.Generator) -> IntArray:
        """Draw n spaces: range indices, shape (n, axes), int64."""
        drawn = [rng.choice(len(p), n, p=p / p.sum()) for p in self._arrays()]
        return np.stack(drawn, axis=1).astype(np.int64)

    def log_prob(self, choices: IntArray) -> Tensor:
        """Return log P_Θ of spaces given as range indices (n, axes): shape (n,), differentiable."""
        index = torch.from_numpy(choices)
        logs = [logits.log_softmax(0)[index[:, axis]] for axis, logits in enumerate(self.logits)]
        return torch.stack(logs).sum(0)

    def relaxed(self, temperature: float, *, rng: np.random.Generator) -> list[Tensor]:
        """Draw relaxed one-hot weights, one tensor per axis, differentiable.

        softmax((logits + Gumbel noise) / temperature)   (Jang et al. 2017, arXiv 1611.01144)

        Args:
            temperature: > 0; near 0 the weights are nearly one-hot.
            rng: source of randomness.
        """
        noise = [torch.from_numpy(rng.gumbel(size=n)) for n in self.shape]
        return [((logits + g) / temperature).softmax(0) for logits, g in zip(self.logits, noise, strict=True)]

    def expectation(self, table: Tensor) -> Tensor:
        """Return E_Θ of a table with one entry per space, shape `shape`; exact, differentiable."""
        return contract(table, self.probabilities())

    def entropy(self) -> float:
        """Return the entropy of Θ in nats: 0 where one space has all probability."""
        return float(sum(-(p * np.log(np.maximum(p, 1e-300))).sum() for p in self._arrays()))

    def likeliest(self, n: int) -> list[tuple[tuple[int, ...], float]]:
        """Return the n likeliest spaces as range indices, each with its probability; the first is the mode."""
        if math.prod(self.shape) > LARGEST_JOINT:
            return _likeliest_of_many(self._arrays(), n)
        joint = np.ones(())
        for p in self._arrays():
            joint = np.multiply.outer(joint, p)
        flat = joint.ravel()
        best = np.lexsort((np.arange(flat.size), -flat))[:n] if flat.size <= 4096 else _largest(flat, n)
        places = np.stack(np.unravel_index(best, self.shape), axis=1)
        return [(tuple(int(i) for i in place), float(flat[k])) for place, k in zip(places, best, strict=True)]

    def _arrays(self) -> list[np.ndarray]:
        with torch.no_grad():
            return [p.numpy() for p in self.probabilities()]


def _likeliest_of_many(axes: list[np.ndarray], n: int) -> list[tuple[tuple[int, ...], float]]:
    """Return the n likeliest choices best first without listing all: from one to those less likely on one axis."""
    orders = [np.argsort(-p, kind="stable") for p in axes]

    def probability(ranks: tuple[int, ...]) -> float:
        return math.prod(float(p[order[rank]]) for p, order, rank in zip(axes, orders, ranks, strict=True))

    first = (0,) * len(axes)
    heap, seen = [(-probability(first), first)], {first}
    found: list[tuple[tuple[int, ...], float]] = []
    while heap and len(found) < n:
        negative, ranks = heapq.heappop(heap)
        found.append((tuple(int(order[r]) for order, r in zip(orders, ranks, strict=True)), -negative))
        for axis, rank in enumerate(ranks):
            further = (*ranks[:axis], rank + 1, *ranks[axis + 1 :])
            if rank + 1 < len(axes[axis]) and further not in seen:
                seen.add(further)
                heapq.heappush(heap, (-probability(further), further))
    return found


def _largest(values: np.ndarray, n: int) -> IntArray:
    """Return the indices of the n largest values, largest first; ties by index."""
    threshold = np.partition(values, -n)[-n]
    candidates = np.flatnonzero(values >= threshold)
    return candidates[np.lexsort((candidates, -values[candidates]))][:n]


def contract(table: Tensor, weights: list[Tensor]) -> Tensor:
    """Return Σ table[i, j, …]·weights_0[i]·weights_1[j]·…"""
    for w in reversed(weights):
        table = table @ w
    return table


def outer(weights: list[Tensor]) -> Tensor:
    """Return the products of independent weights, the last axis running fastest."""
    total = weights[0]
    for one in weights[1:]:
        total = (total[:, None] * one).reshape(-1)
    return total
