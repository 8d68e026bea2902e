"""The fold: from the segments of one replica to the job's state; from the same items both Regions get the same one.

The highest epoch wins; its first event names the epoch, Region and sequence that it continues, and so on back to the
submission. Only a gap-free prefix is read. Events off that path are kept for audit as superseded.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TypeAlias, assert_never

from functions.domain.job.events import (
    AttemptFailed,
    AttemptStarted,
    AttemptYielded,
    CancelRequested,
    Event,
    JobAdopted,
    JobCancelled,
    JobContinued,
    JobFailed,
    JobPaused,
    JobResumed,
    JobStopped,
    JobSubmitted,
    JobSucceeded,
    JobWaiting,
    Json,
    ProgressReported,
    StepAttemptFailed,
    StepFailed,
    StepSucceeded,
    SubmissionWithdrawn,
    WaitOpened,
)
from functions.domain.job.history import Segment

#: How a step came to its end.
StepEnd: TypeAlias = StepSucceeded | StepFailed
FINISHED = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its place in the history."""

    sequence: int
    epoch: int
    region: str
    event: Event


@dataclass(frozen=True, slots=True)
class JobState:
    """What is known of a job. `complete` is false while this replica lacks a part of the winning history.

    `attempts_in_vain` counts those since the last step that was recorded. `waiting_until` is set while the job is out
    of its worker because all it does is wait; `halted` while it must not run before somebody resumes it. `taken` are
    the keys of the arrivals that are in the history. `round` rises with each `continue_as_new`.
    """

    job: JobSubmitted
    home_region: str
    owner_region: str
    epoch: int
    last_sequence: int
    status: str
    updated_at: str
    complete: bool
    attempts: int
    attempts_in_vain: int
    input: Json
    steps: Mapping[str, StepEnd]
    waits: Mapping[str, WaitOpened]
    tries: Mapping[str, StepAttemptFailed]
    reported: Mapping[str, ProgressReported]
    taken: frozenset[str]
    steps_ended: int
    round: int
    result: Json
    error: Mapping[str, str] | None
    progress: Json
    retry_at: str | None
    waiting_until: str | None
    halted: bool
    cancel: CancelRequested | None
    input_tokens: int
    output_tokens: int
    adoptions: int
    history: tuple[Recorded, ...]
    superseded: tuple[Recorded, ...]

    @property
    def finished(self) -> bool:
        """Whether the job has come to its end."""
        return self.status in FINISHED


@dataclass(frozen=True, slots=True)
class _Branch:
    """What one Region wrote in one epoch: the gap-free run from its first segment, and what lies beyond a gap."""

    epoch: int
    region: str
    run: tuple[Recorded, ...]
    beyond_gap: tuple[Recorded, ...]

    @property
    def opening(self) -> Event | None:
        return self.run[0].event if self.run else None


def fold(segments: Iterable[Segment]) -> JobState | None:
    """Return the state that `segments`, in any order, give; None when no submission is among them."""
    branches = _branches(segments)
    chains = [chain for branch in branches.values() if (chain := _chain(branch, branches)) is not None]
    if not chains:
        return None
    chain = min(chains, key=_preference)
    highest = max(branch.epoch for branch in branches.values())
    state = _apply_all(chain.events)
    winning = {(item.epoch, item.region, item.sequence) for item in chain.events}
    rest = [
        item
        for branch in branches.values()
        for item in (*branch.run, *branch.beyond_gap)
        if (item.epoch, item.region, item.sequence) not in winning
    ]
    head = chain.branch
    owner = head if head.epoch == highest else max(branches.values(), key=lambda each: (each.epoch, each.region))
    return replace(
        state,
        owner_region=owner.region,
        epoch=highest,
        complete=chain.complete and head.epoch == highest and not head.beyond_gap,
        superseded=tuple(sorted(rest, key=lambda item: (item.epoch, item.region, item.sequence))),
    )


def _branches(segments: Iterable[Segment]) -> dict[tuple[int, str], _Branch]:
    grouped: dict[tuple[int, str], list[Segment]] = {}
    for segment in segments:
        grouped.setdefault((segment.epoch, segment.region), []).append(segment)
    return {key: _branch(*key, group) for key, group in grouped.items()}


def _branch(epoch: int, region: str, segments: list[Segment]) -> _Branch:
    run: list[Recorded] = []
    beyond: list[Recorded] = []
    expected: int | None = None
    for segment in sorted(segments, key=lambda item: item.first_sequence):
        opens = expected is None and segment.opens_epoch
        items = [
            Recorded(segment.first_sequence + offset, epoch, region, event)
            for offset, event in enumerate(segment.events)
        ]
        if opens or segment.first_sequence == expected:
            run.extend(items)
            expected = segment.last_sequence + 1
        else:
            beyond.extend(items)
    return _Branch(epoch, region, tuple(run), tuple(beyond))


@dataclass(frozen=True, slots=True)
class _Chain:
    """A branch with what it continues, back to a submission. Incomplete when an older epoch's part is not here yet."""

    branch: _Branch
    root: _Branch
    events: tuple[Recorded, ...]
    complete: bool


def _chain(branch: _Branch, branches: Mapping[tuple[int, str], _Branch]) -> _Chain | None:
    """Follow the links back. None when the branch cannot be read at all in this replica."""
    match branch.opening:
        case JobSubmitted():
            return _Chain(branch, branch, branch.run, True)
        case JobAdopted(from_epoch=epoch, from_region=region, from_sequence=sequence):
            if epoch >= branch.epoch or (origin := branches.get((epoch, region))) is None:
                return None
            before = _chain(origin, branches)
            if before is None:
                return None
            prefix = tuple(item for item in before.events if item.sequence <= sequence)
            reached = bool(prefix) and prefix[-1].sequence == sequence
            events = prefix + branch.run if reached else prefix
            return _Chain(branch, before.root, events, before.complete and reached)
        case _:
            return None


def _preference(chain: _Chain) -> tuple[object, ...]:
    """Order chains, the one to read first: highest epoch, then a submission that stands, the earlier one, by name."""
    root = chain.root
    withdrawn = any(isinstance(item.event, SubmissionWithdrawn) for item in root.run)
    opening = root.opening
    submitted_at = opening.at if isinstance(opening, JobSubmitted) else ""
    return (-chain.branch.epoch, withdrawn, submitted_at, root.region, chain.branch.region)


@dataclass(slots=True)
class _Progress:
    """What changes from event to event, while the fold reads on: changed in place, for a history may be long."""

    last_sequence: int
    updated_at: str
    input: Json
    status: str = "queued"
    attempts: int = 0
    attempts_in_vain: int = 0
    steps: dict[str, StepEnd] = field(default_factory=dict)
    waits: dict[str, WaitOpened] = field(default_factory=dict)
    tries: dict[str, StepAttemptFailed] = field(default_factory=dict)
    reported: dict[str, ProgressReported] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    steps_ended: int = 0
    round: int = 1
    result: Json = None
    error: Mapping[str, str] | None = None
    progress: Json = None
    retry_at: str | None = None
    waiting_until: str | None = None
    halted: bool = False
    cancel: CancelRequested | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    adoptions: int = 0

    def read(self, item: Recorded) -> None:
        """Take the next event in."""
        event = item.event
        self.last_sequence, self.updated_at = item.sequence, event.at
        match event:
            case JobSubmitted() | SubmissionWithdrawn():
                pass
            case JobAdopted():
                self.status = "waiting" if self.waiting_until or self.halted else "queued"
                self.adoptions += 1
            case AttemptStarted():
                self.status, self.retry_at, self.waiting_until = "running", None, None
                self.attempts += 1
                self.attempts_in_vain += 1
            case AttemptYielded():
                self.status = "queued"
            case AttemptFailed(code=code, detail=detail, retry_at=retry_at):
                self.status = "queued"
                self.retry_at = retry_at
                self.error = {"code": code, "detail": detail}
            case JobWaiting(until=until):
                self.status = "waiting"
                self.waiting_until = until
                self.attempts_in_vain = 0
            case JobContinued(input=new):
                self._begin_anew(new)
            case JobSucceeded(result=result):
                self.status, self.result, self.error = "succeeded", result, None
            case JobFailed(code=code, detail=detail):
                self.status = "failed"
                self.error = {"code": code, "detail": detail}
            case JobCancelled(reason=reason):
                self.status = "cancelled"
                self.error = {"code": "cancelled", "detail": reason}
            case StepSucceeded() | StepFailed() | StepAttemptFailed() | WaitOpened() | ProgressReported():
                self._read_step(event)
            case JobPaused() | JobStopped() | JobResumed() | CancelRequested():
                self._read_request(event)
            case _:
                assert_never(event)

    def _read_step(self, event: StepSucceeded | StepFailed | StepAttemptFailed | WaitOpened | ProgressReported) -> None:
        match event:
            case StepSucceeded() | StepFailed():
                if event.step not in self.steps:
                    self.steps[event.step] = event
                    self.steps_ended += 1
                self.waits.pop(event.step, None)
                self.tries.pop(event.step, None)
                self.attempts_in_vain = 0
                self._take(event.arrival)
                if isinstance(event, StepSucceeded):
                    self.input_tokens += event.input_tokens
                    self.output_tokens += event.output_tokens
            case StepAttemptFailed(code=code, detail=detail):
                self.tries[event.step] = event
                self.attempts_in_vain = 0
                self.error = {"code": code, "detail": detail}
            case WaitOpened():
                self.waits[event.step] = event
            case ProgressReported(note=note):
                self.reported[event.step] = event
                self.progress = note
            case _:
                assert_never(event)

    def _read_request(self, event: JobPaused | JobStopped | JobResumed | CancelRequested) -> None:
        match event:
            case JobPaused(arrival=arrival):
                self.status = "waiting"
                self.halted = True
                self._take(arrival)
            case JobStopped(code=code, detail=detail):
                self.status = "waiting"
                self.halted, self.error = True, {"code": code, "detail": detail}
            case JobResumed(arrival=arrival):
                self.status = "queued"
                self.halted, self.error, self.attempts_in_vain = False, None, 0
                self._take(arrival)
            case CancelRequested(arrival=arrival):
                self.status = "queued"
                self.cancel, self.halted, self.waiting_until = event, False, None
                self._take(arrival)
            case _:
                assert_never(event)

    def _take(self, arrival: str | None) -> None:
        if arrival is not None:
            self.taken.add(arrival)

    def _begin_anew(self, new: Json) -> None:
        self.status = "queued"
        self.input, self.round = new, self.round + 1
        self.attempts_in_vain = 0
        for known in (self.steps, self.waits, self.tries, self.reported):
            known.clear()


def _apply_all(events: tuple[Recorded, ...]) -> JobState:
    first = events[0]
    if not isinstance(first.event, JobSubmitted):
        raise ValueError("a history begins with a submission")
    progress = _Progress(first.sequence, first.event.at, first.event.input)
    for item in events[1:]:
        if progress.status in FINISHED:
            break
        progress.read(item)
    known = {each.name: getattr(progress, each.name) for each in fields(progress)}
    known["taken"] = frozenset(progress.taken)
    return JobState(
        job=first.event,
        home_region=first.region,
        owner_region=first.region,
        epoch=first.epoch,
        complete=True,
        history=events,
        superseded=(),
        **known,
    )
