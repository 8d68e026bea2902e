"""The client's side of the local DNS: an httpx transport that asks our DNS server, and again when an answer expires.

Used by the command line, the demo and the tests, so that they find a Region the way a client on AWS does: by the
failover name, no sooner than its TTL allows.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass

import dns.exception
import dns.resolver
import httpx

from localstack.layout import Layout
from localstack.naming.answers import SERVICE_PREFIX
from localstack.plain_http import plain_transport

_SECONDS_PER_QUESTION = 2.0


class NameNotFound(Exception):
    """The DNS server has no address for the name, or does not answer."""


@dataclass(frozen=True, slots=True)
class Resolved:
    address: str
    port: int | None
    """Only where the Regions share one address and differ by port."""
    expires: float


class Resolver:
    def __init__(
        self, address: str, port: int, *, ports_differ: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = dns.resolver.Resolver(configure=False)
        self._ask.nameservers = [address]
        self._ask.port = port
        self._ask.lifetime = _SECONDS_PER_QUESTION
        self._ports_differ = ports_differ
        self._clock = clock
        self._known: dict[str, Resolved] = {}

    @classmethod
    def of(cls, layout: Layout) -> Resolver:
        """The resolver of one local cloud."""
        addresses = {place.address for place in layout.regions}
        return cls(layout.dns.address, layout.dns.port, ports_differ=len(addresses) < len(layout.regions))

    def resolve(self, name: str) -> Resolved:
        """Where the name leads; asked for anew only when the last answer has expired."""
        known = self._known.get(name)
        if known is None or known.expires <= self._clock():
            known = self._known[name] = self._look_up(name)
        return known

    def forget(self) -> None:
        """Start over, as a client does that was started anew."""
        self._known.clear()

    def _look_up(self, name: str) -> Resolved:
        try:
            if self._ports_differ:
                service = self._ask.resolve(f"{SERVICE_PREFIX}{name}", "SRV")
                entry = service[0]
                address = str(self._ask.resolve(entry.target, "A")[0])
                return Resolved(address, int(entry.port), self._expiry(service))
            answer = self._ask.resolve(name, "A")
            return Resolved(str(answer[0]), None, self._expiry(answer))
        except dns.exception.DNSException as failure:
            raise NameNotFound(f"{name}: {failure}") from failure

    def _expiry(self, answer: dns.resolver.Answer) -> float:
        return self._clock() + answer.chaining_result.minimum_ttl


class ResolvingTransport(httpx.BaseTransport):
    """Sends each request to where its host name leads now; the Host header stays as it was."""

    def __init__(self, resolver: Resolver, inner: httpx.BaseTransport | None = None) -> None:
        self._resolver = resolver
        self._inner = inner or plain_transport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if _is_address(request.url.host):
            return self._inner.handle_request(request)
        try:
            resolved = self._resolver.resolve(request.url.host)
        except NameNotFound as failure:
            raise httpx.ConnectError(str(failure), request=request) from failure
        return self._inner.handle_request(_sent_to(request, resolved))

    def close(self) -> None:
        self._inner.close()


class AsyncResolvingTransport(httpx.AsyncBaseTransport):
    """The same for asynchronous clients."""

    def __init__(self, resolver: Resolver, inner: httpx.AsyncBaseTransport | None = None) -> None:
        self._resolver = resolver
        self._inner = inner or httpx.AsyncHTTPTransport(verify=False)  # see plain_http

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if _is_address(request.url.host):
            return await self._inner.handle_async_request(request)
        try:
            resolved = await asyncio.to_thread(self._resolver.resolve, request.url.host)
        except NameNotFound as failure:
            raise httpx.ConnectError(str(failure), request=request) from failure
        return await self._inner.handle_async_request(_sent_to(request, resolved))

    async def aclose(self) -> None:
        await self._inner.aclose()


def _sent_to(request: httpx.Request, resolved: Resolved) -> httpx.Request:
    url = request.url.copy_with(host=resolved.address)
    if resolved.port is not None:
        url = url.copy_with(port=resolved.port)
    return httpx.Request(
        request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
