"""The routes by which jobs are submitted, read and followed."""

from functions.adapters.api_description.row import (
    A_JOB,
    AN_ENDED_JOB,
    AN_ID,
    IDEMPOTENCY_KEY,
    JOB_ID,
    PREFER,
    Parameter,
    RouteDescription,
    position,
    whole_number,
)
from functions.adapters.submit_body import SubmitBody
from functions.adapters.upload_body import UploadBody
from functions.domain.job.turns import SESSION_NAME
from functions.sdk.answers import EventPage, Job, JobPage, UploadOpened
from functions.sdk.session_answers import Session

_STATUSES = ("queued", "running", "waiting", "succeeded", "failed", "cancelled")
_WAITED = {"Preference-Applied": "How long the request would have waited, where it asked for that."}
_SHA256 = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"

ROUTES = (
    RouteDescription(
        method="POST",
        path="/v1/jobs",
        scope="jobs:write",
        name="submitJob",
        summary="Submit a job: when this is answered it is durable, in both Regions or, as it says, in one.",
        parameters=(IDEMPOTENCY_KEY, PREFER),
        request=SubmitBody,
        sent={"agent": "probe", "input": {"steps": 3, "milliseconds": 100}, "lane": "standard"},
        status=202,
        answer=Job,
        answered=A_JOB,
        headers={"Location": "The job's address.", **_WAITED},
        codes=(
            "unknown_agent",
            "unknown_lane",
            "invalid_callback_url",
            "not_available",
            "idempotency_conflict",
            "session_ended",
            "payload_missing",
            "value_too_large",
            "lane_full",
            "lane_unavailable",
            "payload_unavailable",
        ),
    ),
    RouteDescription(
        method="GET",
        path="/v1/jobs",
        scope="jobs:read",
        name="listJobs",
        summary="List the tenant's jobs, newest first. A filter may leave fewer on a page than its limit; jobs whose "
        "histories have gone to the archive are read by their ids alone.",
        parameters=(
            whole_number("limit", "So many at most.", default=50, lowest=1, highest=100),
            Parameter("query", "status", "Only jobs in this status.", {"type": "string", "enum": list(_STATUSES)}),
            Parameter("query", "agent", "Only jobs of this agent.", {"type": "string"}),
            position("before", "a job"),
        ),
        answer=JobPage,
        answered={"jobs": [AN_ENDED_JOB], "next": None},
    ),
    RouteDescription(
        method="GET",
        path="/v1/jobs/{id}",
        scope="jobs:read",
        name="getJob",
        summary="Show a job.",
        parameters=(JOB_ID, PREFER),
        answer=Job,
        answered=AN_ENDED_JOB,
        headers=_WAITED,
        codes=("job_not_found", "history_frozen"),
    ),
    RouteDescription(
        method="GET",
        path="/v1/jobs/{id}/events",
        scope="jobs:read",
        name="listJobEvents",
        summary="Read a job's history from any place on, at once or as soon as there is more (`wait`).",
        parameters=(
            JOB_ID,
            Parameter(
                "query",
                "after",
                "The `next` of the answer before, from whichever Region; or the sequence number of an event.",
                {"type": "string", "default": "0", "examples": ["0", "1.us-east-1.4~2.us-west-2.9"]},
            ),
            whole_number("limit", "So many at most.", default=100, lowest=1, highest=1000),
            whole_number("wait", "Seconds to wait for an event.", default=0, lowest=0, highest=20),
        ),
        answer=EventPage,
        answered={
            "events": [
                {
                    "sequence": 5,
                    "epoch": 2,
                    "region": "us-west-2",
                    "kind": "adopted",
                    "at": "2030-01-01T00:00:40.000Z",
                    "from_epoch": 1,
                    "from_region": "us-east-1",
                    "from_sequence": 4,
                    "reason": "us-east-1 is lost",
                }
            ],
            "next": "1.us-east-1.4~2.us-west-2.5",
            "rewound": True,
            "rewound_to": 4,
            "behind": False,
            "finished": False,
        },
        codes=("job_not_found", "history_frozen"),
    ),
    RouteDescription(
        method="GET",
        path="/v1/sessions/{name}",
        scope="jobs:read",
        name="getSession",
        summary="Show a conversation: its running turn, its queue and the newest of its memory.",
        parameters=(
            Parameter(
                "path", "name", "The session's name.", {"type": "string", "pattern": f"^{SESSION_NAME.pattern}$"}
            ),
        ),
        answer=Session,
        answered={
            "name": "talk:7",
            "job_id": AN_ID,
            "status": "waiting",
            "home_region": "us-east-1",
            "owner_region": "us-east-1",
            "epoch": 1,
            "running": None,
            "queued": [],
            "offered": [],
            "turns": 1,
            "memory": [{"role": "user", "content": "hello", "turn": AN_ID}],
            "created_at": "2030-01-01T00:00:00.000Z",
            "updated_at": "2030-01-01T00:00:02.000Z",
        },
        codes=("session_not_found",),
    ),
    RouteDescription(
        method="POST",
        path="/v1/payloads",
        scope="jobs:write",
        name="openUpload",
        summary="Ask where to upload an input that is too large for a request.",
        request=UploadBody,
        sent={"bytes": 11, "sha256": _SHA256},
        status=201,
        answer=UploadOpened,
        answered={
            "upload": {
                "method": "PUT",
                "url": "https://example.com/where-to",
                "headers": {"content-length": "11"},
                "expires_at": "2030-01-01T00:15:00.000Z",
            },
            "reference": {"$payload": {"sha256": _SHA256, "bytes": 11}},
        },
        codes=("payload_unavailable",),
    ),
)
