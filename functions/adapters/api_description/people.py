"""The routes by which people and programs act on jobs that exist: signals, requests, decisions, switches."""

from functions.adapters.api_description.row import (
    A_JOB,
    AN_ID,
    IDEMPOTENCY_KEY,
    JOB_ID,
    REASON,
    Parameter,
    RouteDescription,
    position,
    whole_number,
)
from functions.adapters.change_body import BulkBody, DecisionBody, ReasonBody, SwitchBody
from functions.sdk.answers import (
    ApprovalPage,
    ChangedJob,
    DecisionTaken,
    JobsCancelled,
    SignalSent,
    Switches,
    SwitchSet,
)

_APPROVAL = "apr_c6hhcb4qurbati5f36ka3hbjckczm4px_c6hhcb4qurbati5f"
_DECISION = {
    "id": _APPROVAL,
    "job": AN_ID,
    "approved": True,
    "by": "Lena",
    "comment": "fine with us",
    "at": "2030-01-01T00:00:00.000Z",
    "settled": True,
    "durability": "both",
}
_SWITCH = {
    "scope": "agent",
    "agent": "probe",
    "paused": True,
    "at": "2030-01-01T00:00:00.000Z",
    "by": "ops",
    "region": "us-east-1",
    "reason": "bad release",
}

ROUTES = (
    RouteDescription(
        method="POST",
        path="/v1/jobs/{id}/signals/{name}",
        scope="jobs:write",
        name="signalJob",
        summary="Send a job a signal, any JSON; it is kept until the job waits for it.",
        parameters=(
            JOB_ID,
            Parameter(
                "path",
                "name",
                "The signal's name: not one that begins with `session.`.",
                {"type": "string", "pattern": "^[^/#:\\[\\]\\x00-\\x1f]{1,100}$"},
            ),
            IDEMPOTENCY_KEY,
        ),
        request={},
        body_required=False,
        sent={"now": True},
        status=202,
        answer=SignalSent,
        answered={"job": AN_ID, "signal": "go", "durability": "both"},
        codes=("job_not_found", "job_finished", "idempotency_conflict"),
    ),
    *(
        RouteDescription(
            method="POST",
            path=f"/v1/jobs/{{id}}/{change}",
            scope="jobs:write",
            name=f"{change}Job",
            summary=summary,
            parameters=(JOB_ID, IDEMPOTENCY_KEY),
            request=ReasonBody,
            body_required=False,
            sent=REASON,
            status=202,
            answer=ChangedJob,
            answered={**A_JOB, "requested": {"change": change, "durability": "both"}},
            codes=("job_not_found", "job_finished"),
        )
        for change, summary in (
            ("cancel", "Ask that a job end; its agent may undo its work first."),
            ("pause", "Ask that a job do nothing until it is resumed."),
            ("resume", "Ask that a paused or stopped job go on."),
        )
    ),
    RouteDescription(
        method="POST",
        path="/v1/jobs/cancel",
        scope="jobs:write",
        name="cancelJobs",
        summary="Ask all unfinished jobs to end, or those of one agent, fifty a call.",
        request=BulkBody,
        body_required=False,
        sent={"agent": "probe"},
        status=202,
        answer=JobsCancelled,
        answered={"cancelled": 7, "next": None},
    ),
    RouteDescription(
        method="GET",
        path="/v1/approvals",
        scope="jobs:read",
        name="listApprovals",
        summary="List what a group of people is asked and has not decided. The scope approvals:decide is enough.",
        parameters=(
            Parameter(
                "query",
                "group",
                "The group that is asked.",
                {"type": "string", "minLength": 1, "maxLength": 256},
                required=True,
            ),
            whole_number("limit", "So many at most.", default=50, lowest=1, highest=100),
            position("after", "an approval"),
        ),
        answer=ApprovalPage,
        answered={
            "approvals": [
                {
                    "id": _APPROVAL,
                    "job": AN_ID,
                    "agent": "release-audit",
                    "group": "legal",
                    "question": "may we?",
                    "asked_at": "2030-01-01T00:00:00.000Z",
                    "deadline": "2030-01-08T00:00:00.000Z",
                }
            ],
            "next": None,
        },
    ),
    RouteDescription(
        method="POST",
        path="/v1/approvals/{id}",
        scope="approvals:decide",
        name="decideApproval",
        summary="Decide, once: a second decision is a 409 that says who was first.",
        parameters=(Parameter("path", "id", "The approval's id.", {"type": "string"}), IDEMPOTENCY_KEY),
        request=DecisionBody,
        sent={"approved": True, "comment": "fine with us"},
        status=202,
        answer=DecisionTaken,
        answered=_DECISION,
        codes=("approval_not_found", "approval_over", "already_decided"),
    ),
    *(
        RouteDescription(
            method="PUT",
            path=path,
            scope="jobs:write",
            name=name,
            summary=summary,
            parameters=parameters,
            request=SwitchBody,
            sent={"paused": True, "reason": "bad release"},
            answer=SwitchSet,
            answered={**_SWITCH, "durability": "both"},
            codes=("unknown_agent",) if parameters else (),
        )
        for path, name, summary, parameters in (
            ("/v1/switches/tenant", "setTenantSwitch", "Hold up all jobs of the tenant, or let them go on.", ()),
            (
                "/v1/switches/agents/{name}",
                "setAgentSwitch",
                "Hold up all of the tenant's jobs of one agent, or let them go on.",
                (Parameter("path", "name", "The agent's name.", {"type": "string"}),),
            ),
        )
    ),
    RouteDescription(
        method="GET",
        path="/v1/switches",
        scope="jobs:read",
        name="listSwitches",
        summary="Show what is held up.",
        answer=Switches,
        answered={"switches": [_SWITCH]},
    ),
)
