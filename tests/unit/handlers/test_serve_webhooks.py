"""/v1/webhooks and below: set, shown, tried and taken away."""

import base64
from typing import Any

import pytest

from functions.domain.webhooks import MOST, in_force
from functions.handlers import deliver_webhooks
from functions.handlers.serve_webhooks import handle
from tests.event_files import event, request_event
from tests.unit.handlers.conftest import Process, body_of

BODY = {"url": "https://example.com/hook", "events": ["job.succeeded", "job.failed"], "tags": {"team": "x"}}


def call(method: str, name: str, action: str = "", body: object = None) -> dict[str, Any]:
    resource = "/v1/webhooks/{name}" + action
    return handle(request_event(method, resource, {"name": name}, body=body, authorizer={"principal": "ann"}), None)


def listed() -> list[dict[str, Any]]:
    found = body_of(handle(request_event("GET", "/v1/webhooks"), None))
    return list(found["webhooks"])


def test_a_new_webhook_is_answered_with_its_secret_which_nobody_shows_again(process: Process) -> None:
    answer = call("PUT", "a", body=BODY)
    body = body_of(answer)
    assert answer["statusCode"] == 200
    secret = body.pop("secret")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert body == {
        "name": "a",
        **BODY,
        "active": True,
        "at": process.clock.moment,
        "by": "ann",
        "region": "us-east-1",
        "durability": "both",
    }
    assert "secret" not in body_of(call("PUT", "a", body=BODY))
    assert "whsec" not in str(listed())
    (kept,) = process.world.webhooks.rows.values()
    assert kept.secrets[0].text == secret


def test_it_is_copied_to_the_peer_and_where_that_fails_the_answer_says_so(process: Process) -> None:
    process.peer_table.refusing = True
    assert body_of(call("PUT", "a", body=BODY))["durability"] == "local"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"events": ["*"]}, "url"),
        ({"url": "https://example.com/h"}, "events"),
        ({"url": "https://example.com/h", "events": []}, "events"),
        ({"url": "https://example.com/h", "events": ["job.done"]}, "events"),
        ({"url": "http://127.0.0.1/h", "events": ["*"]}, "url"),
        ({"url": "http://10.0.0.1/h", "events": ["*"]}, "url"),
        ({"url": "https://h.internal/h", "events": ["*"]}, "url"),
        ({"url": "ftp://example.com/h", "events": ["*"]}, "url"),
        ({"url": "https://example.com/h", "events": ["*"], "secret": "mine"}, "secret"),
        ({"url": "https://example.com/h", "events": ["*"], "active": "yes"}, "active"),
    ],
)
def test_a_wrong_body_names_its_field_and_nothing_is_written(process: Process, body: object, field: str) -> None:
    answer = call("PUT", "a", body=body)
    assert (answer["statusCode"], body_of(answer)["field"]) == (400, field)
    assert listed() == []


@pytest.mark.parametrize("name", ["A", "-a", "a.b", "callbacks", "x" * 64])
def test_a_name_that_cannot_be_is_400(process: Process, name: str) -> None:
    answer = call("PUT", name, body=BODY)
    assert (answer["statusCode"], body_of(answer)["field"]) == (400, "name")


def test_a_tenant_has_so_many_webhooks_and_no_more(process: Process) -> None:
    for number in range(MOST):
        assert call("PUT", f"w{number}", body=BODY)["statusCode"] == 200
    assert body_of(call("PUT", "one-more", body=BODY))["code"] == "too_many_webhooks"
    assert call("PUT", "w0", body=BODY)["statusCode"] == 200
    call("DELETE", "w0")
    assert call("PUT", "one-more", body=BODY)["statusCode"] == 200


def test_a_deleted_webhook_is_gone_and_a_new_one_of_its_name_has_a_new_secret(process: Process) -> None:
    first = body_of(call("PUT", "a", body=BODY))["secret"]
    assert body_of(call("DELETE", "a"))["deleted"] is True
    assert listed() == []
    assert call("DELETE", "a")["statusCode"] == 404
    assert body_of(call("PUT", "a", body=BODY))["secret"] != first


def test_after_a_rotation_the_old_secret_signs_beside_the_new_one(process: Process) -> None:
    first = body_of(call("PUT", "a", body=BODY))["secret"]
    second = body_of(call("POST", "a", "/rotate"))["secret"]
    hook = in_force(process.world.webhooks.rows.values())["a"]
    assert hook.signing(process.clock.moment) == (second, first)


def test_the_secret_for_callbacks_is_made_by_rotating_it(process: Process) -> None:
    first = body_of(call("POST", "callbacks", "/rotate"))["secret"]
    second = body_of(call("POST", "callbacks", "/rotate"))["secret"]
    hook = in_force(process.world.webhooks.rows.values())["callbacks"]
    assert hook.signing(process.clock.moment) == (second, first)
    assert call("POST", "callbacks", "/test")["statusCode"] == 409


def test_a_test_event_goes_on_the_queue_whatever_the_webhook_listens_to(process: Process) -> None:
    call("PUT", "a", body=BODY)
    answer = call("POST", "a", "/test")
    (sent,) = process.world.deliveries.waiting
    assert (answer["statusCode"], body_of(answer)["id"]) == (202, sent.delivery.detail["id"])
    assert (sent.delivery.webhook, sent.delivery.detail["event"]) == ("a", "webhook.test")


@pytest.mark.parametrize(("method", "action"), [("DELETE", ""), ("POST", "/rotate"), ("POST", "/test")])
def test_what_is_not_there_is_404(process: Process, method: str, action: str) -> None:
    answer = call(method, "nobody", action)
    assert (answer["statusCode"], body_of(answer)["code"]) == (404, "webhook_not_found")


def test_a_webhook_that_is_off_is_not_tested(process: Process) -> None:
    call("PUT", "a", body={**BODY, "active": False})
    assert body_of(call("POST", "a", "/test"))["code"] == "webhook_inactive"


def test_a_queue_that_refuses_is_503(process: Process) -> None:
    call("PUT", "a", body=BODY)
    process.world.deliveries.refusing = True
    assert call("POST", "a", "/test")["statusCode"] == 503


def test_webhooks_are_listed_by_name(process: Process) -> None:
    call("PUT", "b", body=BODY)
    call("PUT", "a", body=BODY)
    assert [each["name"] for each in listed()] == ["a", "b"]


def test_one_is_shown_with_how_its_endpoint_does(process: Process) -> None:
    call("PUT", "a", body={"url": "https://example.com/hook", "events": ["*"]})
    deliver_webhooks.handle(event("deliver_webhooks"), None)
    (state,) = body_of(call("GET", "a"))["endpoint"]
    assert (state["region"], state["breaker"]) == ("us-east-1", {"standing": "closed", "failures": 0})
    assert [each["status"] for each in state["deliveries"]] == [204]


def test_one_that_is_not_there_is_not_shown(process: Process) -> None:
    answer = call("GET", "a")
    assert (answer["statusCode"], body_of(answer)["code"]) == (404, "webhook_not_found")
