"""`antipode webhooks`."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.cli.conftest import Antipode
from tests.cli.scripted_api import ScriptedApi

HOOK: dict[str, Any] = {
    "name": "legal",
    "url": "https://example.com/h",
    "events": ["job.failed"],
    "tags": {"team": "legal"},
    "active": True,
    "at": "2030-01-01T00:00:00.000Z",
    "by": "ann",
    "region": "us-east-1",
}
SHOWN = {
    **HOOK,
    "endpoint": [
        {
            "region": "us-east-1",
            "at": HOOK["at"],
            "breaker": {"standing": "open", "failures": 5, "retry_at": "2030-01-01T00:00:15.000Z"},
            "deliveries": [{"at": HOOK["at"], "event": "job_1/1.us-east-1/2", "attempt": 3, "detail": "HTTP [500]"}],
        }
    ],
}


def test_a_webhook_is_set_and_its_secret_shown(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [httpx.Response(200, json={**HOOK, "secret": "whsec_abc", "durability": "both"})]
    said = antipode("webhooks", "set", "legal", HOOK["url"], "--event", "job.failed", "--tag", "team=legal").stdout
    (asked,) = api.asked
    assert (asked.method, asked.url.path) == ("PUT", "/v1/webhooks/legal")
    assert json.loads(asked.content) == {
        "url": HOOK["url"],
        "events": ["job.failed"],
        "active": True,
        "tags": {"team": "legal"},
    }
    assert "secret, shown this once: whsec_abc" in said


def test_without_an_event_all_are_posted(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [httpx.Response(200, json={**HOOK, "durability": "both"})]
    antipode("webhooks", "set", "legal", HOOK["url"], "--off", "--agent", "probe")
    body = json.loads(api.asked[0].content)
    assert (body["events"], body["active"], body["agents"]) == (["*"], False, ["probe"])


def test_webhooks_are_listed(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [httpx.Response(200, json={"webhooks": [HOOK]}) for _ in range(2)]
    assert "team=legal" in antipode("webhooks", "list").stdout
    assert json.loads(antipode("webhooks", "list", "--json").stdout) == {"webhooks": [HOOK]}


def test_one_is_shown_with_its_breaker_and_its_deliveries(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [httpx.Response(200, json=SHOWN) for _ in range(2)]
    said = antipode("webhooks", "show", "legal").stdout
    assert "legal: https://example.com/h (active), job.failed" in said
    assert json.loads(antipode("webhooks", "show", "legal", "--json").stdout) == SHOWN


def test_a_secret_is_rotated_a_test_sent_and_a_webhook_deleted(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [
        httpx.Response(200, json={**HOOK, "secret": "whsec_new", "durability": "both"}),
        httpx.Response(202, json={"id": "test/us-east-1/x", "event": "webhook.test", "webhook": "legal"}),
        httpx.Response(200, json={**HOOK, "deleted": True, "durability": "both"}),
    ]
    assert "whsec_new" in antipode("webhooks", "rotate", "legal").stdout
    assert "test/us-east-1/x is on its way to legal" in antipode("webhooks", "test", "legal").stdout
    assert "legal is deleted" in antipode("webhooks", "delete", "legal").stdout
    assert [(each.method, each.url.path) for each in api.asked] == [
        ("POST", "/v1/webhooks/legal/rotate"),
        ("POST", "/v1/webhooks/legal/test"),
        ("DELETE", "/v1/webhooks/legal"),
    ]


def test_a_tag_that_is_none_is_one_line(antipode: Antipode, api: ScriptedApi) -> None:
    done = antipode("webhooks", "set", "legal", HOOK["url"], "--tag", "legal")
    assert done.exit_code != 0
    assert api.asked == []
