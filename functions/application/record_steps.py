"""Writing a running job's history: the journal with its group commit.

A flush is due before an effect that is not safe to repeat, after an expensive step and at the end; everything else is
written at the latest `GROUP_SECONDS` after it happened, together with what has come since.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from functions.application.ports import Alarm, Clock, HistoryStore
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Event, Json, WaitOpened
from functions.domain.job.history import Segment
from functions.domain.payload import INLINE_BYTES

GROUP_SECONDS = 0.25
#: A DynamoDB item holds 400 KB. A value may have a quarter of that; what is recorded is written before it passes half,
#: and as several segments when branches that run at once have brought more.
LARGEST_BUFFER_BYTES = 200_000
LARGEST_SEGMENT_BYTES = 300_000


@dataclass(slots=True)
class Journal:
    """Appends one job's events in one epoch. The append is the fence: after a conflict nothing more is written."""

    history: HistoryStore
    clock: Clock
    job_id: str
    epoch: int
    region: str
    next_sequence: int
    opened_at: float = 0.0
    opened_waits: bool = False
    _buffer: list[tuple[Event, int]] = field(default_factory=list)
    _bytes: int = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _timer: Alarm | None = None
    _writing: asyncio.Task[None] | None = None
    _broken: Exception | None = None

    def record(self, event: Event, size: int = 200) -> None:
        """Take an event down; it is durable after the next flush. `size` is its estimated length in bytes."""
        self._buffer.append((event, size))
        self.opened_waits = self.opened_waits or isinstance(event, WaitOpened)
        self._bytes += size

    async def flush(self) -> None:
        """Make everything recorded so far durable. Raises AppendConflict or StateUnavailable, then and ever after.

        Whoever waits here may be cancelled: the write itself goes on, or the journal would not know where it stands.
        """
        await asyncio.shield(asyncio.create_task(self._write_all()))
        self.check()

    async def finish(self) -> None:
        """Flush for the last time: nothing is recorded after it, so a write in doubt would do no harm."""
        await self._write_all()
        self.check()

    async def is_written(self) -> bool:
        """Wait until a flush that is under way is over, and say whether all that was to be written has been."""
        async with self._lock:
            return self._broken is None

    async def _write_all(self) -> None:
        async with self._lock:
            left = len(self._buffer)  # what is recorded from now on waits for the next flush
            while left > 0 and self._broken is None:
                events = self._next_events(left)
                segment = Segment(self.job_id, self.epoch, self.region, self.next_sequence, events)
                self._bytes -= sum(size for _, size in self._buffer[: len(events)])
                del self._buffer[: len(events)]
                left -= len(events)
                try:
                    await self.history.append(segment)
                except Exception as error:  # noqa: BLE001 - kept, and raised to whoever waits and at the next step
                    self._broken = error
                self.next_sequence += len(events)

    def _next_events(self, most: int) -> tuple[Event, ...]:
        events: list[Event] = []
        size = 0
        for event, its_size in self._buffer[:most]:
            size += its_size
            if events and size > LARGEST_SEGMENT_BYTES:
                break
            events.append(event)
        return tuple(events)

    def check(self) -> None:
        """Raise what an earlier flush ran into."""
        if self._broken is not None:
            raise self._broken

    async def flush_soon(self) -> None:
        """Have what is recorded written within `GROUP_SECONDS`, or at once when much has gathered."""
        if self._bytes >= LARGEST_BUFFER_BYTES:
            await self.flush()
        elif self._timer is None:
            self._set_timer()

    def _set_timer(self) -> None:
        """Most attempts are over before it rings, so it is an alarm, and no task that sleeps."""
        self._timer = self.clock.call_later(GROUP_SECONDS, self._ring)

    def _ring(self) -> None:
        if self._buffer:
            self._writing = asyncio.create_task(self._write_in_time())
        else:
            self._timer = None

    async def _write_in_time(self) -> None:
        await self._write_all()
        self._timer = None
        if self._buffer and self._broken is None:
            self._set_timer()

    async def close(self) -> None:
        """Stop the timer. A flush that is already under way is let finish, so that no write is left in doubt."""
        async with self._lock:
            for pending in (self._timer, self._writing):
                if pending is not None:
                    pending.cancel()


def size_of(value: Json, what: str) -> int:
    """Return how many bytes a value has in the history. Raises AntipodeError for one that cannot be recorded."""
    try:
        size = len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
    except (TypeError, ValueError) as error:
        raise AntipodeError("value_not_serialisable", f"{what} is not JSON: {error}") from error
    if size > INLINE_BYTES:
        limit = f"{INLINE_BYTES:,} bytes"
        raise AntipodeError("value_too_large", f"{what} has {size:,} bytes, the limit is {limit}")
    return size


#: Says something to the log: a name for what happened and its fields.
Say = Callable[..., None]
