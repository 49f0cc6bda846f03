"""For those who write kinds of blocks: all that has to hold for one, as functions that a test can call."""

from netspace.testing.blocks import (
    SETTINGS,
    ConformanceError,
    Subject,
    check_block,
    check_executions,
    check_gradients,
    check_priced,
    check_warm_up,
    count,
)
from netspace.testing.exports import check_exported, check_exports, example_card

__all__ = [
    "SETTINGS",
    "ConformanceError",
    "Subject",
    "check_block",
    "check_executions",
    "check_exported",
    "check_exports",
    "check_gradients",
    "check_priced",
    "check_warm_up",
    "count",
    "example_card",
]
