"""Requests are taken up by rounds of their callers: nobody waits for all that another one has asked.

The emulator plays all services of a Region on one event loop, and takes requests up in the order in which they came:
what twenty jobs asked as they began in two workers held up everybody else's for 0.3 to 0.8 s. On AWS a caller does not
wait for what others ask. Here one request is taken up in each round of the loop, and of all callers that wait each has
one in its turn. A request that waits for something (a function, a message) holds up nobody: only when it begins is seen
to here.

Each process of a function is a caller, and names itself in a header, for processes that work for different lanes share
one access key. Others are told apart by the key with which they sign, or else by their connection.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from dataclasses import dataclass, field
from typing import TypeAlias

from localstack.shims import peering
from localstack.shims.neighbourhood import Neighbourhood

PROCESS = "X-Antipode-Process"
_PROCESS = PROCESS.lower().encode()
_KEY = re.compile(rb"Credential=([^,/\s]+)/")
#: What the process of a Python function begins with.
NAMES_ITSELF = f"""
import http.client as _antipode_http
import os as _antipode_os

def _antipode_with_name(end):
    def endheaders(self, *arguments, **named):
        self.putheader({PROCESS!r}, str(_antipode_os.getpid()))
        return end(self, *arguments, **named)
    return endheaders

_antipode_http.HTTPConnection.endheaders = _antipode_with_name(_antipode_http.HTTPConnection.endheaders)
"""

Caller: TypeAlias = tuple[object, ...]


def install(_: Neighbourhood) -> None:
    """All that it does is done around the emulator's application: see `taken_up`."""


@dataclass(slots=True)
class Rounds:
    """Who waits to have a request taken up: each caller's own, the caller whose turn is next first."""

    waiting: dict[Caller, deque[asyncio.Future[None]]] = field(default_factory=dict)
    going: bool = False

    async def turn(self, caller: Caller) -> None:
        """Return when a request of this caller is to be taken up."""
        loop = asyncio.get_running_loop()
        mine = loop.create_future()
        self.waiting.setdefault(caller, deque()).append(mine)
        if not self.going:
            self.going = True
            loop.call_soon(self._take_up_next, loop)
        await mine

    def _take_up_next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let one begin, and look for the next when the loop has also taken in what has come meanwhile."""
        while self.waiting:
            caller = next(iter(self.waiting))
            theirs = self.waiting.pop(caller)
            chosen = theirs.popleft()
            if theirs:
                self.waiting[caller] = theirs  # behind all others
            if not chosen.done():  # whoever asked may have gone
                chosen.set_result(None)
                loop.call_soon(self._take_up_next, loop)
                return
        self.going = False


_rounds = Rounds()


async def taken_up(scope: peering.Message) -> None:
    """Return when it is this request's turn."""
    await _rounds.turn(caller_of(scope))


def caller_of(scope: peering.Message) -> Caller:
    """Say who makes a request: a function's process, whoever has a key, or a connection."""
    signed: bytes | None = None
    for name, value in scope["headers"]:
        if name == _PROCESS:
            return ("process", value)
        if name == b"authorization":
            signed = value
    found = None if signed is None else _KEY.search(signed)
    return ("connection", *(scope.get("client") or ())) if found is None else ("key", found[1])
