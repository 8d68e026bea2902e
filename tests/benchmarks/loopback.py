"""The same services behind HTTP, in a process of their own: a network's client is paid, a network's time is not.

`python -m tests.benchmarks.loopback` reads the items of a table from stdin, prints its port, and ends with stdin. What
is written is not kept, so every round finds the table as the one before.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks.in_process_aws import InProcessAws, Replica


@contextmanager
def serving(table: Replica) -> Iterator[str]:
    """Have these items served, and give the address."""
    items = [item for partition in table.partitions.values() for item in partition.items.values()]
    command = [sys.executable, "-m", "tests.benchmarks.loopback"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        print(json.dumps(items), file=server.stdin, flush=True)
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.stdin.close()


class _Connection(asyncio.Protocol):
    """One client's connection: requests with a content length, one after the other."""

    def __init__(self, table: Replica) -> None:
        self._table = table
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        self._received += data
        head, blank, rest = self._received.partition(b"\r\n\r\n")
        if not blank:
            return
        headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
        length = int(headers["content-length"])
        if len(rest) < length:
            return
        self._received = rest[length:]
        self._answer(headers["x-amz-target"].rpartition(".")[2], rest[:length])

    def _answer(self, operation: str, asked: bytes) -> None:
        body = b"{}"
        if operation not in ("putitem", "updateitem"):
            names = {"query": "Query", "getitem": "GetItem"}
            _, body, _ = InProcessAws().answer(self._table, "", names[operation], json.loads(asked))
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n\r\n"
        assert self._transport is not None
        self._transport.write(head.encode() + body)


async def _serve() -> None:
    table = Replica()
    table.fill(json.loads(sys.stdin.readline()))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(table), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
