"""Clean up after a local cloud whose supervisor was killed: its processes, its sockets and its folder."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

from localstack import control
from localstack.parts import DNS, LINK
from localstack.supervisor import NAME

_OURS = "localstack."


def clear(folder: Path) -> None:
    """Leave no process, socket or file of this folder's cloud behind."""
    for leader in _recorded(folder):
        if _is_ours(leader):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(leader, signal.SIGKILL)
    for part in (NAME, LINK, DNS):
        control.socket_path(folder, part).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    # The folder above holds the clouds of all slots; the last one takes it along.
    with contextlib.suppress(OSError):
        folder.parent.rmdir()


def _recorded(folder: Path) -> list[int]:
    try:
        noted = json.loads((folder / "processes.json").read_text())
    except (OSError, ValueError):
        return []
    return [noted[NAME], *noted["groups"]]


def _is_ours(pid: int) -> bool:
    """Whether that number still belongs to a process of ours, and not to one that got it later."""
    with contextlib.suppress(OSError):
        return _OURS in Path(f"/proc/{pid}/cmdline").read_text()
    if Path("/proc").is_dir():
        return False
    listed = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return _OURS in listed.stdout
