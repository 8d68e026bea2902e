"""What can happen to a job. Events are immutable facts in the past tense; their JSON form is kept readable for ever."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from operator import attrgetter
from typing import ClassVar, TypeAlias, get_args

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSubmitted:
    """A client, or a parent job, asked for a job. Always the first event of epoch 1.

    `parent` of a child job: {"job_id", "step", "chain"}, the chain being [agent, input's digest] of each job above it;
    and "call", the number of the parent's redrive after which it was called, if there was one. "alone": see redrive.py.
    `session` of a turn: {"name", "on_busy"}; it does not run before its session has admitted it.
    `limit_keys`: beside its tenant and its agent, what limits it counts towards.
    """

    kind: ClassVar[str] = "submitted"
    at: str
    tenant: str
    agent: str
    agent_version: str
    lane: str
    input: Json
    body_digest: str
    run_at: str | None = None
    deadline: str | None = None
    budget: dict[str, Json] | None = None
    callback_url: str | None = None
    tags: dict[str, Json] | None = None
    parent: dict[str, Json] | None = None
    session: dict[str, Json] | None = None
    limit_keys: list[Json] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionWithdrawn:
    """This Region found that its peer had accepted the same submission first, and leaves the job to it."""

    kind: ClassVar[str] = "withdrawn"
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAdopted:
    """A Region took the job over from the epoch, Region and sequence named here. First event of a new epoch."""

    kind: ClassVar[str] = "adopted"
    at: str
    from_epoch: int
    from_region: str
    from_sequence: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAdmitted:
    """The job's session said that it is its turn. `memory`: the newest entries of the conversation so far."""

    kind: ClassVar[str] = "admitted"
    at: str
    arrival: str
    memory: list[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStarted:
    """A worker began, or went on, to run the job. `delivery` is the queue's count of deliveries of its message."""

    kind: ClassVar[str] = "attempt_started"
    at: str
    worker: str
    reason: str
    delivery: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptYielded:
    """A worker stopped before its own time ran out; the job goes on elsewhere."""

    kind: ClassVar[str] = "attempt_yielded"
    at: str
    seconds_left: float
    reason: str = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailed:
    """An attempt ended with an error that trying again can mend; the next one starts at `retry_at`."""

    kind: ClassVar[str] = "attempt_failed"
    at: str
    code: str
    detail: str
    retry_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSucceeded:
    """A step has come to its end and this is its result. Never carried out again in this history.

    `arrival` is the key of what closed it, when it waited for something from outside.
    """

    kind: ClassVar[str] = "step_succeeded"
    at: str
    step: str
    step_kind: str
    arguments: str
    result: Json
    input_tokens: int = 0
    output_tokens: int = 0
    arrival: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed:
    """A step has come to its end without a result. At every replay it raises this same error."""

    kind: ClassVar[str] = "step_failed"
    at: str
    step: str
    step_kind: str
    arguments: str
    code: str
    detail: str
    arrival: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAttemptFailed:
    """An effect failed in a way that trying again can mend; the step is tried again at `retry_at`."""

    kind: ClassVar[str] = "step_attempt_failed"
    at: str
    step: str
    code: str
    detail: str
    attempt: int
    retry_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitOpened:
    """A step began to wait for the arrival that `awaits` names, until `until` at the latest; or just for that moment.

    `about` is for people, and for whoever has to end what is waited for.
    """

    kind: ClassVar[str] = "wait_opened"
    at: str
    step: str
    step_kind: str
    arguments: str
    until: str
    awaits: str | None = None
    about: dict[str, Json] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobWaiting:
    """All branches of the job wait: it left its worker, and is looked at again at `until` or at an arrival.

    `awaits` is what they wait for: not what a branch that the agent has given up had begun to wait for.
    """

    kind: ClassVar[str] = "waiting"
    at: str
    until: str
    awaits: list[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressReported:
    """The agent said how far it is."""

    kind: ClassVar[str] = "progress"
    at: str
    step: str
    note: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContinued:
    """The agent began anew with another input (`continue_as_new`): what it did before is not replayed any more."""

    kind: ClassVar[str] = "continued"
    at: str
    input: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPaused:
    """Somebody asked that the job do nothing until it is resumed."""

    kind: ClassVar[str] = "paused"
    at: str
    by: str
    arrival: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStopped:
    """The job cannot go on as it is (see `code`), and waits for somebody to mend that and to resume it."""

    kind: ClassVar[str] = "stopped"
    at: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResumed:
    """Somebody asked that a paused or stopped job go on."""

    kind: ClassVar[str] = "resumed"
    at: str
    by: str
    arrival: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequested:
    """Somebody asked that the job end. The agent may compensate for what it has done; then the job is cancelled."""

    kind: ClassVar[str] = "cancel_requested"
    at: str
    by: str
    reason: str
    arrival: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCancelled:
    """The job ended because somebody asked for it."""

    kind: ClassVar[str] = "cancelled"
    at: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSucceeded:
    """The agent returned; the result fits its type."""

    kind: ClassVar[str] = "succeeded"
    at: str
    result: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailed:
    """The job ended without a result, for good."""

    kind: ClassVar[str] = "failed"
    at: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRedriven:
    """Somebody asked that the failed job go on: it keeps its recorded steps, and does failed ones again.

    From now on it has these terms; what is None stays as it was. A deadline that has passed is taken away, which
    `without_deadline` says, unless there is a new one. `parent` is the link to a parent that has been redriven, too,
    or that has ended for good.
    """

    kind: ClassVar[str] = "redriven"
    at: str
    by: str
    arrival: str
    agent_version: str | None = None
    deadline: str | None = None
    without_deadline: bool | None = None
    budget: dict[str, Json] | None = None
    parent: dict[str, Json] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobHandedOver:
    """The Region that owns the job leaves it to another one, and writes nothing more of it: that one opens an epoch."""

    kind: ClassVar[str] = "handed_over"
    at: str
    to_region: str
    reason: str


class UnreadableEvent(ValueError):
    """A newer version of Antipode wrote this event; this one must leave the job alone, and only the job."""


Event: TypeAlias = (
    JobSubmitted
    | SubmissionWithdrawn
    | JobAdopted
    | JobAdmitted
    | AttemptStarted
    | AttemptYielded
    | AttemptFailed
    | StepSucceeded
    | JobSucceeded
    | JobFailed
    | StepFailed
    | StepAttemptFailed
    | WaitOpened
    | JobWaiting
    | ProgressReported
    | JobContinued
    | JobPaused
    | JobStopped
    | JobResumed
    | CancelRequested
    | JobCancelled
    | JobRedriven
    | JobHandedOver
)
_BY_KIND: Mapping[str, type[Event]] = {cls.kind: cls for cls in get_args(Event)}
#: The fields of each kind, and which of them are left out at None.
_FIELDS: Mapping[type[Event], Mapping[str, bool]] = {
    cls: {field.name: field.default is not MISSING for field in fields(cls)} for cls in get_args(Event)
}
#: How each kind is written: its names, what reads their values all at once, and which are left out at None.
_FORMS: Mapping[type[Event], tuple[tuple[str, ...], Callable[[Event], tuple[Json, ...]], tuple[str, ...]]] = {
    cls: (("kind", *known), attrgetter("kind", *known), tuple(name for name, optional in known.items() if optional))
    for cls, known in _FIELDS.items()
}
_write = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def to_json(event: Event) -> dict[str, Json]:
    """Return the event as a JSON object; optional fields at None are left out."""
    names, read, optional = _FORMS[type(event)]
    body: dict[str, Json] = dict(zip(names, read(event), strict=True))
    for name in optional:
        if body[name] is None:
            del body[name]
    return body


def from_json(body: Mapping[str, Json]) -> Event:
    """Read an event back. Raises UnreadableEvent for a kind or a form that this version does not know."""
    values = dict(body)
    kind = values.pop("kind", None)
    cls = _BY_KIND.get(str(kind))
    if cls is None:
        raise UnreadableEvent(f"unknown event kind {kind!r}: a newer version of Antipode wrote this history")
    known = _FIELDS[cls]
    if not values.keys() <= known.keys():
        values = {name: value for name, value in values.items() if name in known}
    try:
        return cls(**values)  # type: ignore[arg-type]
    except TypeError as error:
        raise UnreadableEvent(f"event {kind!r}: {error}: a newer version of Antipode wrote this history") from error


def encode(events: Iterable[Event]) -> str:
    """Return events as one compact JSON text, as a segment holds them."""
    return _write([to_json(event) for event in events])


def decode(text: str) -> tuple[Event, ...]:
    """Read a segment's events."""
    return tuple(from_json(body) for body in json.loads(text))
