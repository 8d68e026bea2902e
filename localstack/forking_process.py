"""Runs as a process of its own: it has loaded what every function loads, and each function's process is a copy of it.

To start an interpreter and to load boto3 takes half a second of CPU, and a local cloud starts hundreds of functions.
Here that is paid once for each bundle. A copy has the environment, the folder and the pipes that it was ordered with,
as a process that was started for it alone would have; nothing of a function is run before the copy is made.

    python -P forking_process.py CONTROL_FD BUNDLE

BUNDLE may be empty: then it loads what the emulator has every function load. Orders come over CONTROL_FD, each with
the three ends of pipes; the answer is the number of the process. It ends when nobody holds the other end any more.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

LONGEST_ORDER = 1 << 20
_SET_PARENT_DEATH_SIGNAL = 1
# Where /proc/self/stat says between which addresses the environment lies, counted from what follows the name.
_ENVIRONMENT_BEGINS, _ENVIRONMENT_ENDS = 47, 48


def serve(control: socket.socket) -> None:
    """Carry orders out, one after the other, and collect what has ended."""
    signal.signal(signal.SIGCHLD, _collect)
    while True:
        order, pipes, _, _ = socket.recv_fds(control, LONGEST_ORDER, 3)
        if not order:
            return
        parent = os.getpid()
        copy = os.fork()
        if copy == 0:
            control.close()
            _become(json.loads(order), pipes, parent)
        for pipe in pipes:
            os.close(pipe)
        control.send(str(copy).encode())


def _collect(*_: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become(order: dict[str, Any], pipes: list[int], parent: int) -> NoReturn:
    """Be the process that was ordered, to its end."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(code)
        for number, pipe in enumerate(pipes):
            os.dup2(pipe, number)
            os.close(pipe)
        os.environ.clear()
        os.environ.update(order["environment"])
        _show(order["environment"])
        os.chdir(order["folder"])
        sys.argv = [order["script"]]
        sys.path.insert(0, str(Path(order["script"]).parent))
        runpy.run_path(order["script"], run_name="__main__")
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as an interpreter ends that nobody has caught an exception in
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _show(environment: dict[str, str]) -> None:
    """Have the kernel tell this environment of this process: that is how the processes of a function are found."""
    told = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    begin, end = int(told[_ENVIRONMENT_BEGINS]), int(told[_ENVIRONMENT_ENDS])
    lines = b"".join(f"{name}={value}".encode() + b"\0" for name, value in environment.items())
    ctypes.memset(begin, 0, end - begin)
    ctypes.memmove(begin, lines[: end - begin - 1], min(len(lines), end - begin - 1))


def load(bundle: str) -> None:
    """Load what is the same for all functions. What cannot be loaded is left to the function, which says why."""
    if not bundle:
        _load("botocore.handlers")
        return
    sys.path.insert(0, bundle)
    for name in ("asyncio", "pydantic", *_ours(Path(bundle) / "functions")):
        _load(name)
    with contextlib.suppress(Exception):
        _make_clients()
    sys.path.remove(bundle)


def _ours(functions: Path) -> Iterator[str]:
    """Yield the modules of the runtime. Agents are their authors', who may look about as they are loaded."""
    if functions.is_dir():
        yield "functions"
        for folder in sorted(entry for entry in functions.rglob("*") if (entry / "__init__.py").is_file()):
            package = ".".join(("functions", *folder.relative_to(functions).parts))
            if not package.startswith("functions.agents"):
                yield from (f"{package}.{found.name}" for found in pkgutil.iter_modules([str(folder)]))


def _load(name: str) -> None:
    with contextlib.suppress(Exception):
        importlib.import_module(name)


def _make_clients() -> None:
    """boto3 loads most of itself with the first client. Nothing is asked of these."""
    import boto3

    session = boto3.session.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name="us-east-1")
    for service in ("dynamodb", "sqs"):
        session.client(service, endpoint_url="http://127.0.0.1:1")


if __name__ == "__main__":
    load(sys.argv[2])
    gc.collect()
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
