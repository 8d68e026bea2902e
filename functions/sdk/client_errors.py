"""What a call of the API may end in, other than its answer: the client's exceptions, each with what the API said."""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """A call did not succeed; the message is one line."""


class NotTheApi(ApiError):
    """Something answered that is not the API."""


class JobNotFinished(ApiError):
    """The time was over before the job had ended. It goes on: `job_id` is there to wait for it again."""

    def __init__(self, job_id: str, status: str) -> None:
        super().__init__(f"{job_id} is {status} still")
        self.job_id = job_id


class ApiUnreachable(ApiError):
    """No Region answered for as long as the client had patience. What was sent may have been carried out."""


class ApiRefused(ApiError):
    """The API answered with a problem (RFC 9457).

    `code` is stable, `detail` says what happened, `field` names the culprit where one field is, `retry_after` says in
    how many seconds it is worth another try, and `problem` is the whole of it.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], detail: str, retry_after: float | None) -> None:
        code, field = str(problem.get("code") or "no_code"), problem.get("field")
        where = f"{field}: " if field and not detail.startswith(str(field)) else ""
        super().__init__(" ".join(f"{where}{detail} ({status} {code})".split()))
        self.status = status
        self.code = code
        self.detail = detail
        self.field = None if field is None else str(field)
        self.retry_after = retry_after
        self.problem = dict(problem)


class Invalid(ApiRefused):
    """The request itself is wrong (400, 413, 415, 422): the same request will be refused again."""


class NotAllowed(ApiRefused):
    """The token is not valid, or lacks the scope (401, 403)."""


class NotFound(ApiRefused):
    """There is no such thing in the Region that answered (404)."""


class Conflict(ApiRefused):
    """Something stands against it (409): another body under the key, a job that has ended, a decision before."""


class Busy(ApiRefused):
    """Too much is asked (429), for longer than the client had patience: see `retry_after`."""


class Unavailable(ApiRefused):
    """Every Region failed (5xx) for as long as the client had patience."""


def refusal(status: int, problem: Mapping[str, Any], text: str, retry_after: float | None) -> ApiRefused:
    """Return what a status from 400 on is raised as. API Gateway itself may speak of a `message`."""
    detail = problem.get("detail") or problem.get("message") or " ".join(text.split())[:200] or "no reason given"
    match status:
        case 401 | 403:
            kind: type[ApiRefused] = NotAllowed
        case 404:
            kind = NotFound
        case 409:
            kind = Conflict
        case 429:
            kind = Busy
        case _ if status >= 500:
            kind = Unavailable
        case _:
            kind = Invalid
    return kind(status, problem, str(detail), retry_after)
