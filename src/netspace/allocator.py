"""Memory that is freed stays with the process: what a training step needs again is not asked of the system again."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_LARGEST = 2**30


def keep_freed_memory() -> None:
    """Let glibc's allocator keep what is freed, up to 1 GB at a time, for what is allocated next; else do nothing.

    A step frees some dozens of tensors of a few megabytes each and allocates them anew. By default these go back to the
    system in between, and every page of them is cleared and mapped again: some 6 000 page faults a step of a network of
    10 MF at 16×16 and batch 100, and 80 with this (`benchmarks/small_trainings.py` takes the time). The process keeps
    the most memory that it ever needed.
    """
    with suppress(OSError, AttributeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, _LARGEST)
        mallopt(_TRIM_THRESHOLD, _LARGEST)


def give_back_memory() -> None:
    """Give the memory that is free back to the system, where the C library is glibc; between two networks.

    What one network's sizes left free seldom fits the next one's, so that a process which trains many would grow.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
