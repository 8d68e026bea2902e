"""GET /v1/webhooks and /v1/webhooks/{name}."""

from functions.handlers import deliver_webhooks, set_webhook
from functions.handlers.show_webhooks import handle
from tests.event_files import event, request_event
from tests.unit.handlers.conftest import Process, body_of

BODY = {"url": "https://example.com/hook", "events": ["*"]}


def put(name: str) -> None:
    set_webhook.handle(request_event("PUT", "/v1/webhooks/{name}", {"name": name}, body=BODY), None)


def test_webhooks_are_listed_by_name(process: Process) -> None:
    put("b")
    put("a")
    found = body_of(handle(request_event("GET", "/v1/webhooks"), None))
    assert [each["name"] for each in found["webhooks"]] == ["a", "b"]


def test_one_is_shown_with_how_its_endpoint_does(process: Process) -> None:
    put("a")
    deliver_webhooks.handle(event("deliver_webhooks"), None)
    shown = body_of(handle(request_event("GET", "/v1/webhooks/{name}", {"name": "a"}), None))
    (state,) = shown["endpoint"]
    assert (state["region"], state["breaker"]) == ("us-east-1", {"standing": "closed", "failures": 0})
    assert [each["status"] for each in state["deliveries"]] == [204]


def test_one_that_is_not_there_is_404(process: Process) -> None:
    answer = handle(request_event("GET", "/v1/webhooks/{name}", {"name": "a"}), None)
    assert (answer["statusCode"], body_of(answer)["code"]) == (404, "webhook_not_found")
