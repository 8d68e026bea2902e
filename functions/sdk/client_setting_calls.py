"""What a client sends to set schedules and webhooks, which hold until they are set anew. The rest: `client_calls`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypedDict, TypeVar
from urllib.parse import quote

from functions.sdk.answers import Answer
from functions.sdk.client_calls import Flow, ask, asking, posting, sending
from functions.sdk.client_failover import Call
from functions.sdk.schedule_answers import ScheduleDeleted, SchedulePage, ScheduleSet, ScheduleShown
from functions.sdk.webhook_answers import TestEvent, Webhooks, WebhookSet, WebhookShown

A = TypeVar("A", bound=Answer)


class ScheduleOptions(TypedDict, total=False):
    """What may be said of a schedule beside its cron expression, agent and input; what is left out is left to the API.

    `catch_up`: of missed fires "none", the "latest", or {"all": N}, the latest N.
    """

    time_zone: str
    lane: str
    tags: Mapping[str, str]
    overlap: Literal["skip", "queue", "replace"]
    catch_up: Literal["none", "latest"] | Mapping[str, int]
    paused: bool


class WebhookOptions(TypedDict, total=False):
    """Which jobs a webhook is about, and whether it is on; what is left out is all of them, and on."""

    agents: Sequence[str]
    tags: Mapping[str, str]
    active: bool


def set_schedule(name: str, cron: str, agent: str, given: Any, options: ScheduleOptions) -> Flow[ScheduleSet]:
    """Write a schedule, over the one of that name if there is one."""
    body = {"cron": cron, "agent": agent, "input": given, **options}
    return (yield from ask(sending("PUT", _schedule(name), body, ScheduleSet, None)))


def delete_schedule(name: str) -> Flow[ScheduleDeleted]:
    """Delete a schedule."""
    return (yield from ask(sending("DELETE", _schedule(name), None, ScheduleDeleted, None)))


def schedule(name: str, fires: int | None) -> Flow[ScheduleShown]:
    """Read a schedule."""
    return (yield from ask(asking(_schedule(name), ScheduleShown, query=_fires(fires))))


def schedules(fires: int | None) -> Flow[SchedulePage]:
    """Read all schedules."""
    return (yield from ask(asking("/schedules", SchedulePage, query=_fires(fires))))


def set_webhook(name: str, url: str, events: Sequence[str], options: WebhookOptions) -> Flow[WebhookSet]:
    """Write a webhook, over the one of that name if there is one."""
    body = {"url": url, "events": list(events), **options}
    return (yield from ask(sending("PUT", _webhook(name), body, WebhookSet, None)))


def delete_webhook(name: str) -> Flow[WebhookSet]:
    """Delete a webhook."""
    return (yield from ask(sending("DELETE", _webhook(name), None, WebhookSet, None)))


def rotate_webhook(name: str) -> Flow[WebhookSet]:
    """Make a new secret. Sent twice it would make two, and the one that receivers know would sign no more."""
    return (yield from ask(replace(_asking_for(name, "rotate", WebhookSet), repeatable=False)))


def test_webhook(name: str) -> Flow[TestEvent]:
    """Send a test event."""
    return (yield from ask(_asking_for(name, "test", TestEvent)))


def webhook(name: str) -> Flow[WebhookShown]:
    """Read a webhook."""
    return (yield from ask(asking(_webhook(name), WebhookShown)))


def webhooks() -> Flow[Webhooks]:
    """Read all webhooks."""
    return (yield from ask(asking("/webhooks", Webhooks)))


def _schedule(name: str) -> str:
    return f"/schedules/{quote(name, safe='')}"


def _webhook(name: str) -> str:
    return f"/webhooks/{quote(name, safe='')}"


def _asking_for(name: str, what: str, model: type[A]) -> Call[A]:
    return replace(posting(f"{_webhook(name)}/{what}", None, model, None), content=None)


def _fires(fires: int | None) -> dict[str, str | int]:
    return {} if fires is None else {"fires": fires}
