"""How commands end when a stream, a disk or a person stops them: one line, an exit code, no traceback."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netspace import NetspaceError
from netspace.cli.faults import _code, describe
from netspace.cli.places import writable_caches
from tests.commands import command, in_own_process

MAIN = "import sys; from netspace.cli import faults, main; faults.leave(faults.run({}))"


def run(code: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, **kwargs)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (NetspaceError("a\nb"), 2, r"error: a\nb"),
        (OSError(errno.ENOSPC, "No space left on device", "a.csv"), 1, "error: cannot write a.csv: No space left"),
        (OSError(errno.EIO, "Input/output error", "a.csv"), 1, "error: cannot use a.csv: Input/output error"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "x/a"), 2, "error: cannot use x/a: No such file"),
        (
            OSError(errno.ENAMETOOLONG, "File name too long", b"xyz"),
            2,
            "error: cannot use xyz: File name too long",
        ),
        (MemoryError("8 GiB"), 1, "error: not enough memory (8 GiB); use smaller"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 9"), 1, "error: not enough memory"),
        (KeyboardInterrupt(), 130, "stopped"),
        (SystemExit(3), 3, ""),
        (SystemExit(None), 0, ""),
    ],
)
def test_every_fault_is_one_line_and_an_exit_code(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise error

    assert _code(fails) == code
    told = capsys.readouterr().err
    assert told.startswith(line)
    assert told.count("\n") == bool(line)


THREAD = """
import threading
from netspace.cli.faults import run
def fails():
    raise {error}
def app():
    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
run(app)
"""


@pytest.mark.parametrize(
    ("error", "told"), [("OSError(28, 'No space left on device')", False), ("ValueError('a fault of ours')", True)]
)
def test_a_fault_of_a_file_in_a_thread_is_told_where_the_thread_is_used(error: str, told: bool) -> None:
    done = run(THREAD.format(error=error))
    assert ("Traceback" in done.stderr) == told
    assert told or done.stderr == ""


def test_an_error_without_a_name_says_what_it_knows() -> None:
    assert describe(OSError(errno.ENOSPC, "No space left on device")) == "cannot write: No space left on device"
    assert describe(OSError("odd")) == "odd"


@pytest.mark.parametrize("args", [("spaces",), ("spaces", "--json"), ("cost", "--depth", "1,1,1", "--width", "4,4,4")])
def test_a_closed_pipe_ends_a_command_quietly(args: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command(*args), stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("args", [("spaces",), ("spaces", "--json")])
def test_a_full_disk_under_the_output_is_one_line(args: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command(*args), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot write")
    assert done.stderr.endswith("No space left on device\n")
    assert done.stderr.count("\n") == 1


def test_an_output_that_takes_ascii_alone_shows_the_rest_as_escapes(tmp_path: Path) -> None:
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = in_own_process("spaces", "tiny", env=ascii_only)
    assert (done.returncode, done.stderr) == (0, "")
    assert r"32\xd732\xd73" in done.stdout
    done = in_own_process("cost", "--depth", "²", "--width", "4", env=ascii_only)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert r"--depth '\xb2'" in done.stderr


def test_a_process_without_stdout_still_ends_well() -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command("spaces")], stderr=subprocess.PIPE, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_in_any_command_is_one_line(tmp_path: Path) -> None:
    code = "import time; from netspace.cli import main, spaces\n"
    code += "main.app.registered_commands[-1].callback = lambda: (print('on', flush=True), time.sleep(60))\nmain.main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "spaces"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "on\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=30)
    assert (process.returncode, out, told) == (130, "", "stopped\n")


@pytest.mark.parametrize("library", ["pyarrow", "torch"])
def test_a_command_that_loaded_arrow_or_torch_ends_without_waiting_for_their_threads(library: str) -> None:
    # A thread that the interpreter would wait for, as it would crash under one of theirs.
    code = f"import {library}, threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n"
    code += "import atexit; atexit.register(print, 'left')\n"
    done = run(code + MAIN.format("lambda: print('done')"), timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\nleft\n", "")


def test_caches_move_where_the_home_folder_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for key in ("MPLCONFIGDIR", "HF_HOME", "HF_DATASETS_CACHE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "none"))
    monkeypatch.setattr(os, "environ", os.environ.copy())
    with writable_caches():
        folder = Path(os.environ["MPLCONFIGDIR"]).parent
        assert folder.is_dir()
        assert Path(os.environ["HF_HOME"]).parent == folder
    assert not folder.exists()


def test_caches_stay_where_they_can_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for key in ("MPLCONFIGDIR", "HF_HOME", "HF_DATASETS_CACHE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with writable_caches():
        assert "MPLCONFIGDIR" not in os.environ
        assert "HF_HOME" not in os.environ


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_in_a_run_that_goes_on_says_where_its_work_is(stop: signal.Signals, code: int) -> None:
    program = "import time\nfrom pathlib import Path\nfrom netspace.cli import main, output\n"
    program += "def work():\n    with output.resumable(Path('runs/a')): print('on', flush=True); time.sleep(60)\n"
    program += "main.app.registered_commands[-1].callback = work\nmain.main()"
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", program, "spaces"], stdout=pipe, stderr=pipe, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "on\n"
    time.sleep(0.1)
    process.send_signal(stop)
    _, told = process.communicate(timeout=30)
    assert process.returncode == code
    assert "what is done is in runs/a" in told
    assert told.count("\n") == 1


def test_ctrl_c_while_modules_are_loading_is_one_line() -> None:
    # A module that takes long to load stands for the second that the real ones take.
    program = "import sys, time, importlib.abc\n"
    program += "class Slow(importlib.abc.MetaPathFinder):\n    def find_spec(self, name, *rest):\n"
    program += "        if name == 'netspace.cli.main': print('on', flush=True); time.sleep(60)\n"
    program += "sys.meta_path.insert(0, Slow())\nfrom netspace_start import main\nmain()"
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", program], stdout=pipe, stderr=pipe, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "on\n"
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=30)
    assert (process.returncode, out, told) == (130, "", "stopped\n")
