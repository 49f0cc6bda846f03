"""The processor that this process runs on: what to call it, and how many of its cores there are to train on."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path


def processor(file: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's model, where the system says it, its machine type and the number of cores."""
    try:
        match = re.search(r"^model name\s*:\s*(.+)$", file.read_text(encoding="utf-8", errors="replace"), re.M)
    except OSError:
        match = None
    model = match[1].strip() if match else platform.processor()
    return f"{model or 'CPU'} ({platform.machine()}, {os.cpu_count()} cores)"


def cores() -> int:
    """Return how many cores this process may use, one at least.

    A process that trains takes up to a gigabyte, so there are no more than the machine has gigabytes.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # where the system does not say
        return allowed
    return max(min(allowed, memory // 2**30), 1)
