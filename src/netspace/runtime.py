"""Which of the processes that train one super network together this one is, and what passes between them.

All of them draw the same and hold the same weights; each computes its share of every batch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from netspace.errors import LostRankError, NetspaceError, first_line

T = TypeVar("T")


@dataclass(frozen=True)
class Runtime:
    """One process among those that train together; what passes between several needs `joined`.

    Args:
        rank: of this process, from 0.
        world: number of processes.
        local: its number on its machine, which is that of its GPU.
    """

    rank: int = 0
    world: int = 1
    local: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world or self.local < 0:
            raise NetspaceError(f"rank {self.rank} of {self.world} processes; ranks are 0..{self.world - 1}")

    @property
    def first(self) -> bool:
        """Whether this process has the run's folder and says what there is to say."""
        return self.rank == 0

    def device(self, kind: str) -> torch.device:
        """Return where this process computes: `cpu`, or its own GPU of those of its machine."""
        return torch.device(kind, self.local) if self.world > 1 and kind == "cuda" else torch.device(kind)

    def shard(self, n: int) -> slice:
        """Return this process's rows of a batch of n, a multiple of the number of processes."""
        assert n % self.world == 0
        return slice(self.rank, n, self.world)

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors of one type by their means over the processes, the same to the last bit in each."""
        if self.world == 1 or not any(tensor.numel() for tensor in tensors):
            return
        flat = torch.cat([tensor.detach().flatten() for tensor in tensors])
        with self._in_touch():
            dist.all_reduce(flat)
        flat /= self.world
        for tensor, mean in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.detach().copy_(mean.view_as(tensor))

    def gathered(self, x: Tensor) -> Tensor:
        """Return a tensor of each process, shape (world, *x.shape); no gradients pass."""
        if self.world == 1:
            return x.detach()[None]
        parts = [torch.empty_like(x, memory_format=torch.contiguous_format) for _ in range(self.world)]
        with self._in_touch():
            dist.all_gather(parts, x.detach().contiguous())
        return torch.stack(parts)

    def from_first(self, value: T) -> T:
        """Return in every process what the first one gives."""
        if self.world == 1:
            return value
        box: list[Any] = [value if self.first else None]
        with self._in_touch():
            dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
        return box[0]

    def agree(self, facts: Mapping[str, object]) -> None:
        """Check that every process was given the same.

        Args:
            facts: what has to be equal, by what it is called.

        Raises:
            NetspaceError: in every process; names the first rank and fact that differ from rank 0's.
        """
        if self.world == 1:
            return
        told: list[Any] = [None] * self.world
        with self._in_touch():
            dist.all_gather_object(told, dict(facts))
        for rank, theirs in enumerate(told):
            for name, value in theirs.items():
                if value != told[0][name]:
                    raise NetspaceError(
                        f"rank {rank} differs from rank 0 in {name} ({value}, there {told[0][name]}); start all with "
                        "the same command, versions and data"
                    )

    @contextmanager
    def _in_touch(self) -> Iterator[None]:
        """Say that another process was lost where what passes between them fails."""
        try:
            yield
        except RuntimeError as error:
            raise LostRankError(
                f"rank {self.rank} of {self.world} has lost touch with another one ({_reason(error)}); the "
                "same command goes on where it stopped"
            ) from None


ALONE = Runtime()


@contextmanager
def joined(runtime: Runtime, kind: str) -> Iterator[Runtime]:
    """Let this process meet the others, at MASTER_ADDR and MASTER_PORT as torch has it, and leave them in the end.

    One that is alone meets nobody.

    Args:
        runtime: which one it is.
        kind: where they train: `cpu` (by gloo) or `cuda` (by NCCL).

    Raises:
        NetspaceError: where its machine has no GPU for it, or the others are not met.
    """
    if runtime.world == 1:
        yield runtime
        return
    if kind == "cuda" and runtime.local >= torch.cuda.device_count():
        raise NetspaceError(
            f"rank {runtime.rank} needs GPU {runtime.local}, but there are {torch.cuda.device_count()}: give --devices "
            f"{torch.cuda.device_count()} or fewer"
        )
    backend = "cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo"
    try:
        dist.init_process_group(backend, rank=runtime.rank, world_size=runtime.world)
    except (RuntimeError, ValueError) as error:
        raise NetspaceError(
            f"rank {runtime.rank} of {runtime.world} cannot meet the others ({_reason(error)}); see to it that all "
            "are started, and MASTER_ADDR and MASTER_PORT are where rank 0 is"
        ) from None
    try:
        yield runtime
    finally:
        dist.destroy_process_group()


def _reason(error: Exception) -> str:
    """Return what went wrong, without the line of torch's source before it and the advice behind it."""
    return re.sub(r"^\[[^\]]*\] ", "", first_line(error)).split(". ")[0][:200]
