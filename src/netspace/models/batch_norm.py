"""BatchNorm of a batch of which each of several processes holds a share: its statistics are those of the whole."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from netspace.models.network import ConvNorm
from netspace.runtime import Runtime


class SharedBatchNorm(nn.BatchNorm2d):
    """A BatchNorm by the statistics of the batch, which is shared evenly among processes.

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
        """Normalise by the mean and variance of all shares.

        Args:
            x: this process's share, shape (n, channels, h, w).
            scale: of each channel, shape (channels,).
            shift: likewise.
        """
        return _Normalised.apply(x, scale, shift, self.eps, self._runtime)


class _Normalised(torch.autograd.Function):
    """The whole batch's normalisation, by torch's own kernels for each share.

    The statistics are put together without cancellation: variance = mean of the shares' variances + variance of the
    shares' means. With y = s·x̂ + b and r = 1/√(variance + ε) the gradient is dx = s·r·(dy − mean(dy) − x̂·mean(dy·x̂)),
    the means being over the whole batch (Ioffe and Szegedy 2015, arXiv 1502.03167); those of scale and shift are of
    this share alone, as other weights' are.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, shift: Tensor, eps: float, runtime: Runtime) -> Tensor:
        unmoved = torch.zeros(2, len(scale), device=x.device)  # running averages in fp32 make the statistics fp32 too
        own = torch.stack(torch.batch_norm_update_stats(x, unmoved[0], unmoved[1], 0.0))
        means, variances = runtime.gathered(own).unbind(1)
        mean, variance = means.mean(0), variances.mean(0) + means.var(0, correction=0)
        ctx.save_for_backward(x, scale, mean, variance)
        ctx.eps, ctx.runtime = eps, runtime
        return F.batch_norm(x, mean, variance, scale, shift, training=False, eps=eps)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, scale, mean, variance = ctx.saved_tensors
        fixed = (mean, variance, None, None, False, ctx.eps, [True, True, True])  # as if the statistics were constants
        dx, dscale, dshift = torch.ops.aten.native_batch_norm_backward(gradients[0], x, scale, *fixed)
        means = torch.stack([dshift, dscale])
        ctx.runtime.average([means])
        of_dy, of_product = means / (x.numel() / x.shape[1])
        r = torch.rsqrt(variance + ctx.eps)
        slope = scale * r * r * of_product
        dx -= (scale * r * of_dy - slope * mean)[:, None, None]
        return dx.addcmul_(x, slope[:, None, None].to(x.dtype), value=-1), dscale, dshift, None, None


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
