"""Writing a running job's history: the journal with its group commit, and the recorder that agents' steps go through.

A flush is due before an effect that is not safe to repeat, after an expensive step and at the end; everything else is
written at the latest `GROUP_SECONDS` after it happened, together with what has come since.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from functions.application.ports import Clock, Effect, HistoryStore, Model
from functions.domain.errors import AntipodeError
from functions.domain.ids import digest_of, step_idempotency_key
from functions.domain.job.decider import over_budget
from functions.domain.job.events import Event, Json, StepSucceeded
from functions.domain.job.history import Segment
from functions.domain.job.state import JobState

GROUP_SECONDS = 0.25
#: A DynamoDB item holds 400 KB. A value may have a quarter of that; what is recorded is written before it passes half,
#: and as several segments when branches that run at once have brought more.
LARGEST_VALUE_BYTES = 100_000
LARGEST_BUFFER_BYTES = 200_000
LARGEST_SEGMENT_BYTES = 300_000


class YieldNow(BaseException):
    """The worker's time is nearly over: stop before the next step and let the job go on elsewhere.

    Not an Exception, so that an agent's own `except Exception` cannot take it for a failure of the step.
    """


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
    _buffer: list[tuple[Event, int]] = field(default_factory=list)
    _bytes: int = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _timer: asyncio.Task[None] | None = None
    _broken: Exception | None = None

    def record(self, event: Event, size: int = 200) -> None:
        """Take an event down; it is durable after the next flush. `size` is its estimated length in bytes."""
        self._buffer.append((event, size))
        self._bytes += size

    async def flush(self) -> None:
        """Make everything recorded so far durable. Raises AppendConflict or StateUnavailable, then and ever after.

        Whoever waits here may be cancelled: the write itself goes on, or the journal would not know where it stands.
        """
        await asyncio.shield(asyncio.create_task(self._write_all()))
        self.check()

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
        elif self._timer is None or self._timer.done():
            self._timer = asyncio.create_task(self._flush_later())

    async def _flush_later(self) -> None:
        while self._buffer and self._broken is None:
            await self.clock.sleep(GROUP_SECONDS)
            await self._write_all()

    async def close(self) -> None:
        """Stop the timer. A flush that is already under way is let finish, so that no write is left in doubt."""
        async with self._lock:
            if self._timer is not None:
                self._timer.cancel()


@dataclass(slots=True)
class Recorder:
    """What an agent's Context is built on (port StepRecorder): replays recorded steps and records new ones."""

    journal: Journal
    state: JobState
    model: Model
    clock: Clock
    stop_at: float
    _seen: dict[str, int] = field(default_factory=dict)
    _steps: int = 0
    _tokens: int = 0
    _stopped: bool = False
    _inside: list[asyncio.Task[object] | None] = field(default_factory=list)

    @property
    def job_id(self) -> str:
        """The job that runs."""
        return self.journal.job_id

    async def step(
        self, name: str, kind: str, arguments: Json, effect: Effect, *, expensive: bool = False, repeatable: bool = True
    ) -> Json:
        """See StepRecorder. Raises YieldNow, AntipodeError for what is final, and what the journal raises."""
        key = self._key(name)
        digest = digest_of(arguments)
        recorded = self.state.steps.get(key)
        self._steps += 1
        if recorded is not None:
            _same_step(recorded, kind, digest)
            self._spend(recorded.input_tokens + recorded.output_tokens)
            return recorded.result
        self._admit()
        task = asyncio.current_task()
        self._inside.append(task)
        try:
            return await self._carry_out(key, kind, digest, effect, expensive=expensive, repeatable=repeatable)
        finally:
            self._inside.remove(task)

    async def stop(self) -> None:
        """End the branches that the agent has left behind: what they do would be recorded in nobody's history."""
        self._stopped = True
        left = [task for task in self._inside if task is not None and task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _admit(self) -> None:
        """Raise what forbids another step."""
        self.journal.check()
        if self._stopped or self.clock.monotonic() >= self.stop_at:
            raise YieldNow
        deadline = self.state.job.deadline
        if deadline is not None and self.clock.now() >= deadline:
            raise AntipodeError("deadline_passed", f"the deadline was {deadline}")
        _within_budget(self.state, steps=self._steps, tokens=self._tokens)

    async def _carry_out(
        self, key: str, kind: str, digest: str, effect: Effect, *, expensive: bool, repeatable: bool
    ) -> Json:
        if not repeatable:
            await self.journal.flush()
        outcome = await effect(step_idempotency_key(self.job_id, key))
        size = size_of(outcome.result, f"the result of step {key!r}")
        self.journal.record(
            StepSucceeded(
                at=self.clock.now(),
                step=key,
                step_kind=kind,
                arguments=digest,
                result=outcome.result,
                input_tokens=outcome.input_tokens,
                output_tokens=outcome.output_tokens,
            ),
            size + 200,
        )
        await (self.journal.flush() if expensive else self.journal.flush_soon())
        self._spend(outcome.input_tokens + outcome.output_tokens)
        return outcome.result

    def _key(self, name: str) -> str:
        """Steps of one name are numbered in the order in which the agent asks for them."""
        count = self._seen[name] = self._seen.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"

    def _spend(self, tokens: int) -> None:
        """Steps that are read again count as they did when they were carried out, so that each attempt ends alike."""
        self._tokens += tokens
        _within_budget(self.state, steps=self._steps, tokens=self._tokens)


def _within_budget(state: JobState, *, steps: int, tokens: int) -> None:
    over = over_budget(state.job.budget, steps=steps, tokens=tokens)
    if over is not None:
        raise AntipodeError("budget_exceeded", over)


def _same_step(recorded: StepSucceeded, kind: str, digest: str) -> None:
    if recorded.step_kind == kind and recorded.arguments == digest:
        return
    what = "kind" if recorded.step_kind != kind else "arguments"
    detail = (
        f"step {recorded.step!r}: the history has it as a {recorded.step_kind} call with other {what} than "
        "now; an agent must take the same path each time: record what varies as a step, or restore the version"
    )
    raise AntipodeError("replay_diverged", detail)


def size_of(value: Json, what: str) -> int:
    """Return how many bytes a value has in the history. Raises AntipodeError for one that cannot be recorded."""
    try:
        size = len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
    except (TypeError, ValueError) as error:
        raise AntipodeError("value_not_serialisable", f"{what} is not JSON: {error}") from error
    if size > LARGEST_VALUE_BYTES:
        limit = f"{LARGEST_VALUE_BYTES:,} bytes"
        raise AntipodeError("value_too_large", f"{what} has {size:,} bytes, the limit is {limit}")
    return size


#: Says something to the log: a name for what happened and its fields.
Say = Callable[..., None]
