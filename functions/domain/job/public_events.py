"""What the world outside is told of a job: which events, under which names and ids, and how much of each.

A history is for workers and has events that concern nobody else. What is public is told under names that stay, with an
id that is the same wherever and however often it is told: whoever hears it twice can tell by the id.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.domain.job.events import (
    AttemptStarted,
    Event,
    JobCancelled,
    JobFailed,
    JobPaused,
    JobRedriven,
    JobStopped,
    JobSubmitted,
    JobSucceeded,
    JobWaiting,
    Json,
    ProgressReported,
    StepFailed,
    StepSucceeded,
    WaitOpened,
)
from functions.domain.job.history import Segment
from functions.domain.payload import from_inline, reference_in

NAMES = (
    "job.submitted",
    "job.started",
    "job.waiting",
    "job.progress",
    "job.succeeded",
    "job.failed",
    "job.cancelled",
    "job.redriven",
    "job.approval_asked",
    "job.approval_decided",
)
#: After these nothing more is told of a job, unless it is redriven.
ENDS = frozenset({"job.succeeded", "job.failed", "job.cancelled"})
#: EventBridge takes 256 KB in one request, with the names around the detail.
LARGEST_DETAIL_BYTES = 240_000
#: What is left out of a detail that is too large: the largest of these first.
_MAY_BE_LEFT_OUT = ("result", "error", "progress", "asked_for", "decision", "tags")
_STATUS: Mapping[str, str] = {
    "job.submitted": "queued",
    "job.waiting": "waiting",
    "job.succeeded": "succeeded",
    "job.failed": "failed",
    "job.cancelled": "cancelled",
    "job.redriven": "queued",
}
_write = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """What is said of a job with each of its events: it stands in the job's first one."""

    tenant: str
    agent: str
    agent_version: str
    lane: str
    tags: Mapping[str, Json] | None = None
    callback_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicEvent:
    """One event as it is told. `more` is what only events of its name have."""

    id: str
    name: str
    job_id: str
    epoch: int
    region: str
    sequence: int
    at: str
    facts: JobFacts
    more: Mapping[str, Json]

    @property
    def ends_job(self) -> bool:
        """Whether the job has come to its end with it."""
        return self.name in ENDS

    def detail(self) -> dict[str, Json]:
        """Return it as consumers see it, within `LARGEST_DETAIL_BYTES`; `left_out` names what was too large."""
        facts = self.facts
        told: dict[str, Json] = {
            "id": self.id,
            "event": self.name,
            "job_id": self.job_id,
            "tenant": facts.tenant,
            "agent": facts.agent,
            "agent_version": facts.agent_version,
            "lane": facts.lane,
            "tags": dict(facts.tags or {}),
            "status": _STATUS.get(self.name, "running"),
            "region": self.region,
            "epoch": self.epoch,
            "sequence": self.sequence,
            "at": self.at,
            **self.more,
        }
        return _bounded(told)


def public_id(job_id: str, epoch: int, region: str, sequence: int) -> str:
    """Return the id of a job's event: where it stands in the histories."""
    return f"{job_id}/{epoch}.{region}/{sequence}"


def facts_of(opening: JobSubmitted) -> JobFacts:
    """Return what a job's first event says of it."""
    return JobFacts(
        tenant=opening.tenant,
        agent=opening.agent,
        agent_version=opening.agent_version,
        lane=opening.lane,
        tags=opening.tags,
        callback_url=opening.callback_url,
    )


def is_told(event: Event) -> bool:
    """Say whether the world is told of this kind of event at all."""
    return _public(event) is not None


def public_events(segment: Segment, facts: JobFacts) -> tuple[PublicEvent, ...]:
    """Return what is told of the events of a segment, in their order."""
    told = []
    for offset, event in enumerate(segment.events):
        public = _public(event)
        if public is not None:
            name, more = public
            sequence = segment.first_sequence + offset
            told.append(
                PublicEvent(
                    id=public_id(segment.job_id, segment.epoch, segment.region, sequence),
                    name=name,
                    job_id=segment.job_id,
                    epoch=segment.epoch,
                    region=segment.region,
                    sequence=sequence,
                    at=event.at,
                    facts=facts,
                    more=more,
                )
            )
    return tuple(told)


def _public(event: Event) -> tuple[str, dict[str, Json]] | None:
    match event:
        case JobSubmitted():
            return "job.submitted", {} if event.run_at is None else {"run_at": event.run_at}
        case AttemptStarted():
            return "job.started", {"reason": event.reason}
        case JobWaiting():
            return "job.waiting", {"reason": "wait", "until": event.until}
        case JobPaused():
            return "job.waiting", {"reason": "paused", "by": event.by}
        case JobStopped():
            return "job.waiting", {"reason": "stopped", "error": {"code": event.code, "detail": event.detail}}
        case ProgressReported():
            return "job.progress", {"progress": event.note}
        case WaitOpened(step_kind="approval"):
            return "job.approval_asked", {"step": event.step, "until": event.until, "asked_for": event.about}
        case StepSucceeded(step_kind="approval"):
            return "job.approval_decided", {"step": event.step, **_value("decision", event.result)}
        case StepFailed(step_kind="approval"):
            return "job.approval_decided", {"step": event.step, "error": {"code": event.code, "detail": event.detail}}
        case JobSucceeded():
            return "job.succeeded", _value("result", event.result)
        case JobFailed():
            return "job.failed", {"error": {"code": event.code, "detail": event.detail}}
        case JobCancelled():
            return "job.cancelled", {"by": event.by, "reason": event.reason}
        case JobRedriven():
            return "job.redriven", {"by": event.by}
        case _:
            return None


def _value(name: str, recorded: Json) -> dict[str, Json]:
    """Return a recorded value under `name`, or under `<name>_reference` what it says of a payload kept elsewhere."""
    reference = reference_in(recorded)
    if reference is None:
        return {name: from_inline(recorded)}
    return {f"{name}_reference": {"sha256": reference.sha256, "bytes": reference.size}}


def _bounded(told: dict[str, Json]) -> dict[str, Json]:
    left_out: list[Json] = []
    while len(_write(told).encode()) > LARGEST_DETAIL_BYTES:
        sizes: dict[str, int] = {name: len(_write(told[name]).encode()) for name in _MAY_BE_LEFT_OUT if name in told}
        largest = max(sizes, key=lambda name: sizes[name])
        left_out.append(largest)
        told = {name: value for name, value in told.items() if name != largest} | {"left_out": list(left_out)}
    return told


def is_detail(value: Any) -> bool:
    """Say whether a JSON value has the form of `PublicEvent.detail`, as far as deliverers rely on it."""
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in ("id", "event", "tenant", "at"))
