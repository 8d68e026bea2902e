"""Whatever the API can be asked, the client can ask it, and its answer is of the model that the description names."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

import httpx
import pytest
from pydantic import BaseModel

from functions.adapters.api_description.document import ROUTES
from functions.adapters.schedule_body import ScheduleBody
from functions.adapters.webhook_body import WebhookBody
from functions.sdk.client import AntipodeClient, AsyncAntipodeClient, ScheduleOptions, WebhookOptions
from tests.described import template_of
from tests.unit.sdk.two_apis import EAST, STORE, Caller, TwoApis

JOB = "job_" + "a" * 32
Ask = Callable[[Any], Any]
#: How the client is asked for each operation. A route that is not here, or does something else, fails.
ASKED: Mapping[str, Ask] = {
    "submitJob": lambda client: client.submit("probe", {"steps": 1}),
    "getJob": lambda client: client.job(JOB),
    "listJobs": lambda client: client.jobs(),
    "listJobEvents": lambda client: client.events(JOB),
    "getSession": lambda client: client.session("talk:7"),
    "openUpload": lambda client: client.submit("probe", "x" * 3_600_000),
    "signalJob": lambda client: client.signal(JOB, "go"),
    "cancelJob": lambda client: client.cancel(JOB),
    "pauseJob": lambda client: client.pause(JOB),
    "resumeJob": lambda client: client.resume(JOB),
    "cancelJobs": lambda client: client.cancel_jobs(),
    "listApprovals": lambda client: client.approvals("legal"),
    "decideApproval": lambda client: client.decide("apr_1", approved=True),
    "setTenantSwitch": lambda client: client.set_switch(paused=True),
    "setAgentSwitch": lambda client: client.set_switch("probe", paused=True),
    "listSwitches": lambda client: client.switches(),
    "listDeadLetters": lambda client: client.dead_letters(),
    "redriveDeadLetters": lambda client: client.redrive(ids=[JOB]),
    "dismissDeadLetters": lambda client: client.dismiss(ids=[JOB]),
    "setTenantLimit": lambda client: client.set_limit(concurrency=1),
    "setAgentLimit": lambda client: client.set_limit(agent="probe", concurrency=1),
    "setKeyLimit": lambda client: client.set_limit(key="crm", starts_per_minute=10),
    "clearTenantLimit": lambda client: client.clear_limit(),
    "clearAgentLimit": lambda client: client.clear_limit(agent="probe"),
    "clearKeyLimit": lambda client: client.clear_limit(key="crm"),
    "listLimits": lambda client: client.limits(),
    "setSchedule": lambda client: client.set_schedule("morning", "0 9 * * *", "probe", None, catch_up={"all": 3}),
    "deleteSchedule": lambda client: client.delete_schedule("morning"),
    "getSchedule": lambda client: client.schedule("morning", fires=3),
    "listSchedules": lambda client: client.schedules(fires=3),
    "setWebhook": lambda client: client.set_webhook("legal", "https://example.com/hook", ["job.failed"], active=True),
    "deleteWebhook": lambda client: client.delete_webhook("legal"),
    "rotateWebhookSecret": lambda client: client.rotate_webhook("legal"),
    "testWebhook": lambda client: client.test_webhook("legal"),
    "getWebhook": lambda client: client.webhook("legal"),
    "listWebhooks": lambda client: client.webhooks(),
    "listAgents": lambda client: client.agents(),
    "listRegions": lambda client: client.regions(),
    "evacuateRegion": lambda client: client.evacuate("us-east-1", reason="its lanes are stuck"),
    "returnRegion": lambda client: client.return_region("us-east-1"),
    "checkHealth": lambda client: client.health(),
    "getOpenapi": lambda client: client.openapi(),
}
#: Operations whose answers a call reads for its caller: page by page, or as a step on its way.
READ_FOR_THE_CALLER = {"listJobs", "listJobEvents", "openUpload", "cancelJobs", "listApprovals"} | {
    "listDeadLetters",
    "dismissDeadLetters",
}

OPENED = {
    "upload": {"method": "PUT", "url": STORE, "headers": {}, "expires_at": "2030-01-01T00:00:00.000Z"},
    "reference": {"$payload": {"sha256": "0" * 64, "bytes": 5}},
}


def test_each_route_has_a_call_of_the_client() -> None:
    assert set(ASKED) == {route.name for route in ROUTES}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("kind", [TwoApis.threads, TwoApis.tasks])
def test_a_call_asks_for_what_its_name_says_and_gives_the_described_answer(
    kind: Callable[[TwoApis], Caller], name: str
) -> None:
    apis = TwoApis()
    apis.jobs["known"] = {"id": JOB}
    apis.answers = [lambda _: httpx.Response(201, json=OPENED)] if name == "openUpload" else []
    given = ASKED[name](kind(apis))
    (route,) = [route for route in ROUTES if route.name == name]
    method, path = apis.asked[0][1].method, apis.asked[0][1].url.raw_path.decode().partition("?")[0]
    assert (method, template_of(path, method)) == (route.method, route.path)
    if route.answer is not None and name not in READ_FOR_THE_CALLER:
        assert isinstance(given, route.answer)


def test_what_is_given_is_what_the_annotations_say() -> None:
    for client in (AntipodeClient, AsyncAntipodeClient):
        for name in ("set_schedule", "delete_schedule", "schedule", "schedules", "set_webhook", "webhook", "webhooks"):
            returned = get_type_hints(getattr(client, name))["return"]
            assert any(route.answer is returned for route in ROUTES), f"{client.__name__}.{name} gives {returned}"


def test_a_secret_is_never_made_twice_for_one_call() -> None:
    apis = TwoApis()
    apis.faults[EAST] = "hangs"
    with pytest.raises(Exception, match="does not answer"):
        apis.threads().rotate_webhook("legal")
    assert len(apis.asked) == 1


def test_a_name_never_becomes_another_path() -> None:
    apis = TwoApis()
    apis.threads().delete_webhook("../schedules/x?y")
    assert apis.asked[0][1].url.raw_path == b"/v1/webhooks/..%2Fschedules%2Fx%3Fy"


@pytest.mark.parametrize(
    ("body", "method", "options"),
    [
        (ScheduleBody, AntipodeClient.set_schedule, ScheduleOptions),
        (WebhookBody, AntipodeClient.set_webhook, WebhookOptions),
    ],
)
def test_whatever_the_api_takes_of_a_setting_the_client_takes(
    body: type[BaseModel], method: Callable[..., object], options: type
) -> None:
    positional = set(inspect.signature(method).parameters) - {"self", "name", "options"}
    asked = {"input" if each == "given" else each for each in positional} | set(options.__annotations__)
    assert asked == set(body.model_fields)
