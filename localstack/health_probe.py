"""Route 53's health checkers: they really connect, at the deployed interval, and count to the deployed threshold.

AWS checks from some sixteen places and calls an endpoint healthy while more than 18 % of them do. Here there are three
checkers, evenly staggered over the interval, under the same rule: one healthy checker is enough, so an endpoint that
stops answering turns unhealthy when the last of the three has counted to the threshold, as it does on AWS.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from localstack.naming.answers import Endpoint
from localstack.naming.records import Deployed, HealthCheck

CHECKERS = 3
HEALTHY_SHARE = 0.18
CONNECT_SECONDS = 4.0
ANSWER_SECONDS = 2.0
_BODY_SEARCHED = 5_120
_PROBED_TYPES = ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP")

Resolve = Callable[[HealthCheck], Endpoint | None]


@dataclass(slots=True)
class Checker:
    """One place from which an endpoint is watched; a new one believes in it until it knows better."""

    threshold: int
    healthy: bool = True
    streak: int = 0
    observation: str = "not checked yet"

    def note(self, passed: bool, observation: str) -> None:
        self.observation = observation
        if passed == self.healthy:
            self.streak = 0
            return
        self.streak += 1
        if self.streak >= self.threshold:
            self.healthy, self.streak = passed, 0


@dataclass(slots=True)
class _Watched:
    check: HealthCheck
    checkers: list[Checker]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class HealthProbe:
    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._watched: dict[str, _Watched] = {}

    def watch(self, deployed: Deployed) -> None:
        """Start, stop and change checkers so that they are those of the deployed checks."""
        seen = {_endpoint_key(watched.check): watched.checkers for watched in self._watched.values()}
        for check_id in list(self._watched):
            if deployed.checks.get(check_id) != self._watched[check_id].check:
                self._stop(check_id)
        for check_id, check in deployed.checks.items():
            if check_id not in self._watched:
                self._watched[check_id] = self._start(check, seen.get(_endpoint_key(check), []))

    def is_healthy(self, check_id: str) -> bool:
        watched = self._watched.get(check_id)
        if watched is None:
            return True  # deployed a moment ago: not known yet
        check = watched.check
        if check.disabled:
            return True
        return self._endpoint_is_healthy(watched) != check.inverted

    def status(self) -> dict[str, dict[str, object]]:
        return {
            check_id: {
                "host": watched.check.host,
                "healthy": self.is_healthy(check_id),
                "observations": [checker.observation for checker in watched.checkers],
            }
            for check_id, watched in self._watched.items()
        }

    def close(self) -> None:
        for check_id in list(self._watched):
            self._stop(check_id)

    def _endpoint_is_healthy(self, watched: _Watched) -> bool:
        check = watched.check
        if check.type == "CALCULATED":
            return sum(self.is_healthy(child) for child in check.children) >= check.children_needed
        if not watched.checkers:
            return True  # a type that nobody plays here, such as CLOUDWATCH_METRIC
        believing = sum(checker.healthy for checker in watched.checkers)
        return believing / len(watched.checkers) > HEALTHY_SHARE

    def _start(self, check: HealthCheck, before: list[Checker]) -> _Watched:
        """A check that replaces another of the same endpoint goes on with what its checkers have seen."""
        count = CHECKERS if check.type in _PROBED_TYPES and not check.disabled else 0
        believed = [checker.healthy for checker in before] or [True] * count
        watched = _Watched(check, [Checker(check.failure_threshold, healthy) for healthy in believed[:count]])
        watched.tasks = [
            asyncio.create_task(self._watch_from(check, checker, index * check.interval_seconds / count))
            for index, checker in enumerate(watched.checkers)
        ]
        return watched

    def _stop(self, check_id: str) -> None:
        for task in self._watched.pop(check_id).tasks:
            task.cancel()

    async def _watch_from(self, check: HealthCheck, checker: Checker, delay_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + delay_seconds
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            due += check.interval_seconds
            endpoint = self._resolve(check)
            if endpoint is None:
                checker.note(False, f"{check.host} does not resolve")
            else:
                checker.note(*await probe(check, endpoint))


async def probe(check: HealthCheck, endpoint: Endpoint) -> tuple[bool, str]:
    """One look at the endpoint: whether it passed, and what was seen."""
    tls = _tls(check) if check.type.startswith("HTTPS") else None
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(
                endpoint.address, endpoint.port, ssl=tls, server_hostname=check.host if tls else None
            )
    except (OSError, TimeoutError) as error:
        return False, f"no connection: {_reason(error)}"
    try:
        if check.type == "TCP":
            return True, "connected"
        async with asyncio.timeout(ANSWER_SECONDS):
            return await _ask(check, endpoint, reader, writer)
    except (OSError, TimeoutError, ValueError) as error:
        return False, f"no answer: {_reason(error)}"
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), 1)


async def _ask(
    check: HealthCheck, endpoint: Endpoint, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> tuple[bool, str]:
    writer.write(
        f"GET {check.path} HTTP/1.1\r\nHost: {_host(check, endpoint)}\r\nConnection: close\r\n"
        f"User-Agent: Amazon-Route53-Health-Check-Service (ref {check.id})\r\nAccept: */*\r\n\r\n".encode()
    )
    status_line = (await reader.readline()).decode("latin-1").split(None, 2)
    if len(status_line) < 2 or not status_line[1].isdigit():
        return False, "no HTTP answer"
    status = int(status_line[1])
    if not 200 <= status < 400:
        return False, f"status {status}"
    if check.search is not None:
        found = check.search.encode() in await reader.read(_BODY_SEARCHED)
        return found, f"status {status}, text {'found' if found else 'missing'}"
    return True, f"status {status}"


def _endpoint_key(check: HealthCheck) -> tuple[object, ...]:
    return check.type, check.host, check.address, check.port, check.path


def _reason(error: Exception) -> str:
    return str(error) or "timed out"


def _host(check: HealthCheck, endpoint: Endpoint) -> str:
    if check.host is None:
        return endpoint.address
    plain = (check.port == 80 and check.type.startswith("HTTP")) or check.type.startswith("HTTPS")
    return check.host if plain else f"{check.host}:{check.port}"


def _tls(check: HealthCheck) -> ssl.SSLContext:
    """The checkers do not look at certificates, and speak TLS 1.2 at most."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context
