"""Processes of functions that are copies of one that has loaded everything already (forking_process.py). On Linux.

The emulator uses of a process what `Forked` has of `subprocess.Popen`.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

SCRIPT = Path(__file__).with_name("forking_process.py")
#: Larger than the environment of any function: its copy writes its own over that of the process that it is copied from.
_ROOM = "x" * 32_768
ENDED = -1
"""What `poll` says of a process that has ended: nobody but the process that it was copied from learns how."""


class Starter(Protocol):
    """Starts a process as `subprocess.Popen` does, one that ends when this process does."""

    def __call__(
        self, command: list[str], *, env: Mapping[str, str], stdin: int, pass_fds: list[int]
    ) -> subprocess.Popen[str]:
        """Return it."""


class Forked:
    """A process that was forked by another than this one."""

    def __init__(self, pid: int, stdin: int, stdout: int, stderr: int) -> None:
        self.pid = pid
        self.stdin = os.fdopen(stdin, "w", buffering=1, encoding="utf-8")
        self.stdout = os.fdopen(stdout, encoding="utf-8")
        self.stderr = os.fdopen(stderr, encoding="utf-8")
        self._handle: int | None = None
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            self._handle = os.pidfd_open(pid)
            weakref.finalize(self, os.close, self._handle)

    def poll(self) -> int | None:
        """See Popen. `ENDED` or None."""
        return ENDED if self._has_ended(0.0) else None

    def wait(self, timeout: float | None = None) -> int:
        """See Popen. Raises subprocess.TimeoutExpired."""
        if not self._has_ended(timeout):
            assert timeout is not None
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
        return ENDED

    def terminate(self) -> None:
        """See Popen."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """See Popen."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self._handle is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def _has_ended(self, within: float | None) -> bool:
        if self._handle is None:
            return True
        ends = select.poll()
        ends.register(self._handle, select.POLLIN)
        return bool(ends.poll(None if within is None else within * 1000))


class Forks:
    """The processes that are copied from, one for each bundle; each begins when a copy is asked for first."""

    def __init__(self, python: str, starter: Starter) -> None:
        self._python = python
        self._starter = starter
        self._lock = threading.Lock()
        self._begun: dict[str, tuple[subprocess.Popen[str], socket.socket]] = {}

    def start(self, script: str, environment: Mapping[str, str], folder: str) -> Forked:
        """Run a script as `python script` would, with `folder` for its code, too."""
        bundle = folder if (Path(folder) / "botocore").is_dir() else ""
        order = {"script": script, "environment": dict(environment), "folder": folder}
        theirs, ours = _pipes()
        try:
            with self._lock:
                pid = self._order(bundle, json.dumps(order).encode(), theirs)
        except BaseException:
            for end in ours:
                os.close(end)
            raise
        finally:
            for end in theirs:
                os.close(end)
        return Forked(pid, *ours)

    def close(self) -> None:
        """Copy none any more. Those that are there live on, unless whoever starts them sees to it."""
        with self._lock:
            for begun, control in self._begun.values():
                control.close()
                begun.wait()
            self._begun.clear()

    def _order(self, bundle: str, order: bytes, pipes: list[int]) -> int:
        for _ in range(2):
            if bundle not in self._begun:
                self._begun[bundle] = self._begin(bundle)
            _, control = self._begun[bundle]
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                socket.send_fds(control, [order], pipes)
                if answer := control.recv(64):
                    return int(answer)
            # It was killed, as any process may be.
            begun, _ = self._begun.pop(bundle)
            control.close()
            begun.wait()
        raise RuntimeError("the process from which functions' processes are copied does not live")

    def _begin(self, bundle: str) -> tuple[subprocess.Popen[str], socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Neither its own folder is on its path (-P), nor anything of this process's environment in its own.
        command = [self._python, "-P", str(SCRIPT), str(theirs.fileno()), bundle]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "ROOM": _ROOM}
        environment |= {name: os.environ[name] for name in ("TZ", "HOME", "TMPDIR") if name in os.environ}
        with theirs:
            begun = self._starter(command, env=environment, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
        return begun, ours


def _pipes() -> tuple[list[int], list[int]]:
    """Return the ends of the new process for its standard streams, and ours."""
    stdin, stdout, stderr = os.pipe(), os.pipe(), os.pipe()
    return [stdin[0], stdout[1], stderr[1]], [stdin[1], stdout[0], stderr[0]]
