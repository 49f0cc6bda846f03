"""How a command ends: every fault as one line on stderr and an exit code, every stream fit to be written to."""

from __future__ import annotations

import atexit
import errno
import logging
import os
import select
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, TextIO

import typer
from typer.core import TyperGroup

from netspace.cli.places import writable_caches
from netspace.cli.stopping import terminable
from netspace.errors import NetspaceError
from netspace.names import shown

# Faults of a path that the user gave; others, such as a full disk, are no mistake of the user's.
_GIVEN = {
    *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EEXIST, errno.ELOOP, errno.ENOTEMPTY),
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.EINVAL, errno.EXDEV),
}
_WRITING = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EISDIR, errno.ENOTEMPTY}
_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")  # what torch says as a RuntimeError


class Commands(TyperGroup):
    """All commands; Ctrl-C in any of them is one line and exit code 130."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _say("stopped")
            raise typer.Exit(130) from None
        except EOFError as error:
            raise NetspaceError(f"a file ends too early: {error}") from None
        except BrokenPipeError:
            if not any(_has_no_reader(stream) for stream in (sys.stdout, sys.stderr)):
                raise OSError(errno.EIO, "another process closed its pipe") from None
            raise typer.Exit(1) from None


def run(app: Callable[[], Any]) -> int:
    """Run the command line and say what went wrong.

    Args:
        app: all commands.

    Returns:
        the exit code: 2 for a mistake in what was given, 1 for a fault, 3 where another process was lost, 130 for
        Ctrl-C, 143 for SIGTERM.
    """
    _prepare_streams()
    threading.excepthook = _of_a_thread
    with writable_caches(), terminable() as termination:
        code = termination.code(_code(app))
    if not all([_flush(sys.stdout), _flush(sys.stderr)]):
        code = code or 1
    return code


def _code(app: Callable[[], Any]) -> int:
    """Run the commands and return the exit code."""
    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        _say("stopped")
        return 130
    except NetspaceError as error:
        _say(f"error: {error}")
        return error.exit_code
    except OSError as error:
        if error.filename is None and not _flush(sys.stdout):
            return 1  # it was the output's fault, which is told
        _say(f"error: {describe(error)}")
        return 2 if error.errno in _GIVEN else 1
    except MemoryError as error:
        _say(f"error: not enough memory ({error}); use smaller batches, images or networks")
        return 1
    except Exception as error:
        if not any(text in str(error) for text in _MEMORY):
            traceback.print_exc()  # a fault of ours, to be reported whole
            return 1
        _say(f"error: not enough memory ({str(error).splitlines()[0]}); use smaller batches, images or networks")
        return 1
    return 0


def _of_a_thread(fault: threading.ExceptHookArgs) -> None:
    """Print what ended a thread, but for faults of files, which TensorBoard's writer raises again where it is used."""
    if not isinstance(fault.exc_value, OSError):
        threading.__excepthook__(fault)


def describe(error: OSError) -> str:
    """Say in one line which file is at fault, and why."""
    name = error.filename2 or error.filename
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    reason = error.strerror or str(error) or type(error).__name__
    verb = "write" if error.errno in _WRITING else "use"
    if name is None or isinstance(name, int):
        return f"cannot write: {reason}" if verb == "write" else reason
    return f"cannot {verb} {name}: {reason}"


def _say(text: str) -> None:
    try:
        print(shown(text), file=sys.stderr, flush=True)
    except OSError:
        _flush(sys.stderr)


def _prepare_streams() -> None:
    """Give a process without stdout or stderr one, and write what a stream can't encode as an escape."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _has_no_reader(stream: TextIO) -> bool:
    try:
        watched = select.poll()
        watched.register(stream.fileno(), select.POLLOUT)
        return any(event & select.POLLERR for _, event in watched.poll(0))
    except (OSError, ValueError):
        return False


def _flush(stream: TextIO) -> bool:
    """Write out what a stream still holds; where it can't be, say why and drop it, and return False."""
    try:
        stream.flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # else the interpreter tries again when it ends, and complains
        os.close(nowhere)
        if error.errno != errno.EPIPE and stream is not sys.stderr:
            _say(f"error: cannot write the output: {error.strerror}")
        return False
    except ValueError:  # it was closed
        return False
    return True


def leave(code: int) -> None:
    """End the process; where threads of Arrow or torch may still run, without taking the interpreter down under them.

    A reader that ended with an error can leave threads of pyarrow at work, and a rank that was stopped threads of gloo;
    one that finds the interpreter gone ends the process with SIGABRT (exit code 134).
    """
    if sys.modules.keys() & {"pyarrow", "torch"}:
        atexit._run_exitfuncs()
        logging.shutdown()
        if not all([_flush(sys.stdout), _flush(sys.stderr)]):
            code = code or 1
        os._exit(code)
    sys.exit(code)
