"""What the API answers, as types: the client gives them out, the OpenAPI document is made from them, tests hold both.

A field that the API sends and no model names fails the tests, since their schemas are closed. A client that reads with
them leaves out what it does not know: an older client gets along with a newer API.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Durability = Literal["both", "local"]
Status = Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]


class Answer(BaseModel):
    """What all answers have in common: they are values, and in the document no field but those named here is left."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_extra={"additionalProperties": False})


class Usage(Answer):
    """What a job has used so far."""

    input_tokens: int
    output_tokens: int
    steps: int


class JobError(Answer):
    """Why a job failed, was halted, or is tried again. `code` is one of the error catalogue's, or an agent's own."""

    code: str
    detail: str
    retryable: bool


class ResultReference(Answer):
    """Where a result is that is too large for an answer; what is there is gzip. `error` says why it cannot be had."""

    sha256: str
    bytes: int
    url: str | None = None
    expires_at: str | None = None
    error: str | None = None


class Wait(Answer):
    """What a job waits for. `approval` is the id under which to decide."""

    step: str
    kind: str
    until: str
    about: dict[str, Any] | None
    approval: str | None = None


class StepRetry(Answer):
    """A step that is tried again: how often it was tried, why it failed last, and when the next try is."""

    step: str
    attempts: int
    code: str
    detail: str
    next_attempt_at: str


class Parent(Answer):
    """The job that called this one, and the step in which it did."""

    job: str
    step: str


class TurnOf(Answer):
    """The conversation of which a job is a turn."""

    name: str
    on_busy: Literal["queue", "reject", "interrupt", "merge"]


class Asked(Answer):
    """When somebody asked that the job end, and who."""

    at: str
    by: str


class Job(Answer):
    """A job, as the Region that answers reads it. `result` comes with success, `error` where something went wrong.

    `archived_at`: its history is in the archive, where it was read, since then.
    """

    id: str
    agent: str
    agent_version: str
    status: Status
    lane: str
    durability: Durability
    home_region: str
    owner_region: str
    epoch: int
    attempts: int
    created_at: str
    updated_at: str
    usage: Usage
    result: Any = None
    result_reference: ResultReference | None = None
    error: JobError | None = None
    progress: Any = None
    parent: Parent | None = None
    session: TurnOf | None = None
    tags: dict[str, str] | None = None
    waits: list[Wait] | None = None
    paused: bool | None = None
    cancel_requested: Asked | None = None
    next_attempt_at: str | None = None
    redrives: int | None = None
    redrive_requested: Asked | None = None
    retries: list[StepRetry] | None = None
    archived_at: str | None = None

    @property
    def finished(self) -> bool:
        """Whether it has come to its end."""
        return self.status in ("succeeded", "failed", "cancelled")


class Change(Answer):
    """What came of a request to cancel, pause or resume; `note` says what was so already."""

    change: Literal["cancel", "pause", "resume"]
    durability: Durability
    note: str | None = None


class ChangedJob(Job):
    """A job of which something was asked."""

    requested: Change


class JobPage(Answer):
    """Some of the tenant's jobs, newest first; `next` is the `before` of the page that follows."""

    jobs: list[Job]
    next: str | None


class JobEvent(BaseModel):
    """One event of a job's history. What it says beyond these fields depends on its kind: see `detail`."""

    model_config = ConfigDict(extra="allow", frozen=True)
    sequence: int
    epoch: int
    region: str
    kind: str
    at: str

    @property
    def detail(self) -> dict[str, Any]:
        """The fields of this kind of event."""
        return dict(self.model_extra or {})


class EventPage(Answer):
    """A part of a job's history; `next` is the `after` of the page that follows.

    `rewound`: what was read above sequence `rewound_to` was superseded, and these events come instead. `behind`: this
    Region does not hold what was read before, yet. `finished`: the job has ended, and this is the last page.
    """

    events: list[JobEvent]
    next: str
    rewound: bool
    behind: bool
    finished: bool
    rewound_to: int | None = None


class SignalSent(Answer):
    """A signal that a job will get."""

    job: str
    signal: str
    durability: Durability


class JobsCancelled(Answer):
    """How many jobs were asked to end; `next` is the `before` of the call that goes on, null after the last."""

    cancelled: int
    next: str | None


class ApprovalAsked(Answer):
    """What a job asks a group of people."""

    id: str
    job: str
    agent: str
    group: str | None
    question: Any
    asked_at: str
    deadline: str


class ApprovalPage(Answer):
    """What a group is asked and has not decided, the latest first; `next` is the `after` of the page that follows."""

    approvals: list[ApprovalAsked]
    next: str | None


class DecisionTaken(Answer):
    """The one decision on an approval.

    `settled` is false while the other Region may have taken in another one, or the time may be over without it.
    """

    id: str
    job: str
    approved: bool
    by: str
    comment: str | None
    at: str
    settled: bool
    explanation: str | None = None
    durability: Durability | None = None


class SwitchSet(Answer):
    """Whether the jobs of a tenant or of one of its agents are held up, since when and by whom."""

    scope: Literal["tenant", "agent"]
    agent: str | None = None
    paused: bool
    at: str
    by: str
    region: str
    reason: str | None = None
    durability: Durability | None = None


class Switches(Answer):
    """What was said about a tenant's jobs and those of its agents, the latest of each."""

    switches: list[SwitchSet]


class LimitSet(Answer):
    """How many jobs of a scope may run at once, and start in a minute, in each Region; what is absent is unlimited."""

    scope: Literal["tenant", "agent", "key"]
    agent: str | None = None
    key: str | None = None
    concurrency: int | None = None
    starts_per_minute: float | None = None
    at: str
    by: str
    region: str
    durability: Durability | None = None


class Limits(Answer):
    """The limits that hold."""

    limits: list[LimitSet]


class UploadRequest(Answer):
    """The request by which to upload, as it is to be sent."""

    method: str
    url: str
    headers: dict[str, str]
    expires_at: str


class UploadOpened(Answer):
    """How to upload an input, and the reference to submit as `input` afterwards."""

    upload: UploadRequest
    reference: dict[str, Any]


class AgentShown(Answer):
    """An agent that jobs can be submitted to, with the JSON schema of its input."""

    name: str
    version: str
    description: str
    input_schema: dict[str, Any]


class Agents(Answer):
    """The agents of this release."""

    agents: list[AgentShown]


class LaneShown(Answer):
    """How a lane of one Region flows; what cannot be known is null. `admitting`: whether it takes new work.

    `oldest_wait_seconds` is a bound: the oldest waiting job has not waited for longer.
    """

    waiting: int | None
    in_flight: int | None
    estimated_wait_seconds: float | None
    oldest_wait_seconds: float | None
    started_per_minute: float
    ended_per_minute: float
    failed_per_minute: float
    bound_seconds: float
    admitting: bool


class Health(Answer):
    """That a Region can serve. `lanes_move` is null while nobody can know, false while one lane stands still."""

    status: Literal["ok"]
    region: str
    heartbeat_at: str | None
    lanes: list[str]
    lanes_move: bool | None


class Problem(Answer):
    """Why a request was refused (RFC 9457). `code` is stable; `field` names the culprit where one field is.

    Of a lane that is full the last five say which, when new work would start, its bound, and when to come again.
    """

    type: str
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    code: str
    request_id: str
    field: str | None = None
    job_id: str | None = None
    decision: DecisionTaken | None = None
    lane: str | None = None
    estimated_start: str | None = None
    estimated_wait_seconds: float | None = None
    bound_seconds: float | None = None
    retry_after_seconds: int | None = None
