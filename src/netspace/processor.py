"""The processor that this process runs on: what to call it, and how many of its cores there are to train on."""

from __future__ import annotations

import os
import platform
import re
from contextlib import suppress
from pathlib import Path

GIGABYTE = 2**30


def processor(file: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's model, where the system says it, its machine type and the number of cores."""
    try:
        match = re.search(r"^model name\s*:\s*(.+)$", file.read_text(encoding="utf-8", errors="replace"), re.M)
    except OSError:
        match = None
    model = match[1].strip() if match else platform.processor()
    return f"{model or 'CPU'} ({platform.machine()}, {os.cpu_count()} cores)"


def cores(groups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> int:
    """Return how many cores this process may use, one at least: those of its machine, container or SLURM job.

    A process that trains takes up to a gigabyte, so there are no more than there are gigabytes of memory.

    Args:
        groups: where the system's control groups are told.
        own: which of them this process is in.
    """
    limits = [float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)]
    with suppress(AttributeError, ValueError, OSError):  # where the system does not say
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIGABYTE)
    for folder in _groups_of(groups, own):
        told = {name: _numbers(folder / name) for name in ("cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us")}
        for share in (told["cpu.max"], told["cpu.cfs_quota_us"] + told["cpu.cfs_period_us"]):
            limits += [share[0] / share[1]] if len(share) == 2 and min(share) > 0 else []
        limits += [
            most / GIGABYTE for name in ("memory.max", "memory.limit_in_bytes") for most in _numbers(folder / name)
        ]
    return max(int(min(limits)), 1)


def _groups_of(groups: Path, own: Path) -> list[Path]:
    """Return the folders of the control groups, of version 1 or 2, that this process is in, with those around them."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return []
    found: dict[Path, None] = {}
    for _, controllers, place in (line.split(":", 2) for line in lines if line.count(":") > 1):
        base = groups / controllers
        folder = base / place.lstrip("/")
        found |= dict.fromkeys([folder, *(one for one in folder.parents if one.is_relative_to(base))])
    return list(found)


def _numbers(file: Path) -> list[int]:
    """Return the numbers in a control group's file; none where it is not there, or a word, as `max`, is no limit."""
    with suppress(OSError, ValueError):
        return [int(word) for word in file.read_text().split()]
    return []
