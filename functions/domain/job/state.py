"""The fold: from the segments of one replica to the job's state; from the same items both Regions get the same one.

The highest epoch wins; its first event names the epoch, Region and sequence that it continues, and so on back to the
submission. Only a gap-free prefix is read. Events off that path are kept for audit as superseded.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any

from functions.domain.job.events import (
    CancelRequested,
    Event,
    JobAdopted,
    JobSubmitted,
    Json,
    ProgressReported,
    StepAttemptFailed,
    SubmissionWithdrawn,
    WaitOpened,
)
from functions.domain.job.history import Head, Segment
from functions.domain.job.progress import FINISHED, NAMES, Progress, StepEnd
from functions.domain.job.snapshot import Snapshot

__all__ = ["FINISHED", "JobState", "NeedsWhole", "Recorded", "StepEnd", "fold", "snapshot_of"]

_OF_PROGRESS = tuple(each.name for each in fields(Progress))
_read_progress = attrgetter(*_OF_PROGRESS)


class NeedsWhole(Exception):
    """The history does not go by the snapshot, so all of it has to be read."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its place in the history."""

    sequence: int
    epoch: int
    region: str
    event: Event


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event lies in the history."""

    epoch: int
    region: str
    sequence: int


@dataclass(frozen=True, slots=True)
class JobState:
    """What is known of a job. `complete` is false while this replica lacks a part of the winning history.

    `attempts_in_vain` counts those since the last step that was recorded. `waiting_until` is set while the job is out
    of its worker because all it does is wait; `waiting_for` what can wake it before; `halted` while it must not run
    before somebody resumes it. `taken` are the keys of the arrivals that are in the history. `round` rises with each
    `continue_as_new`. `cut` are the waits that were open when somebody asked that the job end.
    Of a job that has failed, `failure` names this failure, `failures` all of them, those that it was redriven from too;
    `unbuilt` are its failed steps that would be done again; `terms` is what redrives have changed about `job`.
    `handed_to` is the Region to which the owner has left the job, until that one has begun with it.
    Of a turn of a session: `admitted` once it may run, with the `memory` of the conversation until then; `remembered`
    is what it adds to that.
    """

    job: JobSubmitted
    home_region: str
    owner_region: str
    epoch: int
    last: Place
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
    waiting_for: frozenset[str]
    halted: bool
    cancel: CancelRequested | None
    cut: frozenset[str]
    input_tokens: int
    output_tokens: int
    adoptions: int
    admitted: bool
    memory: list[Json]
    remembered: list[Json]
    unbuilt: frozenset[str]
    failures: frozenset[str]
    failure: str | None
    redrives: int
    terms: Mapping[str, Json]
    handed_to: str | None
    history: tuple[Recorded, ...]
    superseded: tuple[Recorded, ...]

    @property
    def finished(self) -> bool:
        """Whether the job has come to its end."""
        return self.status in FINISHED

    @property
    def end(self) -> dict[str, Json]:
        """How the job has ended, as other jobs are told: its status, and its result or its error."""
        told: dict[str, Json] = {"status": self.status}
        if self.status == "succeeded":
            told["result"] = self.result
        elif self.error is not None:
            told["error"] = dict(self.error)
        return told


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


def fold(segments: Iterable[Segment], snapshot: Snapshot | None = None) -> JobState | None:
    """Return the state that `segments`, in any order, give; None when no submission is among them.

    With a snapshot the segments before it may be missing. Raises NeedsWhole when the winning history leaves it aside.
    """
    branches = _branches(segments, snapshot)
    if snapshot is not None and any(each[0] == snapshot.epoch and each[1] != snapshot.region for each in branches):
        raise NeedsWhole  # both Regions opened that epoch: which of the two counts is in their beginnings
    chains = [chain for branch in branches.values() if (chain := _chain(branch, branches, snapshot)) is not None]
    if not chains:
        return None
    chain = min(chains, key=_preference) if len(chains) > 1 else chains[0]
    highest = max(branch.epoch for branch in branches.values())
    head = chain.branch
    owner = head if head.epoch == highest else max(branches.values(), key=lambda each: (each.epoch, each.region))
    return _apply_all(
        chain,
        snapshot,
        owner_region=owner.region,
        epoch=highest,
        complete=chain.complete and head.epoch == highest and not head.beyond_gap,
        superseded=_superseded(chain, branches.values()),
    )


def _superseded(chain: "_Chain", branches: Collection[_Branch]) -> tuple[Recorded, ...]:
    """Return the events that are not on the winning chain, in the order of their places."""
    if len(branches) == 1 and not chain.branch.beyond_gap:
        return ()
    winning = {(item.epoch, item.region, item.sequence) for item in chain.events}
    rest = [
        item
        for branch in branches
        for item in (*branch.run, *branch.beyond_gap)
        if (item.epoch, item.region, item.sequence) not in winning
    ]
    return tuple(sorted(rest, key=lambda item: (item.epoch, item.region, item.sequence)))


def head_of(
    job_id: str, state: JobState, region: str, known: Head | None, due_at: str | None, *, status: str | None = None
) -> Head:
    """Return the head that `region` writes of a job now; what the one before, `known`, says of durability stays."""
    return Head(
        job_id,
        region,
        state.epoch,
        state.last_sequence,
        status or state.status,
        state.job.lane,
        due_at,
        None if known is None else known.durability,
    )


def snapshot_of(job_id: str, state: JobState, writer: str) -> Snapshot:
    """Write a state down as it is."""
    progress = Progress(**{each.name: getattr(state, each.name) for each in fields(Progress)})
    for name in NAMES:
        setattr(progress, name, set(getattr(state, name)))
    return Snapshot(
        job_id=job_id,
        writer=writer,
        epoch=state.last.epoch,
        region=state.last.region,
        sequence=state.last.sequence,
        home_region=state.home_region,
        submitted=state.job,
        progress=progress.written(),
    )


def _branches(segments: Iterable[Segment], snapshot: Snapshot | None) -> dict[tuple[int, str], _Branch]:
    grouped: dict[tuple[int, str], list[Segment]] = {}
    begun: dict[tuple[int, str], int] = {}
    if snapshot is not None:
        begun[snapshot.epoch, snapshot.region] = snapshot.sequence
        grouped[snapshot.epoch, snapshot.region] = []
    for segment in segments:
        key = (segment.epoch, segment.region)
        if segment.last_sequence > begun.get(key, 0):
            grouped.setdefault(key, []).append(segment)
    return {key: _branch(*key, group, begun.get(key)) for key, group in grouped.items()}


def _branch(epoch: int, region: str, segments: list[Segment], begun: int | None) -> _Branch:
    """Read a branch from its first segment, or from after `begun`, up to which a snapshot tells."""
    run: list[Recorded] = []
    beyond: list[Recorded] = []
    expected = None if begun is None else begun + 1
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


def _chain(branch: _Branch, branches: Mapping[tuple[int, str], _Branch], snapshot: Snapshot | None) -> _Chain | None:
    """Follow the links back, to a snapshot at most. None when the branch cannot be read at all in this replica."""
    if snapshot is not None and (branch.epoch, branch.region) == (snapshot.epoch, snapshot.region):
        return _Chain(branch, branch, branch.run, True)
    match branch.opening:
        case JobSubmitted():
            return _Chain(branch, branch, branch.run, True)
        case JobAdopted(from_epoch=epoch, from_region=region, from_sequence=sequence):
            if epoch >= branch.epoch:
                return None
            if (origin := branches.get((epoch, region))) is None:
                if snapshot is not None and epoch <= snapshot.epoch:
                    raise NeedsWhole
                return None
            before = _chain(origin, branches, snapshot)
            if before is None:
                return None
            if snapshot is not None and before.root.epoch == snapshot.epoch:
                if sequence < snapshot.sequence:
                    raise NeedsWhole
                if sequence == snapshot.sequence:
                    return _Chain(branch, before.root, branch.run, before.complete)
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


def _apply_all(chain: _Chain, snapshot: Snapshot | None, **whole: Any) -> JobState:
    """Return the state after the chain's events; `whole` is what the branches together say of it."""
    events = chain.events
    if snapshot is None:
        first = events[0]
        if not isinstance(first.event, JobSubmitted):
            raise ValueError("a history begins with a submission")
        job, home = first.event, first.region
        last = Place(first.epoch, first.region, first.sequence)
        progress = Progress(first.sequence, job.at, job.input)
        events = events[1:]
    else:
        job, home = snapshot.submitted, snapshot.home_region
        last = Place(snapshot.epoch, snapshot.region, snapshot.sequence)
        progress = Progress.from_written(snapshot.progress)
    for item in events:
        progress.read(item.sequence, item.event)
    if events:
        last = Place(events[-1].epoch, events[-1].region, events[-1].sequence)
    known = dict(zip(_OF_PROGRESS, _read_progress(progress), strict=True))
    for name in NAMES:
        known[name] = frozenset(known[name])
    return JobState(
        job=replace(job, **progress.terms) if progress.terms else job,  # type: ignore[arg-type]
        home_region=home,
        last=last,
        history=chain.events,
        **whole,
        **known,
    )
