"""Functions run in processes that die with the emulator, see a clean environment and share their unpacked code.

The emulator starts one process per concurrent invocation. Left alone, one that is busy when its Region is killed works
on for up to its timeout and writes into the surviving Region; each sees all of the emulator's environment; and each
unpacks the whole bundle again, and starts an interpreter that loads all of boto3 (forks.py: on Linux they are copies).
"""

from __future__ import annotations

import base64
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from localstack.forks import Forked, Forks
from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, edit, module

_SPAWN = Target("core.lambda_runtime", "Worker._spawn", "c55febf956565c5e")
_UNPACKING = """\
    code_dir = os.path.join(self._tmpdir, "code")
    os.makedirs(code_dir)
    with open(os.path.join(self._tmpdir, "code.zip"), "wb") as f:
        f.write(self.code_zip)
    with zipfile.ZipFile(os.path.join(self._tmpdir, "code.zip")) as zf:
        zf.extractall(code_dir)
"""
_SET_PARENT_DEATH_SIGNAL = 1
# What of the emulator's own environment a function may see.
_SHARED_VARIABLES = frozenset({"PATH", "LANG", "TZ", "HOME", "TMPDIR", "AWS_ENDPOINT_URL"})

# A process is killed when the *thread* that started it ends, so one thread that never ends starts them all.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="function-starter")
_unpacking = threading.Lock()


def install(_: Neighbourhood) -> None:
    edit(
        _SPAWN,
        (_UNPACKING, "    code_dir = _antipode_code_folder(self)\n"),
        ("subprocess.Popen(", "_antipode_start("),
        names={"_antipode_code_folder": _code_folder, "_antipode_start": _start},
    )


def kill_all() -> None:
    """End every function's process; for a Region that stops."""
    for workers in list(module("core.lambda_runtime")._workers.values()):
        for worker in list(workers):
            if worker._proc is not None:
                worker._proc.kill()


def _code_folder(worker: Any) -> str:
    """The function's unpacked code: one folder per code, shared by all processes that run it."""
    if not str(worker.config.get("Runtime", "")).startswith("python"):
        folder = Path(worker._tmpdir) / "code"  # the emulator links layers into that of a Node.js function
        _unpack(worker.code_zip, folder)
        return str(folder)
    digest = base64.b64decode(worker.config["CodeSha256"]).hex()
    folder = Path(tempfile.gettempdir()) / f"code-{digest}"
    with _unpacking:
        if not folder.is_dir():
            begun = folder.with_name(folder.name + ".begun")
            shutil.rmtree(begun, ignore_errors=True)
            _unpack(worker.code_zip, begun)
            begun.rename(folder)
    return str(folder)


def _unpack(code: bytes, folder: Path) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(code)
        with zipfile.ZipFile(file) as archive:
            archive.extractall(folder)


def _start(command: list[str], *, env: dict[str, str], **options: Any) -> subprocess.Popen[str] | Forked:
    """Start a function's process, in place of `subprocess.Popen`."""
    own = {name: value for name, value in env.items() if name in _SHARED_VARIABLES or os.environ.get(name) != value}
    python, script = command
    if sys.platform == "linux" and python == sys.executable:
        return _forks.start(script, own, options["cwd"])
    return _tied(command, env=own, **options)


def _tied(command: list[str], **options: Any) -> subprocess.Popen[str]:
    if sys.platform == "linux":
        options["preexec_fn"] = die_with_starter
    started: subprocess.Popen[str] = _starter.submit(lambda: subprocess.Popen(command, **options)).result()
    return started


_forks = Forks(sys.executable, _tied)
_libc = ctypes.CDLL(None)


def die_with_starter() -> None:
    """Runs in the new process before the function's interpreter does."""
    _libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
