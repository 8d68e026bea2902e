"""The API for the command line, the demo and the drills: sent as the Python client sends it, answers as they came.

`--json` prints what the API has said, also what this release does not know of, so answers are not made into models.
All else is the client's: whom to ask and when to turn (`client_failover`), how it is sent (`client_transport`), and
what is raised (`client_errors`), in one line that a person can read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import quote

import httpx

from functions.sdk.client_calls import GRACE_SECONDS, SLOWEST_LINE
from functions.sdk.client_errors import ApiError, ApiRefused, ApiUnreachable, NotFound
from functions.sdk.client_failover import Call, Failover, addresses_of
from functions.sdk.client_time import ClientTime, RealTime
from functions.sdk.client_transport import SyncTransport

__all__ = ["ApiClient", "ApiError", "ApiRefused", "ApiUnreachable", "Submission"]

Json = Mapping[str, Any]

#: Where there is one address an answer may take so long, unless it is said otherwise.
ANSWER_SECONDS = 30.0
JOBS_PER_PAGE = 100
EVENTS_PER_PAGE = 500
#: One answer waits no longer than this.
LONGEST_WAIT_SECONDS = 20
#: Within this a Region that is well answers a command. A program gives what writes 1.4 s and keeps its connections;
#: each command makes its own, and people would rather wait than read that a Region was left which was merely slow.
PATIENT_SECONDS = 4.0
#: What looks at many jobs may take as long as API Gateway lets it.
LONG_SECONDS = 30.0
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
    """An API and one token. Threads may share it.

    `regions` are the Regions' own addresses, or their names: a call that fails or hangs in one goes to the other at
    once. Without them `url` is asked again, for as long as there is patience.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        regions: Sequence[str] = (),
        transport: httpx.BaseTransport | None = None,
        patience_seconds: float = 30.0,
        on_failed_try: Callable[[ApiError], None] = lambda _: None,
        answer_seconds: float = ANSWER_SECONDS,
        time: ClientTime | None = None,
    ) -> None:
        time = time or RealTime()
        self.url = url.rstrip("/")
        self._new_key = time.key
        self._answer_seconds = answer_seconds
        addresses = addresses_of(url, regions)
        self._has_regions = len(addresses) > 1
        failover = Failover(addresses, patience_seconds, time.monotonic)
        self._transport = SyncTransport(failover, token, time, on_failed_try, transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def submit(self, submission: Submission, *, key: str | None = None, wait_seconds: int = 0) -> dict[str, Any]:
        """Submit a job and return it, if asked as it stands after at most `wait_seconds`."""
        headers = {**self._once(key), **_preference(wait_seconds)}
        return self._call("POST", "/jobs", headers=headers, body=submission.body(), seconds=_waiting(wait_seconds))

    def open_upload(self, size: int, sha256: str, *, elsewhere: bool = False) -> dict[str, Any]:
        """Return how to upload an input of so many bytes, and the reference to submit afterwards.

        `elsewhere`: by another Region than the first that is well, for that one's store does not answer.
        """
        return self._call("POST", "/payloads", body={"bytes": size, "sha256": sha256}, elsewhere=elsewhere)

    def job(self, job_id: str, *, wait_seconds: int = 0) -> dict[str, Any]:
        """Return one job."""
        path = f"/jobs/{_segment(job_id)}"
        return self._call("GET", path, headers=_preference(wait_seconds), seconds=_waiting(wait_seconds))

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
            page = self._page("events", f"/jobs/{_segment(job_id)}/events", query, _waiting(wait_seconds))
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
        return self._call("POST", f"/approvals/{_segment(approval)}", headers=self._once(key), body=body)

    def signal(self, job_id: str, name: str, body: Any, *, key: str | None = None) -> dict[str, Any]:
        """Send a job a signal, one however often it is sent."""
        path = f"/jobs/{_segment(job_id)}/signals/{quote(name, safe='')}"
        return self._call("POST", path, headers=self._once(key), body=body, has_body=True)

    def change(self, job_id: str, what: str, *, reason: str | None = None, key: str | None = None) -> dict[str, Any]:
        """Ask that a job be cancelled ("cancel"), paused ("pause") or resumed ("resume"), and return it."""
        body = {} if reason is None else {"reason": reason}
        return self._call("POST", f"/jobs/{_segment(job_id)}/{_segment(what)}", headers=self._once(key), body=body)

    def cancel_all(self, *, agent: str | None = None, reason: str | None = None) -> Iterator[int]:
        """Ask that all unfinished jobs end, or those of one agent; page by page, with how many were asked in each."""
        given = {"agent": agent, "reason": reason}
        body: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        while True:
            page = self._call("POST", "/jobs/cancel", body=body, seconds=LONG_SECONDS)
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
        """Set, show, delete, rotate or test a webhook of the tenant, as method and action say; list them all.

        A secret is rotated once, whatever comes of it: twice would leave receivers without the one that they know.
        """
        path = "/webhooks" if name is None else f"/webhooks/{quote(name, safe='')}{action}"
        return self._call(method, path, body=body, repeatable=action != "/rotate")

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
        seconds = LONG_SECONDS if body.get("preview") else None
        return self._call("POST", "/dead-letters/redrive", headers=self._once(key), body=body, seconds=seconds)

    def dismiss(self, body: Json) -> dict[str, Any]:
        """Dismiss a page of dead letters, or preview it."""
        return self._call("POST", "/dead-letters/dismiss", body=body, seconds=LONG_SECONDS)

    def health(self) -> dict[str, Any]:
        """Return the answer of the Region's health check."""
        return self._call("GET", "/health")

    def _page(self, name: str, path: str, query: Mapping[str, Any], seconds: float | None = None) -> dict[str, Any]:
        page = self._call("GET", path, query=query, seconds=seconds)
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
        seconds: float | None = None,
        repeatable: bool = True,
        elsewhere: bool = False,
    ) -> dict[str, Any]:
        """Return an answer. `seconds`: a Region that is well answers within it. Raises ApiError."""
        seconds = PATIENT_SECONDS if seconds is None else seconds
        content = None if body is None and not has_body else json.dumps(body).encode()
        call: Call[dict[str, Any]] = Call(
            method=method,
            path=path,
            read=dict,
            query=dict(query or {}),
            headers=dict(headers or {}),
            content=content,
            repeatable=repeatable,
            elsewhere=elsewhere,
            seconds=seconds + len(content or b"") / SLOWEST_LINE,
            longest_seconds=max(self._answer_seconds, seconds),
        )
        try:
            return self._transport.carry_out(call)
        except NotFound:
            if not self._has_regions or not path.startswith(("/jobs/", "/approvals/")):
                raise
            # It may not have been replicated yet.
            return self._transport.carry_out(replace(call, elsewhere=not elsewhere))

    def _once(self, key: str | None) -> dict[str, str]:
        """However often it is sent, it happens once."""
        return {"Idempotency-Key": key or self._new_key()}


def _limit_path(agent: str | None, key: str | None) -> str:
    if agent is not None:
        return f"/limits/agents/{quote(agent, safe='')}"
    return "/limits/tenant" if key is None else f"/limits/keys/{quote(key, safe=SESSION_NAME_SIGNS)}"


def _waiting(wait_seconds: int) -> float | None:
    """Return within what a Region that is well answers a call that is to wait."""
    return wait_seconds + GRACE_SECONDS if wait_seconds else None


def _preference(wait_seconds: int) -> dict[str, str]:
    return {"Prefer": f"wait={wait_seconds}"} if wait_seconds else {}


def _segment(job_id: str) -> str:
    """A job id as part of a path; what is none must not become another path."""
    return "".join(character if character.isalnum() or character in "_-" else "_" for character in job_id)
