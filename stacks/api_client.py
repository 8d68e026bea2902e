"""The HTTP API as Python calls, for the command line, the demo and the tests that look from outside.

A request is sent again while it meets a Region that does not answer, and every submit carries an Idempotency-Key, so
that however often it was sent, and to whichever Region, it is one job. What cannot be mended by waiting is raised as
one line that a person can read.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

import httpx

Json = Mapping[str, Any]

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0
JOBS_PER_PAGE = 100
EVENTS_PER_PAGE = 500
#: One answer waits no longer than this.
LONGEST_WAIT_SECONDS = 20
#: The answers that another try may mend.
PASSING = frozenset({429, 500, 502, 503, 504})


class ApiError(Exception):
    """A call of the API did not succeed; the message is one line."""


class ApiUnreachable(ApiError):
    """No Region answered for as long as the client had patience."""


class ApiRefused(ApiError):
    """The API answered with a problem (RFC 9457)."""

    def __init__(self, status: int, code: str, detail: str, field: str | None, retry_after: float | None) -> None:
        where = f"{field}: " if field and not detail.startswith(field) else ""
        super().__init__(" ".join(f"{where}{detail} ({status} {code})".split()))
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
        self.retry_after = retry_after


#: These may stand in a session's name, and in a path as they are.
SESSION_NAME_SIGNS = ":@"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What to submit. Fields at None are left to the API's defaults."""

    agent: str
    input: Any
    lane: str | None = None
    delay_seconds: float | None = None
    run_at: str | None = None
    deadline: str | None = None
    budget: Mapping[str, int] | None = None
    callback_url: str | None = None
    tags: Mapping[str, str] | None = None
    session: Mapping[str, str] | None = None
    limit_keys: Sequence[str] | None = None

    def body(self) -> dict[str, Any]:
        """The request's body."""
        fields = ("lane", "delay_seconds", "run_at", "deadline", "budget", "callback_url", "tags", "session")
        names = (*fields, "limit_keys")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return {"agent": self.agent, "input": self.input, **given}


class ApiClient:
    """One address of the API and one token. Threads may share it."""

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        transport: httpx.BaseTransport | None = None,
        patience_seconds: float = 30.0,
        on_failed_try: Callable[[ApiError], None] = lambda _: None,
        answer_seconds: float = ANSWER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if token and not (token.isascii() and token.isprintable()):
            raise ApiError("the token has characters that no token has")
        self.url = url.rstrip("/")
        self._patience_seconds = patience_seconds
        self._on_failed_try = on_failed_try
        self._clock = clock
        self._sleep = sleep
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        timeout = httpx.Timeout(answer_seconds, connect=CONNECT_SECONDS)
        self._http = httpx.Client(headers=headers, timeout=timeout, transport=transport, trust_env=transport is None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def submit(self, submission: Submission, *, key: str | None = None, wait_seconds: int = 0) -> dict[str, Any]:
        """Submit a job and return it, if asked as it stands after at most `wait_seconds`."""
        headers = {**_once(key), **_preference(wait_seconds)}
        return self._call("POST", "/jobs", headers=headers, body=submission.body())

    def open_upload(self, size: int, sha256: str) -> dict[str, Any]:
        """Return how to upload an input of so many bytes, and the reference to submit afterwards."""
        return self._call("POST", "/payloads", body={"bytes": size, "sha256": sha256})

    def job(self, job_id: str, *, wait_seconds: int = 0) -> dict[str, Any]:
        """Return one job."""
        return self._call("GET", f"/jobs/{_segment(job_id)}", headers=_preference(wait_seconds))

    def session(self, name: str) -> dict[str, Any]:
        """Return one conversation."""
        return self._call("GET", f"/sessions/{quote(name, safe=SESSION_NAME_SIGNS)}")

    def events(self, job_id: str) -> Iterator[dict[str, Any]]:
        """Return a job's history."""
        for page in self._events(job_id, 0):
            yield from page["events"]
            if len(page["events"]) < EVENTS_PER_PAGE:
                return

    def follow(self, job_id: str) -> Iterator[dict[str, Any]]:
        """Return a job's events as they come, until it has ended.

        Where a Region took the job over from an earlier place than was read, {"rewound_to": N} comes before the events
        that count from there on: those above that sequence were superseded.
        """
        for page in self._events(job_id, LONGEST_WAIT_SECONDS):
            if page.get("rewound"):
                yield {"rewound_to": page["rewound_to"]}
            yield from page["events"]
            if page.get("finished"):
                return

    def _events(self, job_id: str, wait_seconds: int) -> Iterator[dict[str, Any]]:
        query: dict[str, Any] = {"after": 0, "limit": EVENTS_PER_PAGE}
        query |= {"wait": wait_seconds} if wait_seconds else {}
        while True:
            page = self._page("events", f"/jobs/{_segment(job_id)}/events", query)
            yield page
            query["after"] = page["next"]

    def jobs(self, *, status: str | None = None, agent: str | None = None) -> Iterator[dict[str, Any]]:
        """Return the tenant's jobs, newest first, fetched page by page as they are taken."""
        query: dict[str, Any] = {"limit": JOBS_PER_PAGE}
        query |= {name: value for name, value in (("status", status), ("agent", agent)) if value is not None}
        while True:
            page = self._page("jobs", "/jobs", query)
            yield from page["jobs"]
            if page["next"] is None:
                return
            query["before"] = page["next"]

    def approvals(self, group: str) -> Iterator[dict[str, Any]]:
        """Return what a group of people is asked and has not decided, the latest first."""
        query: dict[str, Any] = {"group": group}
        while True:
            page = self._page("approvals", "/approvals", query)
            yield from page["approvals"]
            if page["next"] is None:
                return
            query["after"] = page["next"]

    def decide(
        self, approval: str, *, approved: bool, by: str | None = None, comment: str = "", key: str | None = None
    ) -> dict[str, Any]:
        """Decide on an approval, once however often it is sent. Raises ApiRefused when somebody else was first."""
        body = {"approved": approved, "comment": comment, **({} if by is None else {"by": by})}
        return self._call("POST", f"/approvals/{_segment(approval)}", headers=_once(key), body=body)

    def signal(self, job_id: str, name: str, body: Any, *, key: str | None = None) -> dict[str, Any]:
        """Send a job a signal, one however often it is sent."""
        path = f"/jobs/{_segment(job_id)}/signals/{quote(name, safe='')}"
        return self._call("POST", path, headers=_once(key), body=body, has_body=True)

    def change(self, job_id: str, what: str, *, reason: str | None = None, key: str | None = None) -> dict[str, Any]:
        """Ask that a job be cancelled ("cancel"), paused ("pause") or resumed ("resume"), and return it."""
        body = {} if reason is None else {"reason": reason}
        return self._call("POST", f"/jobs/{_segment(job_id)}/{_segment(what)}", headers=_once(key), body=body)

    def cancel_all(self, *, agent: str | None = None, reason: str | None = None) -> Iterator[int]:
        """Ask that all unfinished jobs end, or those of one agent; page by page, with how many were asked in each."""
        given = {"agent": agent, "reason": reason}
        body: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        while True:
            page = self._call("POST", "/jobs/cancel", body=body)
            if not isinstance(page.get("cancelled"), int) or "next" not in page:
                raise ApiError(f"{self.url} answered without cancelled; is it the API?")
            yield page["cancelled"]
            if page["next"] is None:
                return
            body["before"] = page["next"]

    def set_switch(self, agent: str | None, *, paused: bool, reason: str | None = None) -> dict[str, Any]:
        """Pause all jobs of the tenant, or of one agent, or let them go on."""
        path = "/switches/tenant" if agent is None else f"/switches/agents/{quote(agent, safe='')}"
        return self._call("PUT", path, body={"paused": paused, **({} if reason is None else {"reason": reason})})

    def switches(self) -> dict[str, Any]:
        """Return what is paused."""
        return self._call("GET", "/switches")

    def webhook(self, method: str, name: str | None, action: str = "", body: Any = None) -> dict[str, Any]:
        """Set, show, delete, rotate or test a webhook of the tenant, as method and action say; list them all."""
        path = "/webhooks" if name is None else f"/webhooks/{quote(name, safe='')}{action}"
        return self._call(method, path, body=body)

    def set_limit(
        self,
        *,
        agent: str | None = None,
        key: str | None = None,
        concurrency: int | None = None,
        starts_per_minute: float | None = None,
    ) -> dict[str, Any]:
        """Limit the tenant's jobs, or those of one agent or key."""
        given = {"concurrency": concurrency, "starts_per_minute": starts_per_minute}
        body = {name: value for name, value in given.items() if value is not None}
        return self._call("PUT", _limit_path(agent, key), body=body)

    def clear_limit(self, *, agent: str | None = None, key: str | None = None) -> dict[str, Any]:
        """Limit nothing there any more."""
        return self._call("DELETE", _limit_path(agent, key))

    def limits(self) -> dict[str, Any]:
        """Return the limits that hold."""
        return self._call("GET", "/limits")

    def set_schedule(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Write a schedule and return it as it stands."""
        return self._call("PUT", f"/schedules/{_segment(name)}", body=body)

    def schedules(self, fires: int) -> dict[str, Any]:
        """Return the tenant's schedules, each with so many of its next fires."""
        return self._call("GET", "/schedules", query={"fires": fires})

    def schedule(self, name: str, fires: int) -> dict[str, Any]:
        """Return one schedule with so many of its next fires."""
        return self._call("GET", f"/schedules/{_segment(name)}", query={"fires": fires})

    def delete_schedule(self, name: str) -> dict[str, Any]:
        """Delete a schedule."""
        return self._call("DELETE", f"/schedules/{_segment(name)}")

    def agents(self) -> dict[str, Any]:
        """Return the agents that jobs can be submitted to."""
        return self._call("GET", "/agents")

    def regions(self) -> dict[str, Any]:
        """Return what the Region that answers knows of both."""
        return self._call("GET", "/regions")

    def move_region(self, region: str, *, away: bool, reason: str | None = None) -> dict[str, Any]:
        """Tell a Region to go, or to come back."""
        body = {} if reason is None else {"reason": reason}
        path = f"/regions/{quote(region, safe='')}/{'evacuate' if away else 'return'}"
        return self._call("POST", path, body=body)

    def dead_letters(self, meant: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Return the dead letters that a filter takes, the latest first."""
        query: dict[str, Any] = {**meant, "limit": JOBS_PER_PAGE}
        while True:
            page = self._page("dead_letters", "/dead-letters", query)
            yield from page["dead_letters"]
            if page["next"] is None:
                return
            query["before"] = page["next"]

    def redrive(self, body: Json, *, key: str | None = None) -> dict[str, Any]:
        """Begin a redrive, one however often it is sent, and return its job; or the preview of one."""
        return self._call("POST", "/dead-letters/redrive", headers=_once(key), body=body)

    def dismiss(self, body: Json) -> dict[str, Any]:
        """Dismiss a page of dead letters, or preview it."""
        return self._call("POST", "/dead-letters/dismiss", body=body)

    def health(self) -> dict[str, Any]:
        """Return the answer of the Region's health check."""
        return self._call("GET", "/health")

    def _page(self, name: str, path: str, query: Mapping[str, Any]) -> dict[str, Any]:
        page = self._call("GET", path, query=query)
        if not isinstance(page.get(name), list) or "next" not in page:
            raise ApiError(f"{self.url} answered without {name}; is it the API?")
        return page

    def _call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        has_body: bool = False,
    ) -> dict[str, Any]:
        content = None if body is None and not has_body else json.dumps(body).encode()
        typed = {**(headers or {}), **({"Content-Type": "application/json"} if content is not None else {})}
        deadline = self._clock() + self._patience_seconds
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return self._once(method, path, typed, query, content)
            except ApiRefused as refused:
                failure: ApiError = refused
                if refused.status not in PASSING:
                    raise
                wait = refused.retry_after if refused.retry_after is not None else pause
            except ApiUnreachable as unreachable:
                failure, wait = unreachable, pause
            self._on_failed_try(failure)
            if self._clock() + wait > deadline:
                raise failure
            self._sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _once(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        query: Mapping[str, Any] | None,
        content: bytes | None,
    ) -> dict[str, Any]:
        try:
            response = self._http.request(method, self.url + path, params=query, headers=headers, content=content)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise ApiError(f"{self.url} is no address of the API: {error}") from error
        except (httpx.LocalProtocolError, UnicodeEncodeError) as error:
            raise ApiError(f"token or key cannot be sent in a header: {error}") from error
        except httpx.RequestError as error:
            said = " ".join(str(error).split()) or type(error).__name__
            raise ApiUnreachable(f"{self.url} does not answer: {said}") from error
        answer = _parsed(response)
        if response.status_code >= 400:
            raise _refusal(response, answer)
        if not isinstance(answer, dict):
            raise ApiError(f"{self.url} answered {response.status_code}, but not with a JSON object; is it the API?")
        return answer


def _parsed(response: httpx.Response) -> object:
    try:
        return response.json()
    except ValueError:
        return None


def _refusal(response: httpx.Response, answer: object) -> ApiRefused:
    """API Gateway itself speaks of a `message`; behind it everything speaks of problems."""
    said: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
    detail = said.get("detail") or said.get("message") or " ".join(response.text.split())[:200] or "no reason given"
    after = response.headers.get("Retry-After", "")
    seconds = float(after) if after.isdigit() else None
    code = str(said.get("code") or "no_code")
    return ApiRefused(response.status_code, code, str(detail), said.get("field"), seconds)


def _limit_path(agent: str | None, key: str | None) -> str:
    if agent is not None:
        return f"/limits/agents/{quote(agent, safe='')}"
    return "/limits/tenant" if key is None else f"/limits/keys/{quote(key, safe=SESSION_NAME_SIGNS)}"


def _once(key: str | None) -> dict[str, str]:
    """However often it is sent, it happens once."""
    return {"Idempotency-Key": key or secrets.token_urlsafe(18)}


def _preference(wait_seconds: int) -> dict[str, str]:
    return {"Prefer": f"wait={wait_seconds}"} if wait_seconds else {}


def _segment(job_id: str) -> str:
    """A job id as part of a path; what is none must not become another path."""
    return "".join(character if character.isalnum() or character in "_-" else "_" for character in job_id)
