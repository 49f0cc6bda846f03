"""The command line, in this process, which spares the imports of a new one, or in one of its own."""

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple
from unittest.mock import patch

from netspace.cli import faults
from netspace.cli.main import app


class Done(NamedTuple):
    """How a command ended, named as `subprocess.CompletedProcess` does."""

    returncode: int
    stdout: str
    stderr: str


def netspace(*args: str) -> Done:
    """Run a command in this process."""
    written = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(stream, encoding="utf-8", write_through=True) for stream in written)
    with patch.object(sys, "argv", ["netspace", *args]), redirect_stdout(out), redirect_stderr(err):
        code = faults.run(app)
    return Done(code, *(stream.getvalue().decode() for stream in written))


def in_own_process(*args: str, **how: object) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, where that is what is tested, or it starts others that print."""
    return subprocess.run(command(*args), capture_output=True, text=True, timeout=120, check=False, **how)  # type: ignore[call-overload, no-any-return]


def command(*args: str) -> list[str]:
    """Return what starts the command line as its own process."""
    return [sys.executable, "-c", "from netspace.cli.main import main; main()", *args]
