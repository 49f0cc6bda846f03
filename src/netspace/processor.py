"""What to call the processor that this process runs on."""

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
