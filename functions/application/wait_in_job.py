"""What the branches of one running job wait for, and when all of them do: then the job can leave its worker.

Waits end by time or by an arrival. Effects under way are known here too, because a request to cancel ends both.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from functions.application.agent_ports import Cancelled
from functions.application.ports import Clock, StateUnavailable
from functions.domain.job.arrivals import Arrival
from functions.domain.moments import seconds_between

Result = TypeVar("Result")

#: A wait that will be over within this time is waited for in the worker: reading the job anew would cost more.
LINGER_SECONDS = 2.0
#: When all branches seem to wait, each gets so long, and so many turns of the event loop, to show that it does not.
SETTLE_SECONDS = 0.02
SETTLE_TURNS = 10


@dataclass(slots=True)
class _Pending:
    until: str
    awaits: str | None
    answer: asyncio.Future[Arrival | None]


@dataclass(frozen=True, slots=True)
class Idle:
    """All branches wait: until when at most, and for what."""

    until: str
    awaits: list[str]


@dataclass(slots=True)
class Waiting:
    """The waits and effects of one attempt. `stop_at`: the monotonic time after which nothing is begun.

    `look` takes in what has arrived by now: it is asked before a wait ends by time, so that what came in time counts.
    It raises StateUnavailable.
    `first_wait` is told when a branch begins to wait: before that there is no need to look whether all of them do.
    """

    clock: Clock
    stop_at: float
    inbox: list[Arrival]
    cancelled: bool = False
    look: Callable[[], Awaitable[None]] | None = None
    first_wait: Callable[[], None] | None = None
    _pending: dict[str, _Pending] = field(default_factory=dict)
    _effects: set[asyncio.Task[Any]] = field(default_factory=set)
    _ended: set[asyncio.Task[Any]] = field(default_factory=set)
    _overtaken: set[asyncio.Task[Any] | None] = field(default_factory=set)
    _active: int = 0
    _turns: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def enter_step(self) -> None:
        """From now on one more branch is at a step: doing something, unless it is in `until`."""
        self._active += 1
        self._note()

    def leave_step(self) -> None:
        """From now on it is at none."""
        self._active -= 1
        if self._overtaken:
            self._overtaken.discard(asyncio.current_task())
        self._note()

    async def effect(self, work: Coroutine[object, object, Result]) -> Result:
        """Carry out an effect. Raises Cancelled when a request to cancel comes meanwhile."""
        me = asyncio.current_task()
        assert me is not None
        if me in self._overtaken:
            work.close()
            raise Cancelled
        self._effects.add(me)
        try:
            return await work
        except asyncio.CancelledError:
            if me in self._ended and me.cancelling() == 1:  # by `cancel`, and by nobody else
                raise Cancelled from None
            raise
        finally:
            self._effects.discard(me)
            if me in self._ended:
                self._ended.discard(me)
                me.uncancel()

    async def until(self, key: str, moment: str, awaits: str | None = None) -> Arrival | None:
        """Wait for what answers `awaits`; return it, or None when the moment has come. May raise Cancelled."""
        if self._overtaken and asyncio.current_task() in self._overtaken:
            raise Cancelled
        if awaits is not None and (arrival := self._take(awaits)) is not None:
            return arrival
        left = seconds_between(self.clock.now(), moment)
        if left <= 0:
            return await self._last_look(awaits)
        pending = _Pending(moment, awaits, asyncio.get_running_loop().create_future())
        bell = None
        if self.clock.monotonic() + left < self.stop_at:
            bell = asyncio.create_task(self._ring(pending, left))
        self._pending[key] = pending
        self._note()
        try:
            return await pending.answer
        finally:
            self._pending.pop(key, None)
            self._note()
            if bell is not None:
                bell.cancel()

    async def _last_look(self, awaits: str | None) -> Arrival | None:
        """What came while the job was read and its agent replayed came in time, too."""
        if awaits is None or self.look is None:
            return None
        await self.look()
        return self._take(awaits)

    def arrive(self, news: Iterable[Arrival]) -> None:
        """Hand out what has arrived, or keep it for whoever will wait for it."""
        self.inbox.extend(news)
        for pending in self._pending.values():
            if pending.awaits is not None and not pending.answer.done():
                arrival = self._take(pending.awaits)
                if arrival is not None:
                    pending.answer.set_result(arrival)
                    self._note()

    def cancel(self, at_steps: Iterable[asyncio.Task[Any] | None] = ()) -> None:
        """End all waits and effects: each of them raises Cancelled.

        So does what a task that is at a step is about to begin: it has seen that it may, and then waits for a write, or
        for its child to be submitted. Nothing would end that wait before its time (simulation seed 9339).
        """
        self.cancelled = True
        self._overtaken.update(at_steps)
        for pending in self._pending.values():
            if not pending.answer.done():
                pending.answer.set_exception(Cancelled())
        for task in self._effects:
            self._ended.add(task)
            task.cancel()
        self._note()

    async def idle(self) -> Idle:
        """Return as soon as no branch can go on by itself."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._all_wait():
                turn = self._turns
                await self.clock.sleep(SETTLE_SECONDS)
                for _ in range(SETTLE_TURNS):
                    await self.clock.sleep(0)
                if turn != self._turns:
                    continue
                until = min(pending.until for pending in self._pending.values())
                left = seconds_between(self.clock.now(), until)
                if left > LINGER_SECONDS or self.clock.monotonic() + left >= self.stop_at:
                    return Idle(until, sorted({each.awaits for each in self._pending.values() if each.awaits}))
                break

    def _all_wait(self) -> bool:
        open_waits = sum(not pending.answer.done() for pending in self._pending.values())
        return 0 < open_waits == self._active

    def _take(self, awaits: str) -> Arrival | None:
        for place, arrival in enumerate(self.inbox):
            if arrival.answers == awaits:
                return self.inbox.pop(place)
        return None

    async def _ring(self, pending: _Pending, seconds: float) -> None:
        await self.clock.sleep(seconds)
        refusal = None
        if pending.awaits is not None and self.look is not None:
            try:
                await self.look()
            except StateUnavailable as error:
                refusal = error
        if pending.answer.done():
            return
        if refusal is None:
            pending.answer.set_result(None)
        else:  # something may lie there: whoever comes next looks again
            pending.answer.set_exception(refusal)
        self._note()

    def _note(self) -> None:
        self._turns += 1
        if self._pending:  # else there is nothing to wait for, and nobody to be told
            self._changed.set()
            if self.first_wait is not None:
                self.first_wait()
                self.first_wait = None
