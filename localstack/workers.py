"""The processes in which the functions of a Region run, found by what the emulator gave them to see."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path

from localstack.deployment import ENVIRONMENT
from localstack.layout import Place


def worker_processes(place: Place, function: str | None) -> list[int]:
    """The processes in which a Region runs a function now, busy or not; None: all functions."""
    name = f"AWS_LAMBDA_FUNCTION_NAME=antipode-{ENVIRONMENT}-{function or ''}".encode()
    endpoint = f"AWS_ENDPOINT_URL={place.url}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            wanted = name in environment if function else any(line.startswith(name) for line in environment)
            if wanted and endpoint in environment:
                found.append(int(entry.name))
    return found


def end_processes(place: Place, functions: Iterable[str | None]) -> int:
    """kill -9 every process in which a Region runs one of these functions ([None]: any); say how many there were."""
    pids = [pid for function in functions for pid in worker_processes(place, function)]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(pids)
