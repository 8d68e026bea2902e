"""What a client sends for each thing that it can be asked, and how it reads the answer: the same for threads and tasks.

Each function is a flow: it yields calls, is given what their answers are read as, and returns its own value. A stream
yields `Item`s as well, for whoever iterates.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeAlias, TypedDict, TypeVar
from urllib.parse import quote

from functions.sdk.answers import (
    Agents,
    Answer,
    ApprovalAsked,
    ApprovalPage,
    ChangedJob,
    DecisionTaken,
    EventPage,
    Health,
    Job,
    JobEvent,
    JobPage,
    JobsCancelled,
    SignalSent,
    Switches,
    SwitchSet,
    UploadOpened,
)
from functions.sdk.client_errors import ApiUnreachable, JobNotFinished, NotFound
from functions.sdk.client_failover import WRITE_SECONDS, Call
from functions.sdk.region_answers import RegionMoved, Regions
from functions.sdk.session_answers import Session

T = TypeVar("T")
A = TypeVar("A", bound=Answer)
Flow: TypeAlias = Generator[Call[Any], Any, T]

#: An input whose JSON is larger is uploaded first: a request may have 4 MB in all.
LARGEST_SENT_BYTES = 3_500_000
JOBS_PER_PAGE = 100
EVENTS_PER_PAGE = 500
#: A longer wait is several questions: the shorter one is, the sooner it is noticed that a Region hangs.
WAIT_SECONDS = 10
#: Within so many seconds a Region that is well answers a question that needs many reads, and a wait that is over.
READ_SECONDS = 4.0
GRACE_SECONDS = 2.0
#: A line that is slower than this many bytes a second is held for a Region that hangs.
SLOWEST_LINE = 500_000
#: These may stand in a path as they are.
SIGNS_IN_A_PATH = ":@"


class SubmitOptions(TypedDict, total=False):
    """What may be said of a job beside its agent and input; what is left out is left to the API's defaults.

    `key`: the same key and body is the same job, however often it is submitted. It is made up if left out.
    """

    lane: str
    delay_seconds: float
    run_at: str
    deadline: str
    budget: Mapping[str, int]
    callback_url: str
    tags: Mapping[str, str]
    session: str | Mapping[str, str]
    limit_keys: Sequence[str]
    key: str


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """One thing for whoever iterates."""

    value: T


@dataclass(frozen=True, slots=True)
class Rewound:
    """What was read of a job above this sequence number was superseded; the events that count come next."""

    sequence: int


Stream: TypeAlias = Generator[Call[Any] | Item[T], Any, None]


def ask(call: Call[T]) -> Flow[T]:
    """Make one call."""
    answer: T = yield call
    return answer


def ask_anywhere(call: Call[T]) -> Flow[T]:
    """Make a call about one job, and once more elsewhere where it is not known: it may not have been replicated yet."""
    try:
        return (yield from ask(call))
    except NotFound:
        return (yield from ask(replace(call, elsewhere=not call.elsewhere)))


def submit(new_key: Callable[[], str], agent: str, given: Any, options: SubmitOptions) -> Flow[Job]:
    """Submit a job."""
    fields: dict[str, Any] = {name: value for name, value in options.items() if name != "key" and value is not None}
    content = json.dumps(given).encode()
    if len(content) > LARGEST_SENT_BYTES:
        given = yield from upload(content)
    body = {"agent": agent, "input": given, **fields}
    return (yield from ask(posting("/jobs", body, Job, options.get("key") or new_key())))


def upload(content: bytes) -> Flow[dict[str, Any]]:
    """Upload a value's JSON and return the reference to it, once more if the Region dies that was to keep it."""
    asked = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    try:
        return (yield from _upload(asked, content))
    except ApiUnreachable:
        return (yield from _upload(asked, content, elsewhere=True))


def _upload(asked: Mapping[str, Any], content: bytes, *, elsewhere: bool = False) -> Flow[dict[str, Any]]:
    opened: UploadOpened = yield posting("/payloads", asked, UploadOpened, None, elsewhere=elsewhere)
    request = opened.upload
    headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
    yield Call(
        method=request.method,
        path="",
        address=request.url,
        headers=headers,
        content=content,
        read=lambda _: None,
        longest_seconds=120.0 + len(content) / SLOWEST_LINE,
    )
    return opened.reference


def job(job_id: str, wait_seconds: int = 0) -> Flow[Job]:
    """Read a job, at once or when it has ended."""
    headers = {"Prefer": f"wait={wait_seconds}"} if wait_seconds else {}
    limit = wait_seconds + GRACE_SECONDS
    return (yield from ask_anywhere(asking(f"/jobs/{segment(job_id)}", Job, headers=headers, seconds=limit)))


def wait(job_id: str, seconds: float, now: Callable[[], float]) -> Flow[Job]:
    """Read a job when it has ended. Raises JobNotFinished when the time is over before."""
    end = now() + seconds
    while True:
        found = yield from job(job_id, max(0, min(WAIT_SECONDS, int(end - now()))))
        if found.finished:
            return found
        if end - now() < 1:
            raise JobNotFinished(found.id, found.status)


def run(
    new_key: Callable[[], str], agent: str, given: Any, seconds: float, now: Callable[[], float], options: SubmitOptions
) -> Flow[Job]:
    """Submit a job, and read it when it has ended. Raises JobNotFinished when the time is over before."""
    end = now() + seconds
    accepted = yield from submit(new_key, agent, given, options)
    return (yield from wait(accepted.id, end - now(), now))


def jobs(status: str | None, agent: str | None) -> Stream[Job]:
    """List jobs, newest first."""
    query = {"limit": JOBS_PER_PAGE, **_given(status=status, agent=agent)}
    while True:
        page: JobPage = yield asking("/jobs", JobPage, query=query)
        for each in page.jobs:
            yield Item(each)
        if page.next is None:
            return
        query["before"] = page.next


def events(job_id: str, after: str | int, *, follow: bool) -> Stream[JobEvent | Rewound]:
    """Read a history from a place on; `follow` it until the job has ended, from Region to Region."""
    query: dict[str, str | int] = {"after": after, "limit": EVENTS_PER_PAGE}
    query |= {"wait": WAIT_SECONDS} if follow else {}
    elsewhere = False
    while True:
        limit = WAIT_SECONDS + GRACE_SECONDS if follow else READ_SECONDS
        path = f"/jobs/{segment(job_id)}/events"
        page = yield from ask_anywhere(asking(path, EventPage, query=query, seconds=limit, elsewhere=elsewhere))
        if page.rewound_to is not None:
            yield Item(Rewound(page.rewound_to))
        for each in page.events:
            yield Item(each)
        if page.finished or (not follow and not page.behind and len(page.events) < EVENTS_PER_PAGE):
            return
        query["after"], elsewhere = page.next, elsewhere != page.behind


def change(new_key: Callable[[], str], job_id: str, what: str, reason: str | None, key: str | None) -> Flow[ChangedJob]:
    """Ask that a job be cancelled, paused or resumed."""
    path = f"/jobs/{segment(job_id)}/{what}"
    return (yield from ask_anywhere(posting(path, _given(reason=reason), ChangedJob, key or new_key())))


def cancel_jobs(agent: str | None, reason: str | None) -> Flow[int]:
    """Ask that all unfinished jobs end. Begun again it asks only those that have not been asked."""
    body, count = _given(agent=agent, reason=reason), 0
    while True:
        page: JobsCancelled = yield posting("/jobs/cancel", body, JobsCancelled, None, seconds=30.0)
        count += page.cancelled
        if page.next is None:
            return count
        body["before"] = page.next


def signal(new_key: Callable[[], str], job_id: str, name: str, body: Any, key: str | None) -> Flow[SignalSent]:
    """Send a job a signal."""
    path = f"/jobs/{segment(job_id)}/signals/{quote(name, safe='')}"
    return (yield from ask_anywhere(posting(path, body, SignalSent, key or new_key())))


def approvals(group: str) -> Stream[ApprovalAsked]:
    """List what a group is asked."""
    query: dict[str, str | int] = {"group": group}
    while True:
        page: ApprovalPage = yield asking("/approvals", ApprovalPage, query=query)
        for each in page.approvals:
            yield Item(each)
        if page.next is None:
            return
        query["after"] = page.next


def decide(
    new_key: Callable[[], str], approval: str, approved: bool, by: str | None, comment: str, key: str | None
) -> Flow[DecisionTaken]:
    """Decide on an approval."""
    body = {"approved": approved, "comment": comment, **_given(by=by)}
    return (yield from ask_anywhere(posting(f"/approvals/{segment(approval)}", body, DecisionTaken, key or new_key())))


def session(name: str) -> Flow[Session]:
    """Read a conversation."""
    return (yield from ask(asking(f"/sessions/{quote(name, safe=SIGNS_IN_A_PATH)}", Session)))


def set_switch(agent: str | None, paused: bool, reason: str | None) -> Flow[SwitchSet]:
    """Hold up all jobs of the tenant or of an agent, or let them go on."""
    path = "/switches/tenant" if agent is None else f"/switches/agents/{quote(agent, safe='')}"
    body = {"paused": paused, **_given(reason=reason)}
    return (yield from ask(sending("PUT", path, body, SwitchSet, None)))


def switches() -> Flow[Switches]:
    """Read what is held up."""
    return (yield from ask(asking("/switches", Switches)))


def agents() -> Flow[Agents]:
    """Read what can be submitted."""
    return (yield from ask(asking("/agents", Agents)))


def move_region(region: str, *, away: bool, reason: str | None) -> Flow[RegionMoved]:
    """Tell a Region to go, or to come back."""
    path = f"/regions/{quote(region, safe='')}/{'evacuate' if away else 'return'}"
    body = {} if reason is None else {"reason": reason}
    return (yield from ask(posting(path, body, RegionMoved, None)))


def regions() -> Flow[Regions]:
    """Read how both Regions are."""
    return (yield from ask(asking("/regions", Regions)))


def health() -> Flow[Health]:
    """Read whether the Region that answers can serve."""
    return (yield from ask(asking("/health", Health)))


def openapi() -> Flow[dict[str, Any]]:
    """Read the API's description."""
    call: Call[dict[str, Any]] = Call(method="GET", path="/openapi.json", read=dict, seconds=READ_SECONDS)
    return (yield from ask(call))


def segment(job_id: str) -> str:
    """Return an id as part of a path; what is none must not become another path."""
    return "".join(character if character.isalnum() or character in "_-" else "_" for character in job_id)


def _given(**fields: str | None) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def asking(
    path: str,
    model: type[A],
    *,
    query: Mapping[str, str | int] | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = READ_SECONDS,
    elsewhere: bool = False,
) -> Call[A]:
    """Return a call that only reads."""
    return Call(
        method="GET",
        path=path,
        read=model.model_validate,
        query=dict(query or {}),
        headers=dict(headers or {}),
        seconds=seconds,
        elsewhere=elsewhere,
    )


def posting(
    path: str, body: Any, model: type[A], key: str | None, *, seconds: float = WRITE_SECONDS, elsewhere: bool = False
) -> Call[A]:
    """Return a call that has something done once, however often it is sent."""
    return sending("POST", path, body, model, key, seconds=seconds, elsewhere=elsewhere)


def sending(
    method: Literal["POST", "PUT", "DELETE"],
    path: str,
    body: Any,
    model: type[A],
    key: str | None,
    *,
    seconds: float = WRITE_SECONDS,
    elsewhere: bool = False,
) -> Call[A]:
    """Return a call that changes something. What has no key is, by its nature, the same when it is sent twice."""
    content = None if method == "DELETE" else json.dumps(body).encode()
    return Call(
        method=method,
        path=path,
        read=model.model_validate,
        headers={} if key is None else {"Idempotency-Key": key},
        content=content,
        seconds=seconds + len(content or b"") / SLOWEST_LINE,
        elsewhere=elsewhere,
    )
