"""The demo's release audits: what is audited, and what the histories tell of an audit and of its reviews. Pure.

The first one has asked its question when the Region is lost, the second one's reviews are in flight then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from functions.domain.job.events import JobAdopted, StepSucceeded, WaitOpened
from functions.domain.job.state import JobState
from functions.domain.moments import to_datetime
from localstack.demo.observations import AuditSeen, Loss, ReviewSeen
from localstack.demo.outcomes import gone_in
from localstack.evidence.stretches import ENDINGS, stretches_of

AGENT: Final = "release-audit"
GROUP: Final = "legal"
#: People are quick in the demo; an audit that nobody decides on must end before the demo's patience does.
DECIDE_WITHIN_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class AuditPlan:
    """What is released, and what is in it."""

    name: str
    distributions: tuple[str, ...]
    concurrency: int

    def input(self) -> dict[str, Any]:
        """The job's input."""
        return {
            "distributions": list(self.distributions),
            "group": GROUP,
            "decide_within_seconds": DECIDE_WITHIN_SECONDS,
            "otherwise": None,
            "concurrency": self.concurrency,
        }


RUNTIME: Final = AuditPlan(
    "runtime", ("boto3", "botocore", "certifi", "jmespath", "license-expression", "pydantic"), concurrency=6
)
#: With one package that is not installed here: nobody can read its licence, so a person has to say what follows. Few
#: reviews at once, so that they are spread over the time around the loss.
TOOLCHAIN: Final = AuditPlan(
    "toolchain",
    (
        "httpx",
        "hypothesis",
        "in-house-fonts",
        "jinja2",
        "moto",
        "mypy",
        "pathspec",
        "pytest",
        "rich",
        "ruff",
        "typer",
        "urllib3",
    ),
    concurrency=4,
)
PLANS: Final = (RUNTIME, TOOLCHAIN)


def reviews_of(states: Mapping[str, JobState], audit: str) -> dict[str, JobState]:
    """The jobs that an audit has called, by id, in the order of what they review."""
    found = {
        job: state
        for job, state in states.items()
        if state.job.parent is not None and state.job.parent.get("job_id") == audit
    }
    return dict(sorted(found.items(), key=lambda pair: distribution_of(pair[1]).lower()))


def distribution_of(review: JobState) -> str:
    """What a review reviews."""
    return str(review.job.input["distribution"]) if isinstance(review.job.input, dict) else ""


def open_questions(state: JobState | None) -> list[WaitOpened]:
    """What an audit asks people and has no answer to yet."""
    waits = state.waits.values() if state is not None and not state.finished else ()
    return [wait for wait in waits if wait.step_kind == "approval"]


def decided_in(state: JobState | None) -> list[str]:
    """The steps in which people have answered an audit."""
    ended = state.steps.values() if state is not None else ()
    return [step.step for step in ended if step.step_kind == "approval" and isinstance(step, StepSucceeded)]


def note_the_loss(audit: AuditSeen, states: Mapping[str, JobState], lost: str) -> None:
    """Write down how far an audit was when the Region was lost."""
    audit.questions_at_kill = len(open_questions(states.get(audit.job_id)))
    reviews = reviews_of(states, audit.job_id)
    audit.reviews_at_kill = tuple(
        job for job, state in reviews.items() if state.owner_region == lost and not state.finished
    )
    audit.ended_at_kill = tuple(job for job, state in reviews.items() if state.finished)


def review_seen(job: str, state: JobState, *, zero: float, loss: Loss | None) -> ReviewSeen:
    """What became of one review. Ends in parts of the history that do not count any more count here."""
    everything = (*state.history, *state.superseded)
    adoptions = (item.event.at for item in state.history if isinstance(item.event, JobAdopted))
    adopted_at = next((to_datetime(at).timestamp() - zero for at in adoptions), None)
    return ReviewSeen(
        job_id=job,
        distribution=distribution_of(state),
        status=state.status,
        owner_region=state.owner_region,
        adopted_at=None if adopted_at is None else round(adopted_at, 3),
        ends=sum(isinstance(item.event, ENDINGS) for item in everything),
        stretches=tuple(stretches_of(state.history, zero=zero, gone=gone_in(loss))),
    )
