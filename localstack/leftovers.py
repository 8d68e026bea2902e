"""Clean up after a local cloud whose supervisor was killed: its processes, its sockets and its folder."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import time
from pathlib import Path

from localstack import control
from localstack.parts import DNS, LINK
from localstack.programs import command_line, end_noted_programs
from localstack.supervisor import NAME

_OURS = "localstack."
_ATTEMPTS = 20
_BETWEEN_ATTEMPTS_SECONDS = 0.1


def clear(folder: Path) -> None:
    """Leave no process, socket or file of this folder's cloud behind."""
    for leader in _recorded(folder):
        if _OURS in command_line(leader):  # and not of a process that got the number later
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(leader, signal.SIGKILL)
    end_noted_programs(folder)
    for part in (NAME, LINK, DNS):
        control.socket_path(folder, part).unlink(missing_ok=True)
    for _ in range(_ATTEMPTS):  # what was killed a moment ago may still have been writing
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
        time.sleep(_BETWEEN_ATTEMPTS_SECONDS)
    # The folder above holds the clouds of all slots; the last one takes it along.
    with contextlib.suppress(OSError):
        folder.parent.rmdir()


def _recorded(folder: Path) -> list[int]:
    try:
        noted = json.loads((folder / "processes.json").read_text())
    except (OSError, ValueError):
        return []
    return [noted[NAME], *noted["groups"]]
