"""The API's client for tasks: `AntipodeClient`, awaited."""

from collections.abc import AsyncIterator, Callable, Sequence
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
from functions.sdk.client_errors import ApiError
from functions.sdk.client_failover import Failover, addresses_of
from functions.sdk.client_queue_calls import LetterFilter, RedriveTerms
from functions.sdk.client_setting_calls import ScheduleOptions, WebhookOptions
from functions.sdk.client_time import ClientTime, RealTime
from functions.sdk.client_transport import AsyncTransport
from functions.sdk.dead_letter_answers import DeadLetter, DeadLetterPreview
from functions.sdk.region_answers import RegionMoved, Regions
from functions.sdk.schedule_answers import ScheduleDeleted, SchedulePage, ScheduleSet, ScheduleShown
from functions.sdk.session_answers import Session
from functions.sdk.webhook_answers import TestEvent, Webhooks, WebhookSet, WebhookShown

T = TypeVar("T")


class AsyncAntipodeClient:
    """The same for tasks."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        regions: Sequence[str] = (),
        patience_seconds: float = 30.0,
        on_failed_try: Callable[[ApiError], None] = lambda _: None,
        transport: httpx.AsyncBaseTransport | None = None,
        time: ClientTime | None = None,
    ) -> None:
        time = time or RealTime()
        self._key, self._now = time.key, time.monotonic
        failover = Failover(addresses_of(url, regions), patience_seconds, time.monotonic)
        self._transport = AsyncTransport(failover, token, time, on_failed_try, transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def submit(self, agent: str, given: Any, **options: Unpack[SubmitOptions]) -> Job:
        """Submit a job: however often it is sent, and to whichever Region, it is one job.

        `given` is its input, any JSON; a large one is uploaded first. Raises ApiError.
        """
        return await self._run(calls.submit(self._key, agent, given, options))

    async def job(self, job_id: str) -> Job:
        """Read a job."""
        return await self._run(calls.job(job_id))

    async def wait(self, job_id: str, seconds: float = 300.0) -> Job:
        """Read a job when it has ended. Raises JobNotFinished if it has not by then."""
        return await self._run(calls.wait(job_id, seconds, self._now))

    async def run(self, agent: str, given: Any, seconds: float = 300.0, **options: Unpack[SubmitOptions]) -> Job:
        """Submit a job and read it when it has ended. Raises JobNotFinished, which names it, if it has not by then."""
        return await self._run(calls.run(self._key, agent, given, seconds, self._now, options))

    def jobs(self, *, status: str | None = None, agent: str | None = None) -> AsyncIterator[Job]:
        """List the tenant's jobs, newest first, fetched page by page as they are taken."""
        return self._stream(calls.jobs(status, agent))

    def events(self, job_id: str, after: str | int = 0) -> AsyncIterator[JobEvent | Rewound]:
        """Read a job's history, as far as it goes."""
        return self._stream(calls.events(job_id, after, follow=False))

    def follow(self, job_id: str, after: str | int = 0) -> AsyncIterator[JobEvent | Rewound]:
        """Read a job's events as they come, until it has ended, from Region to Region.

        `Rewound` comes where another Region took the job over from an earlier event than was read.
        """
        return self._stream(calls.events(job_id, after, follow=True))

    async def cancel(self, job_id: str, *, reason: str | None = None, key: str | None = None) -> ChangedJob:
        """Ask that a job end; its agent may undo its work first."""
        return await self._run(calls.change(self._key, job_id, "cancel", reason, key))

    async def pause(self, job_id: str, *, reason: str | None = None, key: str | None = None) -> ChangedJob:
        """Ask that a job do nothing until it is resumed."""
        return await self._run(calls.change(self._key, job_id, "pause", reason, key))

    async def resume(self, job_id: str, *, reason: str | None = None, key: str | None = None) -> ChangedJob:
        """Ask that a paused or stopped job go on."""
        return await self._run(calls.change(self._key, job_id, "resume", reason, key))

    async def cancel_jobs(self, *, agent: str | None = None, reason: str | None = None) -> int:
        """Ask that all unfinished jobs end, or those of one agent; return how many were asked."""
        return await self._run(calls.cancel_jobs(agent, reason))

    async def signal(self, job_id: str, name: str, body: Any = None, *, key: str | None = None) -> SignalSent:
        """Send a job a signal, one however often it is sent."""
        return await self._run(calls.signal(self._key, job_id, name, body, key))

    def approvals(self, group: str) -> AsyncIterator[ApprovalAsked]:
        """List what a group of people is asked and has not decided, the latest first."""
        return self._stream(calls.approvals(group))

    async def decide(
        self, approval: str, *, approved: bool, by: str | None = None, comment: str = "", key: str | None = None
    ) -> DecisionTaken:
        """Decide on an approval. Raises Conflict, with the decision in its problem, when somebody was first."""
        return await self._run(calls.decide(self._key, approval, approved, by, comment, key))

    async def session(self, name: str) -> Session:
        """Read a conversation."""
        return await self._run(calls.session(name))

    async def set_switch(self, agent: str | None = None, *, paused: bool, reason: str | None = None) -> SwitchSet:
        """Hold up all jobs of the tenant, or of one agent, or let them go on."""
        return await self._run(calls.set_switch(agent, paused, reason))

    async def switches(self) -> Switches:
        """Read what is held up."""
        return await self._run(calls.switches())

    def dead_letters(self, **meant: Unpack[LetterFilter]) -> AsyncIterator[DeadLetter]:
        """List what has failed for good, the latest first: jobs, unreadable messages, undelivered webhooks."""
        return self._stream(queue_calls.dead_letters(meant))

    async def preview_dead_letters(
        self, *, ids: Sequence[str] | None = None, meant: LetterFilter | None = None
    ) -> DeadLetterPreview:
        """Count the dead letters that `ids` or a filter mean, and show the first of them."""
        return await self._run(queue_calls.preview(ids, meant))

    async def redrive(
        self, *, ids: Sequence[str] | None = None, meant: LetterFilter | None = None, **terms: Unpack[RedriveTerms]
    ) -> Job:
        """Have dead letters go on; return the job that sees to it, at its rate: it can be waited for and cancelled."""
        return await self._run(queue_calls.redrive(self._key, ids, meant, terms))

    async def dismiss(self, *, ids: Sequence[str] | None = None, meant: LetterFilter | None = None) -> int:
        """Take dead letters off the list; return how many."""
        return await self._run(queue_calls.dismiss(ids, meant))

    async def limits(self) -> Limits:
        """Read the limits that hold."""
        return await self._run(queue_calls.limits())

    async def set_limit(
        self,
        *,
        agent: str | None = None,
        key: str | None = None,
        concurrency: int | None = None,
        starts_per_minute: float | None = None,
    ) -> LimitSet:
        """Limit the tenant's jobs, or those of one agent or key, in each Region."""
        return await self._run(queue_calls.set_limit(agent, key, concurrency, starts_per_minute))

    async def clear_limit(self, *, agent: str | None = None, key: str | None = None) -> LimitSet:
        """Limit nothing there any more."""
        return await self._run(queue_calls.clear_limit(agent, key))

    async def set_schedule(
        self, name: str, cron: str, agent: str, given: Any, **options: Unpack[ScheduleOptions]
    ) -> ScheduleSet:
        """Write a schedule, over the one of that name if there is one: `cron` has five fields, `given` is the input."""
        return await self._run(setting_calls.set_schedule(name, cron, agent, given, options))

    async def delete_schedule(self, name: str) -> ScheduleDeleted:
        """Delete a schedule; the jobs that it has fired go on."""
        return await self._run(setting_calls.delete_schedule(name))

    async def schedule(self, name: str, *, fires: int | None = None) -> ScheduleShown:
        """Read a schedule, with so many of its next fires."""
        return await self._run(setting_calls.schedule(name, fires))

    async def schedules(self, *, fires: int | None = None) -> SchedulePage:
        """Read all schedules, each with so many of its next fires."""
        return await self._run(setting_calls.schedules(fires))

    async def set_webhook(
        self, name: str, url: str, events: Sequence[str] = ("*",), **options: Unpack[WebhookOptions]
    ) -> WebhookSet:
        """Have events posted to an address. A new webhook's `secret` is in the answer, and never again.

        If that answer is lost, and the client sends it again, the secret is not in the second one: rotate it then.
        """
        return await self._run(setting_calls.set_webhook(name, url, events, options))

    async def delete_webhook(self, name: str) -> WebhookSet:
        """Have nothing more posted to it."""
        return await self._run(setting_calls.delete_webhook(name))

    async def rotate_webhook(self, name: str) -> WebhookSet:
        """Make a new signing secret, shown once; the one before signs beside it for a day. Never sent twice."""
        return await self._run(setting_calls.rotate_webhook(name))

    async def test_webhook(self, name: str) -> TestEvent:
        """Have a test event posted."""
        return await self._run(setting_calls.test_webhook(name))

    async def webhook(self, name: str) -> WebhookShown:
        """Read a webhook, its breaker and its last deliveries, as each Region sees them."""
        return await self._run(setting_calls.webhook(name))

    async def webhooks(self) -> Webhooks:
        """Read all webhooks, without their secrets."""
        return await self._run(setting_calls.webhooks())

    async def agents(self) -> Agents:
        """Read which agents jobs can be submitted to."""
        return await self._run(calls.agents())

    async def regions(self) -> Regions:
        """Read how both Regions are, as the one that answers sees it."""
        return await self._run(calls.regions())

    async def evacuate(self, region: str, *, reason: str | None = None) -> RegionMoved:
        """Have a Region hand its jobs over and take on no work. Needs the scope `regions:move`."""
        return await self._run(calls.move_region(region, away=True, reason=reason))

    async def return_region(self, region: str, *, reason: str | None = None) -> RegionMoved:
        """Have a Region take on work again. Needs the scope `regions:move`."""
        return await self._run(calls.move_region(region, away=False, reason=reason))

    async def health(self) -> Health:
        """Read whether the Region that answers can serve."""
        return await self._run(calls.health())

    async def openapi(self) -> dict[str, Any]:
        """Read the API's own description: an OpenAPI 3.1 document."""
        return await self._run(calls.openapi())

    async def _run(self, flow: Flow[T]) -> T:
        try:
            call = next(flow)
            while True:
                try:
                    given = await self._transport.carry_out(call)
                except ApiError as error:
                    call = flow.throw(error)
                else:
                    call = flow.send(given)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # as in AntipodeClient

    async def _stream(self, stream: Stream[T]) -> AsyncIterator[T]:
        try:
            step = next(stream)
            while True:
                if isinstance(step, Item):
                    yield step.value
                    step = stream.send(None)
                    continue
                try:
                    given = await self._transport.carry_out(step)
                except ApiError as error:
                    step = stream.throw(error)
                else:
                    step = stream.send(given)
        except StopIteration:
            return
