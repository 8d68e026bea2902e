"""How a job's events add up: what the fold knows so far. Written down as a snapshot, it can be gone on from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias, assert_never

from functions.domain.job.events import (
    AttemptFailed,
    AttemptStarted,
    AttemptYielded,
    CancelRequested,
    Event,
    JobAdmitted,
    JobAdopted,
    JobCancelled,
    JobContinued,
    JobFailed,
    JobHandedOver,
    JobPaused,
    JobRedriven,
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
    from_json,
    to_json,
)
from functions.domain.job.redrive import built_upon, failure_name

#: How a step came to its end.
StepEnd: TypeAlias = StepSucceeded | StepFailed
FINISHED = frozenset({"succeeded", "failed", "cancelled"})
#: The code of steps at which the agent learned that its job is to end.
CANCELLED = "cancelled"
#: The kind of the waits for the end of a child.
CALL = "call"
#: The kind of the steps by which a turn adds to its session's memory.
REMEMBER = "remember"
#: What is kept by step: a step's end, its open wait, its last failed try, what it reported.
_BY_STEP = ("steps", "waits", "tries", "reported")
#: What is kept as a set of names.
NAMES = ("taken", "waiting_for", "cut", "unbuilt", "failures")


@dataclass(slots=True)
class Progress:
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
    waiting_for: set[str] = field(default_factory=set)
    halted: bool = False
    cancel: CancelRequested | None = None
    cut: set[str] = field(default_factory=set)
    input_tokens: int = 0
    output_tokens: int = 0
    adoptions: int = 0
    admitted: bool = False
    memory: list[Json] = field(default_factory=list)
    remembered: list[Json] = field(default_factory=list)
    unbuilt: set[str] = field(default_factory=set)
    failures: set[str] = field(default_factory=set)
    failure: str | None = None
    redrives: int = 0
    terms: dict[str, Json] = field(default_factory=dict)
    handed_to: str | None = None

    def read(self, sequence: int, event: Event) -> None:
        """Take the next event in. What comes after the end changes nothing, unless it has the job go on."""
        if self.finished and not (self.status == "failed" and isinstance(event, JobRedriven)):
            self.adoptions += isinstance(event, JobAdopted)
            self._take(getattr(event, "arrival", None))
            return
        self.last_sequence, self.updated_at = sequence, event.at
        match event:
            case JobSubmitted() | SubmissionWithdrawn():
                pass
            case JobAdopted():
                self.status = "waiting" if self.waiting_until or self.halted else "queued"
                self.adoptions += 1
                self.handed_to = None
            case JobHandedOver(to_region=region):
                self.status = "waiting" if self.waiting_until or self.halted else "queued"
                self.handed_to = region
            case JobAdmitted(arrival=arrival, memory=memory):
                if not (self.redrives and (self.steps_ended or self.waits)):  # what is recorded goes by what it heard
                    self.memory = memory
                self.admitted = True
                self._take(arrival)
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
            case JobWaiting(until=until, awaits=awaits):
                self.status = "waiting"
                self.waiting_until, self.waiting_for = until, set(awaits or ())
                self.attempts_in_vain = 0
            case JobContinued(input=new):
                self._begin_anew(new)
            case JobSucceeded(result=result):
                self.status, self.result, self.error = "succeeded", result, None
            case JobFailed(code=code, detail=detail):
                self.status = "failed"
                self.error = {"code": code, "detail": detail}
                self.failure = failure_name(sequence, event.at)
                self.failures.add(self.failure)
            case JobCancelled(reason=reason):
                self.status = "cancelled"
                self.error = {"code": "cancelled", "detail": reason}
            case StepSucceeded() | StepFailed() | StepAttemptFailed() | WaitOpened() | ProgressReported():
                self._read_step(event)
            case JobPaused() | JobStopped() | JobResumed() | CancelRequested():
                self._read_request(event)
            case JobRedriven():
                self._read_redrive(event)
            case _:
                assert_never(event)

    def _read_step(self, event: StepSucceeded | StepFailed | StepAttemptFailed | WaitOpened | ProgressReported) -> None:
        if self.unbuilt and not isinstance(event, ProgressReported):
            known = [key for key in (*self.steps, *self.waits, *self.tries) if key != event.step]
            self.unbuilt -= built_upon(self.unbuilt, event.step, known)
        match event:
            case StepSucceeded() | StepFailed():
                if event.step not in self.steps:
                    self.steps[event.step] = event
                    self.steps_ended += 1
                    if isinstance(event, StepFailed) and event.code != CANCELLED:
                        self.unbuilt.add(event.step)
                    if isinstance(event, StepSucceeded) and event.step_kind == REMEMBER:
                        self.remembered.append(event.result)
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
                if self.cancel is None:  # what is to end is not held up
                    self.status, self.halted = "waiting", True
                self._take(arrival)
            case JobStopped(code=code, detail=detail):
                self.status = "waiting"
                self.halted, self.error = True, {"code": code, "detail": detail}
            case JobResumed(arrival=arrival):
                if self.halted:  # else it goes on as it did
                    self.status = "queued" if self.waiting_until is None else "waiting"
                    self.halted, self.error, self.attempts_in_vain = False, None, 0
                self._take(arrival)
            case CancelRequested(arrival=arrival):
                self._read_cancel(event)
                self._take(arrival)
            case _:
                assert_never(event)

    def _read_cancel(self, event: CancelRequested) -> None:
        """The first one is what counts: after it the agent undoes its work, which another one does not cut short."""
        if self.cancel is None:
            self.cancel, self.waiting_until = event, None
            self.cut = set(self.waits)
        self.halted = False
        if self.status != "running":
            self.status = "queued" if self.waiting_until is None else "waiting"

    def _read_redrive(self, event: JobRedriven) -> None:
        """Go on from what is recorded; steps that failed, and upon which nothing was built, are done again.

        So are calls that had no end: their children have been asked to end with the job.
        """
        self._take(event.arrival)
        if self.status != "failed":
            return
        self.status, self.error, self.retry_at, self.waiting_until = "queued", None, None, None
        self.halted, self.attempts_in_vain, self.redrives = False, 0, self.redrives + 1
        self.waiting_for.clear()
        self.admitted = False  # a turn asks its session anew
        for step in self.unbuilt:
            del self.steps[step]
        self.unbuilt.clear()
        for step in [step for step, wait in self.waits.items() if wait.step_kind == CALL]:
            del self.waits[step]
        said: dict[str, Json] = {"agent_version": event.agent_version, "deadline": event.deadline}
        said |= {"budget": event.budget, "parent": event.parent}
        self.terms |= {name: value for name, value in said.items() if value is not None}
        if event.without_deadline:
            self.terms["deadline"] = None

    def _take(self, arrival: str | None) -> None:
        if arrival is not None:
            self.taken.add(arrival)

    def _begin_anew(self, new: Json) -> None:
        self.status = "queued"
        self.input, self.round = new, self.round + 1
        self.attempts_in_vain = 0
        for known in (self.steps, self.waits, self.tries, self.reported):
            known.clear()
        self.unbuilt.clear()

    @property
    def finished(self) -> bool:
        """Whether the job has come to its end."""
        return self.status in FINISHED

    def written(self) -> dict[str, Any]:
        """Return it as JSON."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        for name in _BY_STEP:
            plain[name] = [to_json(event) for event in plain[name].values()]
        for name in NAMES:
            plain[name] = sorted(plain[name])
        plain["error"] = None if self.error is None else dict(self.error)
        plain["cancel"] = None if self.cancel is None else to_json(self.cancel)
        return plain

    @classmethod
    def from_written(cls, plain: Mapping[str, Any]) -> "Progress":
        """Read it back. Raises UnreadableEvent for what a newer version wrote."""
        values = dict(plain)
        for name in _BY_STEP:
            events: list[Any] = [from_json(body) for body in plain[name]]
            values[name] = {event.step: event for event in events}
        for name in NAMES:
            values[name] = set(plain.get(name, ()))
        values["cancel"] = None if plain["cancel"] is None else from_json(plain["cancel"])
        return cls(**values)
