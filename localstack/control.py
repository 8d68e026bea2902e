"""Orders to a running part of the local cloud and its answers: one line of JSON each way over a Unix socket.

The socket lies in the layout's folder, which only its owner may enter. A path too long for a socket (about 100
characters) is replaced by a short one in the system's folder for temporary files.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

Handler = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]

_LONGEST_PATH = 100
_LONGEST_LINE = 8 * 1024 * 1024


class OrderRefused(Exception):
    """The part understood the order and says why it will not carry it out."""


class PartUnreachable(Exception):
    """Nobody answers at the socket: the part is not running, or hangs."""


def socket_path(folder: Path, part: str) -> Path:
    path = folder / f"{part}.sock"
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        return path
    mark = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"antipode-{os.getuid()}-{mark}.sock"


def ask(path: Path, order: str, timeout_seconds: float = 10.0, **parameters: Any) -> dict[str, Any]:
    """Send one order and wait for its answer."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_seconds)
            connection.connect(os.fspath(path))
            connection.sendall(_line({"order": order, **parameters}))
            with connection.makefile("rb") as stream:
                line = stream.readline()
    except OSError as error:
        raise PartUnreachable(f"{path.stem} does not answer: {error}") from error
    return _answer(path.stem, line)


async def ask_async(path: Path, order: str, timeout_seconds: float = 10.0, **parameters: Any) -> dict[str, Any]:
    return await asyncio.to_thread(ask, path, order, timeout_seconds, **parameters)


@contextlib.asynccontextmanager
async def serving(path: Path, handler: Handler) -> AsyncIterator[None]:
    """Answer orders until the block is left."""
    path.unlink(missing_ok=True)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := await reader.readline():
                writer.write(_line(await _carry_out(handler, line)))
                await writer.drain()
        writer.close()

    mask = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(serve, os.fspath(path), limit=_LONGEST_LINE)
    finally:
        os.umask(mask)
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)


async def _carry_out(handler: Handler, line: bytes) -> Mapping[str, Any]:
    try:
        request = json.loads(line)
        return {"ok": True, **await handler(request.pop("order"), request)}
    except OrderRefused as refusal:
        return {"ok": False, "refusal": str(refusal)}
    except Exception as error:  # noqa: BLE001 - whatever an order broke, the part goes on and says so
        return {"ok": False, "refusal": f"{type(error).__name__}: {error}"}


def _answer(part: str, line: bytes) -> dict[str, Any]:
    if not line:
        raise PartUnreachable(f"{part} hung up without an answer")
    answer: dict[str, Any] = json.loads(line)
    if not answer.pop("ok"):
        raise OrderRefused(answer["refusal"])
    return answer


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"
