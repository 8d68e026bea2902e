"""The catalogue of errors: one row a code, from which HTTP answers, job errors and docs/errors.md come."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One error: its stable code, HTTP status, whether trying again can help, and what to do about it."""

    code: str
    status: int
    retryable: bool
    title: str
    remedy: str


_ROWS = (
    ErrorRow("invalid_json", 400, False, "The body is not JSON", "Send a JSON object."),
    ErrorRow("invalid_body", 400, False, "A field of the body is wrong", "Correct the field that the answer names."),
    ErrorRow("invalid_parameter", 400, False, "A parameter or header is wrong", "Correct what the answer names."),
    ErrorRow("unknown_agent", 400, False, "No agent has that name", "GET /v1/agents lists the agents."),
    ErrorRow("unknown_lane", 400, False, "No lane has that name here", "Use one of the lanes that the answer lists."),
    ErrorRow(
        "invalid_callback_url", 400, False, "The callback address is not a public http(s) one", "Use a public one."
    ),
    ErrorRow("not_available", 400, False, "The field is not served by this version", "Leave the field out."),
    ErrorRow("unauthorized", 401, False, "No valid bearer token", "Send Authorization: Bearer <token>."),
    ErrorRow("forbidden", 403, False, "The token lacks the scope", "Use a token with the scope that the answer names."),
    ErrorRow("job_not_found", 404, False, "No such job", "Check the id; a job is visible to its own tenant only."),
    ErrorRow(
        "history_frozen",
        409,
        False,
        "The job's history is in Deep Archive",
        "Have S3 restore the object that the answer names, under histories/ in a Region's bucket; then ask again.",
    ),
    ErrorRow("schedule_not_found", 404, False, "No such schedule", "GET /v1/schedules lists the schedules."),
    ErrorRow("too_many_schedules", 409, False, "The tenant has no room for more schedules", "Delete one first."),
    ErrorRow("not_found", 404, False, "No such address", "See the list of routes in the documentation."),
    ErrorRow("idempotency_conflict", 409, False, "The key was used with another body", "Use a new Idempotency-Key."),
    ErrorRow("payload_too_large", 413, False, "The body is over the limit", "Send less; the answer names the limit."),
    ErrorRow("unsupported_media_type", 415, False, "The body is not sent as JSON", "Content-Type: application/json."),
    ErrorRow(
        "payload_missing",
        422,
        False,
        "The payload is not there",
        "Upload it again (POST /v1/payloads). For a result: it was kept for the configured retention, no longer.",
    ),
    ErrorRow("throttled", 429, True, "Too many requests", "Wait for Retry-After, then send again."),
    ErrorRow(
        "lane_full",
        429,
        True,
        "The lane takes in no new work",
        "Wait for Retry-After, then send again with the same Idempotency-Key, or use a lane that takes in work.",
    ),
    ErrorRow(
        "internal", 500, True, "The service failed", "Send again with the same Idempotency-Key; tell the operator."
    ),
    ErrorRow(
        "state_unavailable", 503, True, "The state table refuses", "Send again after Retry-After, or to the peer."
    ),
    ErrorRow("lane_unavailable", 503, True, "The lane refuses", "Send again after Retry-After with the same key."),
    ErrorRow(
        "lanes_still",
        503,
        True,
        "Messages wait and no worker takes one",
        "Look at the worker function and its mappings; new work goes to the peer meanwhile.",
    ),
    ErrorRow("payload_unavailable", 503, True, "The payload store refuses", "Send again after Retry-After."),
    ErrorRow(
        "model_unavailable", 503, True, "The model does not answer", "Retried by itself; check the model's status."
    ),
    ErrorRow("model_answer_invalid", 422, False, "The model's answer does not fit", "Check the prompt and the type."),
    ErrorRow("agent_raised", 422, False, "The agent raised an error", "Read the error's detail; mend the agent."),
    ErrorRow("result_invalid", 422, False, "The agent's result does not fit its type", "Mend the agent."),
    ErrorRow("value_not_serialisable", 422, False, "A value is not JSON", "Return JSON values or pydantic models."),
    ErrorRow(
        "value_too_large",
        422,
        False,
        "A value is over the limit of 100 MB",
        "Keep it elsewhere and record where it is.",
    ),
    ErrorRow("replay_diverged", 422, False, "The agent took another path than its history", "Restore the version."),
    ErrorRow("attempts_exhausted", 422, False, "No attempt came to an end", "Look for a crash in the worker's log."),
    ErrorRow("deadline_passed", 422, False, "The job's deadline has passed", "Submit with a later deadline."),
    ErrorRow("budget_exceeded", 422, False, "The job used up its budget", "Submit with a larger budget."),
    ErrorRow("step_raised", 422, False, "A tool raised an error", "Read the detail; mend the tool or its input."),
    ErrorRow(
        "wait_timed_out", 422, False, "What was waited for did not come in time", "Wait longer, or give `otherwise`."
    ),
    ErrorRow("signal_invalid", 422, False, "A signal's body does not fit", "Send what the agent's signal expects."),
    ErrorRow("child_failed", 422, False, "A job that the agent called has failed", "Look at that job's own error."),
    ErrorRow("call_cycle", 422, False, "Agents call each other in a circle", "Break the circle, or change the input."),
    ErrorRow("call_too_deep", 422, False, "Too many jobs call each other in a chain", "Call fewer levels deep."),
    ErrorRow("cancelled", 409, False, "Somebody asked that the job end", "Submit it again if it is wanted after all."),
    ErrorRow(
        "agent_version_missing", 422, False, "This release lacks the job's agent version", "Deploy it; resume the job."
    ),
    ErrorRow("job_finished", 409, False, "The job has come to its end", "Nothing more can be sent to it."),
    ErrorRow("already_decided", 409, False, "Somebody has decided before", "The answer says who, when and what."),
    ErrorRow("approval_over", 409, False, "Nothing is asked there any more", "The answer says why; ask for it anew."),
    ErrorRow(
        "session_busy", 409, False, "The session was at another turn", "Submit it again, or with another `on_busy`."
    ),
    ErrorRow("session_not_found", 404, False, "No such session", "Check the name; the first turn begins it."),
    ErrorRow("session_ended", 409, False, "The session takes no more turns", "Begin one of another name."),
    ErrorRow("memory_too_large", 422, False, "What is remembered is too large", "Remember a shorter text."),
    ErrorRow("approval_not_found", 404, False, "No such approval is open", "GET /v1/approvals lists the open ones."),
    ErrorRow("job_not_failed", 409, False, "The job has not failed", "Only failed jobs can be redriven."),
    ErrorRow("redrive_parent", 409, False, "Another job has gone on from its end", "Redrive the job that called it."),
    ErrorRow(
        "parent_ended",
        409,
        False,
        "The job that called it has ended without it",
        "If its work is still wanted, redrive it with `alone`: nobody will hear of its end.",
    ),
    ErrorRow("letter_over", 409, False, "It is no dead letter any more", "Nothing: it was redriven or dismissed."),
    ErrorRow(
        "message_undelivered", 422, False, "No worker came to an end with it", "See the job; redrive or dismiss it."
    ),
    ErrorRow("message_unreadable", 422, False, "Nobody can read the message", "Dismiss it; look for who sent it."),
    ErrorRow("turn_over", 409, False, "Its conversation takes no turn a second time", "Submit it again as a new turn."),
    ErrorRow("webhook_not_found", 404, False, "No such webhook", "GET /v1/webhooks lists them."),
    ErrorRow(
        "webhook_undelivered",
        422,
        False,
        "An endpoint has not taken an event",
        "Mend the endpoint, then redrive it.",
    ),
    ErrorRow("webhook_inactive", 409, False, "The webhook is switched off", "Set it again with `active` true."),
    ErrorRow("too_many_webhooks", 409, False, "The tenant has all the webhooks it may have", "Delete one."),
    ErrorRow("region_not_found", 404, False, "No Region has that name", "GET /v1/regions lists both."),
    ErrorRow("last_region", 409, False, "It is the last Region that works", "Have the other one return first."),
    ErrorRow("region_evacuated", 503, True, "The Region has been told to go", "Ask the other Region."),
    ErrorRow("region_returning", 503, True, "The Region is not back yet", "Ask the other Region."),
    ErrorRow("distribution_not_found", 422, False, "That distribution is not installed", "Check the name."),
)
CATALOGUE = {row.code: row for row in _ROWS}


class AntipodeError(Exception):
    """An error of the catalogue: `code` is stable, `detail` says what happened, `field` names the culprit if one is."""

    def __init__(self, code: str, detail: str, *, field: str | None = None, **extra: object) -> None:
        if code not in CATALOGUE:
            raise ValueError(f"{code!r} is not in the error catalogue")
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field
        self.extra = extra

    @property
    def row(self) -> ErrorRow:
        """The catalogue's row."""
        return CATALOGUE[self.code]
