"""Sends what the failover rules say, over httpx: once for threads and once for tasks, with no rule of its own."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from functions.sdk.client_errors import ApiError
from functions.sdk.client_failover import Answered, Attempt, Call, Failover, Outcome, Pause, Silent, Step
from functions.sdk.client_time import ClientTime

T = TypeVar("T")

#: As many connections as there are callers: one that waits for another's is no failure of a Region.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20)
#: A time of 0 would mean another mode of the socket.
_SHORTEST_SECONDS = 0.001
#: What fails before a request has left.
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


class SyncTransport:
    """Carries calls out in the caller's thread."""

    def __init__(
        self,
        failover: Failover,
        token: str | None,
        time: ClientTime,
        on_failed_try: Callable[[ApiError], None],
        transport: httpx.BaseTransport | None,
    ) -> None:
        self._failover, self._time, self._on_failed_try = failover, time, on_failed_try
        self._headers = _bearer(token)
        self._http = httpx.Client(transport=transport, limits=_LIMITS, trust_env=transport is None)

    def carry_out(self, call: Call[T]) -> T:
        """Return what the call's answer is read as. Raises ApiError."""
        steps = self._failover.carry_out(call, self._on_failed_try)
        outcome: Outcome = None
        while True:
            try:
                step: Step = steps.send(outcome)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]  # a generator's value has its type in the annotation
            match step:
                case Pause(seconds=seconds):
                    self._time.sleep(seconds)
                    outcome = None
                case Attempt():
                    outcome = self._send(call, step)

    def _send(self, call: Call[Any], attempt: Attempt) -> Outcome:
        try:
            return _read(self._http.send(_request(self._http, call, attempt, self._headers, self._time)))
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError) as error:
            return _silent(attempt, error)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()


class AsyncTransport:
    """Carries calls out in the caller's task."""

    def __init__(
        self,
        failover: Failover,
        token: str | None,
        time: ClientTime,
        on_failed_try: Callable[[ApiError], None],
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self._failover, self._time, self._on_failed_try = failover, time, on_failed_try
        self._headers = _bearer(token)
        self._http = httpx.AsyncClient(transport=transport, limits=_LIMITS, trust_env=transport is None)

    async def carry_out(self, call: Call[T]) -> T:
        """Return what the call's answer is read as. Raises ApiError."""
        steps = self._failover.carry_out(call, self._on_failed_try)
        outcome: Outcome = None
        while True:
            try:
                step: Step = steps.send(outcome)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]  # as above
            match step:
                case Pause(seconds=seconds):
                    await self._time.pause(seconds)
                    outcome = None
                case Attempt():
                    outcome = await self._send(call, step)

    async def _send(self, call: Call[Any], attempt: Attempt) -> Outcome:
        try:
            async with asyncio.timeout(attempt.seconds):
                return _read(await self._http.send(_request(self._http, call, attempt, self._headers, self._time)))
        except TimeoutError:
            return Silent(f"no whole answer in {attempt.seconds:g} s", sent=True)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError) as error:
            return _silent(attempt, error)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()


class _Left(dict[str, float]):
    """What is left of an attempt's time for each of its parts: httpx asks for it as a part begins.

    httpx itself gives each part its own time, so that a Region could take a connection late, and then hang for longer.
    """

    def __init__(self, attempt: Attempt, now: Callable[[], float]) -> None:
        super().__init__(connect=attempt.connect_seconds, pool=attempt.connect_seconds)
        self._now, self._end = now, now() + attempt.seconds

    def __missing__(self, part: str) -> float:
        return self._end - self._now()

    def __getitem__(self, part: str) -> float:
        return max(_SHORTEST_SECONDS, min(super().__getitem__(part), self._end - self._now()))

    def get(self, part: str, default: Any = None) -> float:
        """Return what is left."""
        return self[part]


def _bearer(token: str | None) -> dict[str, str]:
    if token and not (token.isascii() and token.isprintable()):
        raise ApiError("the token has characters that no token has")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _request(
    http: httpx.Client | httpx.AsyncClient,
    call: Call[Any],
    attempt: Attempt,
    bearer: dict[str, str],
    time: ClientTime,
) -> httpx.Request:
    """A probe asks for another path than the call, without what the call sends."""
    foreign = call.address is not None
    if attempt.path != call.path:
        request = http.build_request("GET", attempt.address + attempt.path)
    else:
        headers = {**({} if foreign else bearer), **call.headers}
        if call.content is not None and not foreign:
            headers["Content-Type"] = "application/json"
        request = http.build_request(
            call.method,
            attempt.address + attempt.path,
            params=dict(call.query) or None,
            headers=headers,
            content=call.content,
        )
    request.extensions["timeout"] = _Left(attempt, time.monotonic)
    return request


def _read(response: httpx.Response) -> Answered:
    after = response.headers.get("Retry-After", "")
    return Answered(response.status_code, response.content, float(after) if after.isdigit() else None)


def _silent(attempt: Attempt, error: Exception) -> Silent:
    """What comes of a failed request. Raises ApiError for one that can never be sent."""
    match error:
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            raise ApiError(f"{attempt.address} is no address of the API: {error}") from error
        case httpx.LocalProtocolError() | UnicodeEncodeError():
            raise ApiError(f"token or key cannot be sent in a header: {error}") from error
        case _:
            said = " ".join(str(error).split()) or type(error).__name__
            return Silent(said, sent=not isinstance(error, _UNSENT))
