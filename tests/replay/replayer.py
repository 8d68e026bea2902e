"""Runs an agent against a kept history, on the real runtime, and writes down what it asks for and what it would do.

No effect is carried out: whoever begins one waits there until the worker's time is over.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from functions.adapters.memory import ScriptedModel, SegmentRow
from functions.application.agent_ports import (
    Agents,
    CallRequest,
    EndRequest,
    StepOutcome,
    StepRecorder,
    StepRequest,
    TellRequest,
    WaitRequest,
)
from functions.application.ports import ModelAnswer
from functions.domain.ids import digest_of
from functions.domain.job.events import (
    AttemptStarted,
    Event,
    JobStopped,
    Json,
    StepAttemptFailed,
    StepFailed,
    StepSucceeded,
    WaitOpened,
    to_json,
)
from functions.domain.job.history import Segment
from functions.domain.job.state import JobState, Recorded, fold
from functions.domain.lanes import LaneMessage
from functions.domain.moments import seconds_between, to_moment
from functions.sdk import AgentDefinition, Context
from functions.sdk.testing.region_in_memory import RegionInMemory
from functions.sdk.testing.virtual_time import START, VirtualClock, run_virtually

WORKER_SECONDS = 110.0
#: How a step is asked for: its kind and the digest of its arguments.
Asked = tuple[str, str]
Find = Callable[[str, str | None], AgentDefinition]


@dataclass(slots=True)
class Replay:
    """What an agent did: the steps that it asked for, those that it would have carried out, what was written down."""

    asked: dict[str, Asked] = field(default_factory=dict)
    carried_out: list[str] = field(default_factory=list)
    written: list[Event] = field(default_factory=list)


class Listener:
    """A StepRecorder that hands everything on, and hears what is asked for."""

    def __init__(self, inner: StepRecorder, replay: Replay, prefix: str) -> None:
        self._inner = inner
        self._replay = replay
        self._prefix = prefix
        self._seen: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def step(self, request: StepRequest) -> Json:
        """See StepRecorder."""
        key = self._hear(request.name, request.kind, request.arguments)

        async def effect(idempotency_key: str) -> StepOutcome:
            self._replay.carried_out.append(key)
            await asyncio.Event().wait()
            raise AssertionError("nobody ends this")

        return await self._inner.step(replace(request, effect=effect))

    async def wait(self, request: WaitRequest) -> Json:
        """See StepRecorder."""
        self._hear(request.name, request.kind, request.arguments)
        return await self._inner.wait(request)

    async def call(self, request: CallRequest) -> Json:
        """See StepRecorder."""
        self._hear(request.name, "call", [request.agent, request.input])
        return await self._inner.call(request)

    async def tell(self, request: TellRequest) -> Json:
        """See StepRecorder. Nobody is told anything: it is an effect like any other."""

        async def effect(idempotency_key: str) -> StepOutcome:
            raise AssertionError("another one stands in for it")

        told: list[Json] = [request.job_id, request.kind.value, request.topic, request.body]
        step = StepRequest(name=request.name, kind="tell", arguments=told, effect=effect, repeatable=False)
        return await self.step(step)

    async def end_that_counts(self, request: EndRequest) -> Json:
        """See StepRecorder. Nobody is looked at: it is an effect like any other."""

        async def effect(idempotency_key: str) -> StepOutcome:
            raise AssertionError("another one stands in for it")

        asked: list[Json] = [request.job_id, *request.places]
        return await self.step(StepRequest(name=request.name, kind="end", arguments=asked, effect=effect))

    def _hear(self, name: str, kind: str, arguments: Json) -> str:
        self._seen[name] += 1
        number = self._seen[name]
        key = self._prefix + (name if number == 1 else f"{name}#{number}")
        self._replay.asked[key] = (kind, digest_of(arguments))
        return key


class Listening:
    """The port Agents: agents that are listened to while they run."""

    def __init__(self, find: Find, replay: Replay, prefix: str) -> None:
        self._find = find
        self._replay = replay
        self._prefix = prefix

    def names(self) -> Sequence[str]:
        """See Agents."""
        return []

    def versions(self, name: str) -> Sequence[str]:
        """See Agents."""
        return [self._find(name, None).version]

    def find(self, name: str, version: str | None = None) -> AgentDefinition:
        """See Agents."""
        agent = self._find(name, version)

        async def run(ctx: Context, request: Any) -> Any:
            listener = Listener(ctx._recorder, self._replay, self._prefix)
            return await agent.function(Context(cast(StepRecorder, listener)), request)

        return replace(agent, function=run)


def segments_of(items: Sequence[Recorded], job_id: str) -> list[Segment]:
    """Return the part of a history that these events are, as one segment for each epoch."""
    segments: list[Segment] = []
    for item in items:
        last = segments[-1] if segments else None
        if last is not None and (last.epoch, last.region) == (item.epoch, item.region):
            segments[-1] = replace(last, events=(*last.events, item.event))
        else:
            segments.append(Segment(job_id, item.epoch, item.region, item.sequence, (item.event,)))
    return segments


def replay(job_id: str, items: Sequence[Recorded], find: Find) -> Replay:
    """Have a worker run the job on from these events, at the moment of the last one."""
    return run_virtually(_replay(job_id, items, find))


async def _replay(job_id: str, items: Sequence[Recorded], find: Find) -> Replay:
    segments = segments_of(items, job_id)
    state = fold(segments)
    assert state is not None
    replay = Replay()
    agents = Listening(find, replay, "" if state.round == 1 else f"r{state.round}:")
    skew = seconds_between(to_moment(START), items[-1].event.at)

    def see(segment: Segment) -> None:
        if segment.job_id == job_id:
            replay.written.extend(segment.events)

    region = RegionInMemory(
        agents=[], see=see, take=lambda send: None, clock=VirtualClock(skew), name=state.owner_region
    )
    for segment in segments:
        region.table.segments[job_id, segment.epoch, segment.region, segment.place] = SegmentRow(segment, None)
    worker = region.process().advance_job([], ScriptedModel([ModelAnswer("{}", 1, 1)]), "replay")
    children = replace(worker.children, submit=replace(worker.children.submit, agents=cast(Agents, agents)))
    worker = replace(worker, agents=cast(Agents, agents), children=children)
    await worker.advance(
        LaneMessage(job_id, state.epoch, "stalled"), delivery=1, stop_at=worker.clock.monotonic() + 110
    )
    return replay


def faults_of(job_id: str, state: JobState, find: Find) -> list[str]:
    """Return what is wrong when an agent is run against a whole history, and against every beginning of it."""
    history = state.history
    ran = state.attempts > 0  # else its session has refused the job, or another one answers for it
    faults = _faults_of_whole(job_id, state, find) if state.finished and ran else []
    expected = _steps_of(history)
    for length in range(1, len(history)):
        begun = fold(segments_of(history[:length], job_id))
        if begun is None or begun.finished or begun.halted:
            continue
        faults += [f"after event {length}: {fault}" for fault in _faults_of_beginning(job_id, begun, expected, find)]
    return faults


def _faults_of_whole(job_id: str, state: JobState, find: Find) -> list[str]:
    """The agent must ask for all of its last round's steps, carry nothing out, and end in the same way."""
    *before, last = state.history
    done = replay(job_id, before, find)
    faults = _divergences(done)
    faults += [f"step {key!r} is carried out, though it is recorded" for key in done.carried_out]
    faults += [f"step {key!r} is not asked for any more" for key in state.steps if key not in done.asked]
    ends = [event for event in done.written if not isinstance(event, AttemptStarted)]
    if [_timeless(event) for event in ends] != [_timeless(last.event)]:
        faults.append(f"ends with {[_timeless(event) for event in ends]}, recorded is {_timeless(last.event)}")
    return faults


def _faults_of_beginning(job_id: str, begun: JobState, expected: dict[str, Asked], find: Find) -> list[str]:
    """The agent must go on as it went on then."""
    done = replay(job_id, begun.history, find)
    faults = _divergences(done)
    for key, asked in done.asked.items():
        if key not in expected:
            faults.append(f"step {key!r} is asked for, which the history never has")
        elif asked != expected[key]:
            faults.append(f"step {key!r} is asked for as {asked}, recorded is {expected[key]}")
    faults += [f"step {key!r} is carried out, though it is recorded" for key in done.carried_out if key in begun.steps]
    return faults


def _divergences(done: Replay) -> list[str]:
    return [f"{event.code}: {event.detail}" for event in done.written if isinstance(event, JobStopped)]


def _steps_of(history: Sequence[Recorded]) -> dict[str, Asked]:
    """Return how each step of a history was asked for; of a try that failed that is known only if it ended."""
    steps: dict[str, Asked] = {}
    for item in history:
        if isinstance(item.event, StepSucceeded | StepFailed | WaitOpened):
            steps[item.event.step] = (item.event.step_kind, item.event.arguments)
        elif isinstance(item.event, StepAttemptFailed):
            steps.setdefault(item.event.step, ("", ""))
    return steps


def _timeless(event: Event) -> dict[str, Json]:
    return {name: value for name, value in to_json(event).items() if name != "at"}
