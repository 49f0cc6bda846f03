"""How much of what was read of a network counts beside the model: its residual is partly its own, partly noise."""

from __future__ import annotations

from netspace.surrogate.predictors import Predictor

OWN_SHARE = 0.15


def own_part(predictor: Predictor, spread: float, own_share: float = OWN_SHARE) -> float:
    """Return the part of a residual, 0..1, that is taken for a network's own.

    Args:
        predictor: whose residuals.
        spread: standard deviation of the errors of networks spread over all costs.
        own_share: the largest standard deviation of what is a network's own, as a share of it.
    """
    return min(1.0, (own_share * spread / max(predictor.residual, 1e-12)) ** 2)
