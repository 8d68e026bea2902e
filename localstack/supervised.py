"""The caller's side of the supervisor: start it, find a running one, and give it orders."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from localstack import control
from localstack.layout import CHECKOUT, Layout
from localstack.model_server import KEY_VARIABLE
from localstack.supervisor import NAME

_LISTENS_SECONDS = 60.0
_ENDS_SECONDS = 15.0
_ORDER_SECONDS = 90.0


class SupervisorFailed(Exception):
    """The supervisor did not start, or did not end."""


class Supervised:
    """The supervisor of the local cloud in one folder, running or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._socket = control.socket_path(folder, NAME)
        self._lifeline: int | None = None

    def start(self, layout: Layout, model_url: str | None) -> None:
        """Start it and wait until it takes orders. It ends with this process until it is told that all is ready."""
        (self.folder / "logs").mkdir(exist_ok=True)
        (self.folder / "layout.json").write_text(layout.to_json())
        reading, self._lifeline = os.pipe()
        command = [sys.executable, "-m", "localstack.supervisor", "--folder", str(self.folder)]
        command += ["--lifeline", str(reading), *(["--model-url", model_url] if model_url else [])]
        log = self.folder / "logs" / f"{NAME}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                env=_environment(),
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[reading],
                start_new_session=True,
            )
        os.close(reading)
        deadline = time.monotonic() + _LISTENS_SECONDS
        while not self.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SupervisorFailed(f"the supervisor did not start: {log.read_text().strip()[-300:] or log}")
            time.sleep(0.02)
        process.returncode = 0  # it may outlive this process; Popen shall not complain that nobody waited for it

    def order(self, order: str, timeout_seconds: float = _ORDER_SECONDS, **parameters: Any) -> dict[str, Any]:
        return control.ask(self._socket, order, timeout_seconds, **parameters)

    def answers(self) -> bool:
        try:
            self.order("status", timeout_seconds=5)
        except control.PartUnreachable:
            return False
        return True

    def let_go(self) -> None:
        """All is ready: from now on it lives without us."""
        self.order("ready")
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    def end(self) -> None:
        """Have it end everything it owns, and wait until it is gone itself."""
        try:
            pid = int(self.order("status", timeout_seconds=5)["pid"])
            self.order("shutdown")
        except control.PartUnreachable:
            return
        deadline = time.monotonic() + _ENDS_SECONDS
        while _is_alive(pid):
            if time.monotonic() > deadline:
                raise SupervisorFailed(f"the supervisor (process {pid}) does not end")
            time.sleep(0.02)


def recorded_layout(folder: Path) -> Layout | None:
    """The layout of the cloud in this folder, if one was started there."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        return Layout.from_json((folder / "layout.json").read_text())
    return None


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", KEY_VARIABLE) if name in os.environ}
    return {"PATH": os.defpath, **kept, "PYTHONPATH": str(CHECKOUT), "LANG": "C.UTF-8"}


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    # Without anyone to bury it, a finished process lingers: it has ended all the same.
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True
