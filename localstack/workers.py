"""The processes in which the functions of a Region run, found by what the emulator gave them to see."""

from __future__ import annotations

from pathlib import Path

from localstack.deployment import ENVIRONMENT
from localstack.layout import Place


def worker_processes(place: Place, function: str) -> list[int]:
    """The processes in which a Region runs a function now, busy or not."""
    wanted = f"AWS_LAMBDA_FUNCTION_NAME=antipode-{ENVIRONMENT}-{function}".encode()
    endpoint = f"AWS_ENDPOINT_URL={place.url}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if wanted in environment and endpoint in environment:
                found.append(int(entry.name))
    return found
