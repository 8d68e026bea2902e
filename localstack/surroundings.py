"""What a local cloud needs of the machine before it starts: free ports and installed tools. One line per complaint."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Callable

from localstack.layout import Layout, Place
from stacks.toolchain import ToolMissing, cdk_command, node_binary, uv_binary


def complaints(layout: Layout) -> list[str]:
    """Everything that stands in the way, or nothing."""
    return [*_missing_tools(), *_taken_ports(layout)]


def _missing_tools() -> list[str]:
    found: list[str] = []
    needed: list[Callable[[], object]] = [node_binary, cdk_command, uv_binary]
    for tool in needed:
        try:
            tool()
        except ToolMissing as missing:
            found.append(str(missing))
    packages = [name for name in ("aws_cdk", "dnslib", "ministack") if importlib.util.find_spec(name) is None]
    if packages:
        found.append(f"{', '.join(packages)}: not installed in this Python environment: run `make setup`")
    return found


def _taken_ports(layout: Layout) -> list[str]:
    places = [(place, socket.SOCK_STREAM) for place in (*layout.emulators, layout.dns, layout.model)]
    places.append((layout.dns, socket.SOCK_DGRAM))
    taken = [place for place, kind in places if not _is_free(place, kind)]
    return [
        f"{place.address}:{place.port} (for {place.name}) is in use: stop what uses it, or choose another --slot"
        for place in dict.fromkeys(taken)
    ]


def _is_free(place: Place, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((place.address, place.port))
        except OSError:
            return False
    return True
