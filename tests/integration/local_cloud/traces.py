"""What a local cloud may leave behind: processes, sockets and files. Looked for by its addresses and its folder."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

from localstack.layout import Layout


def processes_of(layout: Layout) -> list[str]:
    """Command lines of all living processes that name an address or the folder of this cloud."""
    marks = [str(layout.folder), *(f"{place.address}:" for place in layout.regions)]
    marks += [f"--address {place.address}" for place in (*layout.emulators, layout.dns, layout.model)]
    return [line for line in _command_lines() if any(mark in line for mark in marks)]


def open_ports_of(layout: Layout) -> list[str]:
    """Addresses of this cloud at which somebody still listens."""
    return [
        f"{place.address}:{place.port}"
        for place in (*layout.emulators, layout.dns, layout.model)
        if _answers(place.address, place.port)
    ]


def _command_lines() -> list[str]:
    if Path("/proc/self/cmdline").exists():
        lines = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    lines.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
                except OSError:
                    continue
        return lines
    return subprocess.run(["ps", "-axo", "command="], capture_output=True, text=True, check=True).stdout.splitlines()


def _answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=0.2):
            return True
    except OSError:
        return False
