"""Which endpoints are left alone for now: a breaker for each, shared by the processes of a Region through the table.

The table holds what this Region saw last. Two processes that write at once lose one count of the two, which a breaker
can bear; an endpoint's trial is written before it begins, so that there is one at a time.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from functions.application.ports import Clock, StateUnavailable
from functions.application.record_steps import Say
from functions.application.webhook_ports import EndpointState, EndpointStates, Result
from functions.domain.breaker import Breaker, Standing
from functions.domain.last_word import said_after
from functions.domain.moments import seconds_between

#: So many results are kept for people to look at.
RESULTS = 5
#: While an endpoint does well, its newest results are written once in so many seconds.
WRITTEN_EVERY_SECONDS = 30.0


@dataclass(slots=True, kw_only=True)
class GuardEndpoints:
    """The breakers that one batch of deliveries asks; each endpoint is read once, and written when there is news."""

    states: EndpointStates
    clock: Clock
    say: Say
    region: str
    _seen: dict[tuple[str, str], EndpointState] = field(default_factory=dict)
    _written: dict[tuple[str, str], EndpointState] = field(default_factory=dict)
    _reading: dict[tuple[str, str], asyncio.Lock] = field(default_factory=dict)

    async def pause(self, tenant: str, endpoint: str) -> float:
        """Return for how long no call may be made to an endpoint: 0 for one that may be called, which then counts."""
        state = await self._state(tenant, endpoint)
        now = self.clock.now()
        seconds = state.breaker.waits(now)
        if seconds <= 0 and state.breaker.standing is not Standing.CLOSED:
            self._change(tenant, endpoint, lambda breaker: breaker.tried(now))
            await self._write(tenant, endpoint)
        return seconds

    def note(self, tenant: str, endpoint: str, result: Result, *, accepted: bool) -> None:
        """Take in how a call went."""
        now = self.clock.now()
        self._change(tenant, endpoint, lambda breaker: breaker.succeeded(now) if accepted else breaker.failed(now))
        key = (tenant, endpoint)
        state = self._seen[key]
        self._seen[key] = replace(state, results=(result, *state.results)[:RESULTS])

    async def write_down(self) -> None:
        """Write what is new of the endpoints that were called. Never raises."""
        await asyncio.gather(*(self._write(*key) for key in self._seen if self._is_news(key)))

    def _is_news(self, key: tuple[str, str]) -> bool:
        state, written = self._seen[key], self._written.get(key)
        if state is written:
            return False
        if written is None or written.breaker != state.breaker:
            return True
        return seconds_between(written.at, self.clock.now()) >= WRITTEN_EVERY_SECONDS

    async def _state(self, tenant: str, endpoint: str) -> EndpointState:
        key = (tenant, endpoint)
        async with self._reading.setdefault(key, asyncio.Lock()):
            if key not in self._seen:
                self._seen[key] = await self._read(tenant, endpoint)
        return self._seen[key]

    async def _read(self, tenant: str, endpoint: str) -> EndpointState:
        """Return what the table knows. Where it refuses, or knows nothing, an endpoint may be called."""
        try:
            found = await self.states.read(tenant, endpoint)
        except StateUnavailable:
            found = ()
        for state in found:
            if state.region == self.region:
                self._written[(tenant, endpoint)] = state
                return state
        now = self.clock.now()
        return EndpointState(tenant=tenant, endpoint=endpoint, region=self.region, at=now, breaker=Breaker())

    def _change(self, tenant: str, endpoint: str, change: Callable[[Breaker], Breaker]) -> None:
        key = (tenant, endpoint)
        state = self._seen[key]
        self._seen[key] = replace(state, breaker=change(state.breaker))

    async def _write(self, tenant: str, endpoint: str) -> None:
        key = (tenant, endpoint)
        at = said_after(self.clock.now(), self._written.get(key))  # or it would not take the place of what is there
        state = self._seen[key] = replace(self._seen[key], at=at)
        try:
            await self.states.put(state)
        except StateUnavailable as error:
            self.say("endpoint_not_written", level="WARNING", tenant=tenant, endpoint=endpoint, error=str(error))
            return
        self._written[key] = state
