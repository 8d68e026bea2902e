"""Model server processes for tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from localstack.layout import CHECKOUT


def command(*options: str, address: str = "127.0.0.1", port: int = 0) -> list[str]:
    """The command line of a model server; port 0 lets the system choose a free one."""
    start = [sys.executable, "-m", "localstack.model_server", "--address", address, "--port", str(port)]
    return [*start, *options]


def environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)}


def launch(*options: str, **place: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*options, **place), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def url_of(process: subprocess.Popen[str]) -> str:
    """Where a server that has just been launched answers: it says so once it listens."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("model server: http://"), line or (process.stderr and process.stderr.read())
    return line.removeprefix("model server: ").strip()


@contextmanager
def serving(*options: str, **place: Any) -> Iterator[str]:
    """The address of a model server that runs as long as the block."""
    with launch(*options, **place) as process:
        try:
            yield url_of(process)
        finally:
            process.kill()


def ask(url: str, body: object | None = None, *, method: str | None = None, timeout: float = 10) -> Any:
    """The JSON that a GET, or a POST of a body, is answered with."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=timeout) as reply:
        return json.load(reply)


def chat(text: str) -> dict[str, Any]:
    return {"model": "any", "messages": [{"role": "user", "content": text}]}
