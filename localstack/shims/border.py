"""What comes into a Region passes its border, which by order lets nobody in, throttles the table, or loses answers.

A partition is between two places, so it needs to know who asks: functions call from the address of their own Region
(`function_addresses.py` sees to that), all else is a client. A request that may not pass gets no answer at all, as in a
network that drops it, until whoever sent it gives up; one that had passed before goes on. Our own tools (the link, the
supervisor, people with the root key who speak to the Region's own address) are never held up: they are not part of what
is played.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from localstack.shims import peering
from localstack.shims.neighbourhood import Neighbourhood, Role

SUBJECT = "border"
CLIENTS = "clients"
#: Paths of the API; on its own domain name any path is one.
_API_PATHS = ("/restapis/", "/v1/")
_TABLE_CALLS = b"DynamoDB_20120810."
_THROTTLED = {
    "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    "message": "The level of configured provisioned throughput for the table was exceeded, as ordered.",
}


@dataclass(slots=True)
class Border:
    """The border of one process. `callers` are the Regions by the address from which their functions call."""

    region: str
    callers: dict[str, str]
    closed_to: frozenset[str] = frozenset()
    throttled_share: float = 0.0
    chance: random.Random = field(default_factory=random.Random)
    turned_away: Counter[str] = field(default_factory=Counter)
    throttled: int = 0
    lost_share: float = 0.0
    lost: int = 0

    def change(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out an order: {"closed_to"?, "throttled_share"?, "lost_share"?, "seed"?}; say how things stand."""
        if "closed_to" in order:
            self.closed_to = self._known(order["closed_to"])
        if "throttled_share" in order:
            self.throttled_share = float(order["throttled_share"])
        if "lost_share" in order:
            self.lost_share = float(order["lost_share"])
        if "seed" in order:
            self.chance = random.Random(order["seed"])
        return {
            "closed_to": sorted(self.closed_to),
            "turned_away": dict(self.turned_away),
            "throttled_share": self.throttled_share,
            "throttled": self.throttled,
            "lost_share": self.lost_share,
            "lost": self.lost,
        }

    def _known(self, callers: Iterable[str]) -> frozenset[str]:
        unknown = set(callers) - {*self.callers.values(), CLIENTS} | (set(callers) & {self.region})
        if unknown:
            raise ValueError(f"{self.region} cannot be closed to {sorted(unknown)}: they cannot be told apart here")
        return frozenset(callers)

    async def stops(self, scope: peering.Message, receive: peering.Receive, send: peering.Send) -> bool:
        """Whether the request ends here; then it has been seen to."""
        if not (self.closed_to or self.throttled_share):
            return False
        caller = self._caller(scope)
        if caller in self.closed_to:
            self.turned_away[caller] += 1
            while (await receive())["type"] != "http.disconnect":
                pass
            return True
        asks = caller in self.callers.values() and _asks_a_table(scope)
        if asks and self.chance.random() < self.throttled_share:
            self.throttled += 1
            await _answer(send, 400, _THROTTLED)
            return True
        return False

    def loses_answer(self, scope: peering.Message) -> bool:
        """Whether what is answered to this request does not arrive. Clients' submits and changes alone: the rest asks
        again and again, and is none the wiser.
        """
        if not self.lost_share or scope["method"] != "POST" or self._caller(scope) != CLIENTS:
            return False
        lost = self.chance.random() < self.lost_share
        self.lost += lost
        return lost

    def _caller(self, scope: peering.Message) -> str:
        address = (scope.get("client") or ("", 0))[0]
        region = self.callers.get(address)
        return region or (CLIENTS if _is_for_the_api(scope) else "")


def install(neighbourhood: Neighbourhood) -> None:
    global _border
    _border = border_of(neighbourhood)
    peering.answer(SUBJECT, neighbourhood.region, _border.change)


def border_of(neighbourhood: Neighbourhood) -> Border:
    """The border of a process. Where all processes share one address, nobody can be told from another."""
    addresses = {name: address_of(url) for name, url in neighbourhood.siblings.items()}
    own = address_of(neighbourhood.url)
    if own in addresses.values():
        return Border(neighbourhood.region, {})
    callers = {address: name for name, address in addresses.items()}
    if neighbourhood.role is Role.GLOBAL:  # it lies in no Region, whatever name it was given: it may be closed to each
        return Border("", callers)
    return Border(neighbourhood.region, {own: neighbourhood.region, **callers})


def address_of(url: str) -> str:
    """The address of a process."""
    return urlsplit(url).hostname or ""


async def stops(scope: peering.Message, receive: peering.Receive, send: peering.Send) -> bool:
    """Whether a request ends at this process's border."""
    return await _border.stops(scope, receive, send)


def loses_answer(scope: peering.Message) -> bool:
    """Whether what is answered to this request does not arrive."""
    return _border.loses_answer(scope)


async def keep_silent(
    application: Callable[[peering.Message, peering.Receive, peering.Send], Awaitable[None]],
    scope: peering.Message,
    receive: peering.Receive,
) -> None:
    """Have the request carried out, and let whoever sent it wait for an answer until it gives up."""

    async def swallow(_: peering.Message) -> None:
        return None

    await application(scope, receive, swallow)
    while (await receive())["type"] != "http.disconnect":
        pass


_border = Border("", {})


def _is_for_the_api(scope: peering.Message) -> bool:
    host = _header(scope, b"host").partition(b":")[0]
    return scope["path"].startswith(_API_PATHS) or (host != b"" and not host.replace(b".", b"").isdigit())


def _asks_a_table(scope: peering.Message) -> bool:
    return _header(scope, b"x-amz-target").startswith(_TABLE_CALLS)


def _header(scope: peering.Message, name: bytes) -> bytes:
    return next((bytes(value) for key, value in scope["headers"] if key == name), b"")


async def _answer(send: peering.Send, status: int, body: dict[str, str]) -> None:
    payload = json.dumps(body).encode()
    headers = [(b"content-type", b"application/x-amz-json-1.0"), (b"content-length", str(len(payload)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": payload})
