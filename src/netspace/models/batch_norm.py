"""BatchNorm of a batch of which each of several processes holds a share: its statistics are those of the whole."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from netspace.models.network import ConvNorm
from netspace.runtime import Runtime


class SharedBatchNorm(nn.BatchNorm2d):
    """A BatchNorm by the statistics of the batch, which is shared among processes.

    Args:
        channels: that it normalises.
        runtime: the processes.
    """

    def __init__(self, channels: int, runtime: Runtime) -> None:
        super().__init__(channels, track_running_stats=False)
        self._runtime = runtime

    def forward(self, input: Tensor) -> Tensor:
        """Map this process's share, shape (n, channels, h, w), to the same shape."""
        return self.normalised(input, self.weight, self.bias)

    def normalised(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        """Normalise by the mean and variance of all shares, put together without cancellation.

        variance = mean of the shares' variances + variance of the shares' means, the shares being of one size.

        Args:
            x: this process's share, shape (n, channels, h, w).
            scale: of each channel, shape (channels,).
            shift: likewise.
        """
        own = torch.stack(torch.var_mean(x.float(), (0, 2, 3), correction=0))
        variances, means = self._runtime.gathered(own).unbind(1)
        variance = variances.mean(0) + means.var(0, correction=0)
        factor = scale * torch.rsqrt(variance + self.eps)
        offset = shift - means.mean(0) * factor
        return torch.addcmul(offset[:, None, None], x, factor[:, None, None]).to(x.dtype)


def share_statistics(network: nn.Module, runtime: Runtime) -> None:
    """Let the BatchNorms of shared weights normalise by what all processes hold; of one process nothing changes."""
    for module in network.modules() if runtime.world > 1 else ():
        if isinstance(module, ConvNorm):
            module.norm = SharedBatchNorm(module.norm.num_features, runtime)


def batch_normalised(norm: nn.BatchNorm2d, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Normalise (n, channels, h, w) by the batch's statistics, with scale and shift of some of a norm's channels."""
    if isinstance(norm, SharedBatchNorm):
        return norm.normalised(x, scale, shift)
    return F.batch_norm(x, None, None, scale, shift, training=True, eps=norm.eps)
