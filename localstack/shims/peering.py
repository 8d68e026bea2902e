"""How the emulator processes of one local cloud talk to each other.

AWS has services that are one for all Regions (IAM, Route 53) and some that work across them (global tables); each
emulator process knows only itself. A question goes as JSON to `/_antipode/<subject>` of the other process, which
answers on its event loop. Asking blocks, so it must happen on a worker thread: two processes that asked each other
from their event loops would wait for ever.
"""

from __future__ import annotations

import inspect
import json
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from localstack.shims.patching import module

PREFIX = "/_antipode/"
ACCOUNT = "000000000000"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Answer = Callable[[dict[str, Any]], "dict[str, Any] | Awaitable[dict[str, Any]]"]

_answers: dict[str, tuple[str, Answer]] = {}
# Loopback only: a proxy from the user's environment must never see these.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class PeerUnreachable(Exception):
    """The other process did not answer."""


class PeerRefused(Exception):
    """The other process answered that it could not do it; the text says why."""


def answer(subject: str, region: str, function: Answer) -> None:
    """Let `function` answer questions on that subject, acting in that Region."""
    _answers[subject] = (region, function)


def ask(url: str, subject: str, question: dict[str, Any], timeout: float = 5.0) -> dict[str, Any]:
    """Put a question to another process and wait for what it answers. For worker threads only."""
    request = urllib.request.Request(
        f"{url}{PREFIX}{subject}",
        data=json.dumps(question).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    try:
        with _opener.open(request, timeout=timeout) as response:
            reply: dict[str, Any] = json.load(response)
    except urllib.error.HTTPError as refusal:
        with refusal:
            raise PeerRefused(json.load(refusal).get("error", f"status {refusal.code}")) from None
    except (OSError, ValueError) as failure:
        raise PeerUnreachable(f"{url} did not answer: {failure}") from failure
    return reply


async def serve(path: str, receive: Receive, send: Send) -> None:
    """Answer one question that arrived over HTTP."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    status, reply = await _reply(path.removeprefix(PREFIX), body)
    payload = json.dumps(reply).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(payload)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": payload})


async def _reply(subject: str, body: bytes) -> tuple[int, dict[str, Any]]:
    if subject not in _answers:
        return 404, {"error": f"nobody here answers questions on {subject!r}"}
    region, function = _answers[subject]
    with module("core.responses").request_scope(ACCOUNT, region):
        try:
            reply = function(json.loads(body))
            return 200, await reply if inspect.isawaitable(reply) else reply
        except Exception as failure:  # noqa: BLE001 - whatever went wrong here, the asker is told
            return 500, {"error": f"{type(failure).__name__}: {failure}"}
