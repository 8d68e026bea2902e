"""The routes by which people look at what has failed for good, have it go on, or dismiss it."""

from functions.adapters.api_description.row import (
    A_JOB,
    AN_ID,
    IDEMPOTENCY_KEY,
    Parameter,
    RouteDescription,
    position,
    whole_number,
)
from functions.adapters.dead_letter_body import DismissBody, RedriveBody
from functions.sdk.answers import Job
from functions.sdk.dead_letter_answers import DeadLetterPage, DeadLetterPreview, DeadLettersDismissed

_LETTER = {
    "id": AN_ID,
    "type": "job",
    "at": "2030-01-01T00:00:00.000Z",
    "region": "us-east-1",
    "code": "step_raised",
    "detail": "ValueError: no such order",
    "agent": "probe",
    "lane": "standard",
    "job_id": AN_ID,
}
_MEANT = {"filter": {"agent": "probe", "code": "step_raised"}}
_NAME = {"type": "string", "minLength": 1, "maxLength": 256}
_MOMENT = {"type": "string", "format": "date-time"}

ROUTES = (
    RouteDescription(
        method="GET",
        path="/v1/dead-letters",
        scope="jobs:read",
        name="listDeadLetters",
        summary="List what has failed for good: jobs, unreadable messages, undelivered webhooks; the latest first.",
        parameters=(
            Parameter("query", "type", "Only these.", {"type": "string", "enum": ["job", "message", "webhook"]}),
            Parameter("query", "agent", "Only those of this agent.", _NAME),
            Parameter("query", "code", "Only those with this error.", {"type": "string", "pattern": "^[a-z0-9_]+$"}),
            Parameter("query", "since", "Only what failed then or later.", _MOMENT),
            Parameter("query", "until", "Only what failed before.", _MOMENT),
            position("before", "a dead letter"),
            whole_number("limit", "So many at most.", default=50, lowest=1, highest=100),
        ),
        answer=DeadLetterPage,
        answered={"dead_letters": [_LETTER], "next": None},
    ),
    RouteDescription(
        method="POST",
        path="/v1/dead-letters/redrive",
        scope="jobs:write",
        name="redriveDeadLetters",
        summary="Have dead letters go on, by a job that does it at a chosen rate; or preview which.",
        parameters=(IDEMPOTENCY_KEY,),
        request=RedriveBody,
        sent={**_MEANT, "rate_per_second": 500},
        status=202,
        answer=Job,
        answered={**A_JOB, "agent": "redrive", "lane": "critical"},
        also={200: DeadLetterPreview},
        codes=("agent_version_missing", "idempotency_conflict"),
    ),
    RouteDescription(
        method="POST",
        path="/v1/dead-letters/dismiss",
        scope="jobs:write",
        name="dismissDeadLetters",
        summary="Take dead letters off the list, a hundred a call; or preview which.",
        request=DismissBody,
        sent=_MEANT,
        status=202,
        answer=DeadLettersDismissed,
        answered={"dismissed": 7, "next": None},
        also={200: DeadLetterPreview},
    ),
)
