"""The API's client for Python, for threads and for tasks: one address, one token, both Regions.

    client = AntipodeClient("https://api.example.com/v1", token, regions=("us-east-1", "us-west-2"))

A caller notices the loss of a Region as one slow call at most: what fails or hangs there is sent to the other one, with
the same idempotency key, and the calls after it go there at once. What is decided, and why, is in `client_failover`,
what is sent in `client_calls`: this class, and `AsyncAntipodeClient`, only carry that out. A test holds them alike.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self, TypeVar, Unpack

import httpx

from functions.sdk import client_calls as calls
from functions.sdk import client_queue_calls as queue_calls
from functions.sdk import client_setting_calls as setting_calls
from functions.sdk.answers import (
    Agents,
    ApprovalAsked,
    ChangedJob,
    DecisionTaken,
    Health,
    Job,
    JobEvent,
    Limits,
    LimitSet,
    SignalSent,
    Switches,
    SwitchSet,
)
from functions.sdk.client_calls import Flow, Item, Rewound, Stream, SubmitOptions
from functions.sdk.client_errors import (
    ApiError,
    ApiRefused,
    ApiUnreachable,
    Busy,
    Conflict,
    Invalid,
    JobNotFinished,
    NotAllowed,
    NotFound,
    NotTheApi,
    Unavailable,
)
from functions.sdk.client_failover import Failover, addresses_of
from functions.sdk.client_for_tasks import AsyncAntipodeClient
from functions.sdk.client_queue_calls import LetterFilter, RedriveTerms
from functions.sdk.client_setting_calls import ScheduleOptions, WebhookOptions
from functions.sdk.client_time import ClientTime, RealTime
from functions.sdk.client_transport import SyncTransport
from functions.sdk.dead_letter_answers import DeadLetter, DeadLetterPreview
from functions.sdk.region_answers import RegionMoved, Regions
from functions.sdk.schedule_answers import ScheduleDeleted, SchedulePage, ScheduleSet, ScheduleShown
from functions.sdk.session_answers import Session
from functions.sdk.webhook_answers import TestEvent, Webhooks, WebhookSet, WebhookShown

__all__ = [
    "AntipodeClient",
    "ApiError",
    "ApiRefused",
    "ApiUnreachable",
    "AsyncAntipodeClient",
    "Busy",
    "Conflict",
    "Invalid",
    "Job",
    "JobEvent",
    "JobNotFinished",
    "LetterFilter",
    "NotAllowed",
    "NotFound",
    "NotTheApi",
    "RedriveTerms",
    "Rewound",
    "ScheduleOptions",
    "SubmitOptions",
    "Unavailable",
    "WebhookOptions",
]

T = TypeVar("T")


class AntipodeClient:
    """For threads, which may share one. Iterators fetch as they are taken.

    Every call raises ApiError: Invalid, NotAllowed, NotFound or Conflict at once; Busy, Unavailable or ApiUnreachable
    after `patience_seconds`. `on_failed_try` hears of each try that failed and is made again.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        regions: Sequence[str] = (),
        patience_seconds: float = 30.0,
        on_failed_try: Callable[[ApiError], None] = lambda _: None,
        transport: httpx.BaseTransport | None = None,
        time: ClientTime | None = None,
    ) -> None:
        time = time or RealTime()
        self._key, self._now = time.key, time.monotonic
        failover = Failover(addresses_of(url, regions), patience_seconds, time.monotonic)
        self._transport = SyncTransport(failover, token, time, on_failed_try, transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def submit(self, agent: str, given: Any, **options: Unpack[SubmitOptions]) -> Job:
        """Submit a job: however often it is sent, and to whichever Region, it is one job.

        `given` is its input, any JSON; a large one is uploaded first. Raises ApiError.
        """
        return self._run(calls.submit(self._key, agent, given, options))

    def job(self, job_id: str) -> Job:
        """Read a job."""
        return self._run(calls.job(job_id))

    def wait(self, job_id: str, seconds: float = 300.0) -> Job:
        """Read a job when it has ended. Raises JobNotFinished if it has not by then."""
        return self._run(calls.wait(job_id, seconds, self._now))

    def run(self, agent: str, given: Any, seconds: float = 300.0, **options: Unpack[SubmitOptions]) -> Job:
        """Submit a job and read it when it has ended. Raises JobNotFinished, which names it, if it has not by then."""
        return self._run(calls.run(self._key, agent, given, seconds, self._now, options))

    def jobs(self, *, status: str | None = None, agent: str | None = None) -> Iterator[Job]:
        """List the tenant's jobs, newest first, fetched page by page as they are taken."""
        return self._stream(calls.jobs(status, agent))

    def events(self, job_id: str, after: str | int = 0) -> Iterator[JobEvent | Rewound]:
        """Read a job's history, as far as it goes."""
        return self._stream(calls.events(job_id, after, follow=False))

    def follow(self, job_id: str, after: str | int = 0) -> Iterator[JobEvent | Rewound]:
        """Read a job's events as they come, until it has ended, from Region to Region.

        `Rewound` comes where another Region took the job over from an earlier event than was read.
        """
        return self._stream(calls.events(job_id, after, follow=True))

    def cancel(self, job_id: str, *, reason: str | None = None, key: str | None = None) -> ChangedJob:
        """Ask that a job end; its agent may undo its work first."""
        return self._run(calls.change(self._key, job_id, "cancel", reason, key))

    def pause(self, job_id: str, *, reason: str | None = None, key: str | None = None) -> ChangedJob:
        """Ask that a job do nothing until it is resumed."""
        return self._run(calls.change(self._key, job_id, "pause", reason, key))

    def resume(self, job_id: str, *, reason: str | None = None, key: str | None = None) -> ChangedJob:
        """Ask that a paused or stopped job go on."""
        return self._run(calls.change(self._key, job_id, "resume", reason, key))

    def cancel_jobs(self, *, agent: str | None = None, reason: str | None = None) -> int:
        """Ask that all unfinished jobs end, or those of one agent; return how many were asked."""
        return self._run(calls.cancel_jobs(agent, reason))

    def signal(self, job_id: str, name: str, body: Any = None, *, key: str | None = None) -> SignalSent:
        """Send a job a signal, one however often it is sent."""
        return self._run(calls.signal(self._key, job_id, name, body, key))

    def approvals(self, group: str) -> Iterator[ApprovalAsked]:
        """List what a group of people is asked and has not decided, the latest first."""
        return self._stream(calls.approvals(group))

    def decide(
        self, approval: str, *, approved: bool, by: str | None = None, comment: str = "", key: str | None = None
    ) -> DecisionTaken:
        """Decide on an approval. Raises Conflict, with the decision in its problem, when somebody was first."""
        return self._run(calls.decide(self._key, approval, approved, by, comment, key))

    def session(self, name: str) -> Session:
        """Read a conversation."""
        return self._run(calls.session(name))

    def set_switch(self, agent: str | None = None, *, paused: bool, reason: str | None = None) -> SwitchSet:
        """Hold up all jobs of the tenant, or of one agent, or let them go on."""
        return self._run(calls.set_switch(agent, paused, reason))

    def switches(self) -> Switches:
        """Read what is held up."""
        return self._run(calls.switches())

    def dead_letters(self, **meant: Unpack[LetterFilter]) -> Iterator[DeadLetter]:
        """List what has failed for good, the latest first: jobs, unreadable messages, undelivered webhooks."""
        return self._stream(queue_calls.dead_letters(meant))

    def preview_dead_letters(
        self, *, ids: Sequence[str] | None = None, meant: LetterFilter | None = None
    ) -> DeadLetterPreview:
        """Count the dead letters that `ids` or a filter mean, and show the first of them."""
        return self._run(queue_calls.preview(ids, meant))

    def redrive(
        self, *, ids: Sequence[str] | None = None, meant: LetterFilter | None = None, **terms: Unpack[RedriveTerms]
    ) -> Job:
        """Have dead letters go on; return the job that sees to it, at its rate: it can be waited for and cancelled."""
        return self._run(queue_calls.redrive(self._key, ids, meant, terms))

    def dismiss(self, *, ids: Sequence[str] | None = None, meant: LetterFilter | None = None) -> int:
        """Take dead letters off the list; return how many."""
        return self._run(queue_calls.dismiss(ids, meant))

    def limits(self) -> Limits:
        """Read the limits that hold."""
        return self._run(queue_calls.limits())

    def set_limit(
        self,
        *,
        agent: str | None = None,
        key: str | None = None,
        concurrency: int | None = None,
        starts_per_minute: float | None = None,
    ) -> LimitSet:
        """Limit the tenant's jobs, or those of one agent or key, in each Region."""
        return self._run(queue_calls.set_limit(agent, key, concurrency, starts_per_minute))

    def clear_limit(self, *, agent: str | None = None, key: str | None = None) -> LimitSet:
        """Limit nothing there any more."""
        return self._run(queue_calls.clear_limit(agent, key))

    def set_schedule(
        self, name: str, cron: str, agent: str, given: Any, **options: Unpack[ScheduleOptions]
    ) -> ScheduleSet:
        """Write a schedule, over the one of that name if there is one: `cron` has five fields, `given` is the input."""
        return self._run(setting_calls.set_schedule(name, cron, agent, given, options))

    def delete_schedule(self, name: str) -> ScheduleDeleted:
        """Delete a schedule; the jobs that it has fired go on."""
        return self._run(setting_calls.delete_schedule(name))

    def schedule(self, name: str, *, fires: int | None = None) -> ScheduleShown:
        """Read a schedule, with so many of its next fires."""
        return self._run(setting_calls.schedule(name, fires))

    def schedules(self, *, fires: int | None = None) -> SchedulePage:
        """Read all schedules, each with so many of its next fires."""
        return self._run(setting_calls.schedules(fires))

    def set_webhook(
        self, name: str, url: str, events: Sequence[str] = ("*",), **options: Unpack[WebhookOptions]
    ) -> WebhookSet:
        """Have events posted to an address. A new webhook's `secret` is in the answer, and never again.

        If that answer is lost, and the client sends it again, the secret is not in the second one: rotate it then.
        """
        return self._run(setting_calls.set_webhook(name, url, events, options))

    def delete_webhook(self, name: str) -> WebhookSet:
        """Have nothing more posted to it."""
        return self._run(setting_calls.delete_webhook(name))

    def rotate_webhook(self, name: str) -> WebhookSet:
        """Make a new signing secret, shown once; the one before signs beside it for a day. Never sent twice."""
        return self._run(setting_calls.rotate_webhook(name))

    def test_webhook(self, name: str) -> TestEvent:
        """Have a test event posted."""
        return self._run(setting_calls.test_webhook(name))

    def webhook(self, name: str) -> WebhookShown:
        """Read a webhook, its breaker and its last deliveries, as each Region sees them."""
        return self._run(setting_calls.webhook(name))

    def webhooks(self) -> Webhooks:
        """Read all webhooks, without their secrets."""
        return self._run(setting_calls.webhooks())

    def agents(self) -> Agents:
        """Read which agents jobs can be submitted to."""
        return self._run(calls.agents())

    def regions(self) -> Regions:
        """Read how both Regions are, as the one that answers sees it."""
        return self._run(calls.regions())

    def evacuate(self, region: str, *, reason: str | None = None) -> RegionMoved:
        """Have a Region hand its jobs over and take on no work. Needs the scope `regions:move`."""
        return self._run(calls.move_region(region, away=True, reason=reason))

    def return_region(self, region: str, *, reason: str | None = None) -> RegionMoved:
        """Have a Region take on work again. Needs the scope `regions:move`."""
        return self._run(calls.move_region(region, away=False, reason=reason))

    def health(self) -> Health:
        """Read whether the Region that answers can serve."""
        return self._run(calls.health())

    def openapi(self) -> dict[str, Any]:
        """Read the API's own description: an OpenAPI 3.1 document."""
        return self._run(calls.openapi())

    def _run(self, flow: Flow[T]) -> T:
        try:
            call = next(flow)
            while True:
                try:
                    given = self._transport.carry_out(call)
                except ApiError as error:
                    call = flow.throw(error)
                else:
                    call = flow.send(given)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # a generator's value has its type in the annotation

    def _stream(self, stream: Stream[T]) -> Iterator[T]:
        try:
            step = next(stream)
            while True:
                if isinstance(step, Item):
                    yield step.value
                    step = stream.send(None)
                    continue
                try:
                    given = self._transport.carry_out(step)
                except ApiError as error:
                    step = stream.throw(error)
                else:
                    step = stream.send(given)
        except StopIteration:
            return
