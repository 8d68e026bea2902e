"""`antipode limits` and `--limit-key`."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Antipode
from tests.cli.scripted_api import ScriptedApi, job

LIMIT: dict[str, Any] = {
    "scope": "key",
    "key": "crm",
    "concurrency": 10,
    "starts_per_minute": 30.0,
    "at": "2030-01-01T00:00:00.000Z",
    "by": "ann",
    "region": "us-east-1",
}


@pytest.mark.parametrize(
    ("options", "path"),
    [([], "tenant"), (["--agent", "probe"], "agents/probe"), (["--key", "crm:a"], "keys/crm:a")],
)
def test_a_limit_is_set_and_cleared(antipode: Antipode, api: ScriptedApi, options: list[str], path: str) -> None:
    api.answers += [httpx.Response(200, json=LIMIT), httpx.Response(200, json={**LIMIT, "concurrency": None})]
    done = antipode("limits", "set", *options, "--concurrency", "10", "--starts-per-minute", "30")
    assert done.stdout == "key crm: 10 at once, 30 starts a minute, in each Region\n"
    assert antipode("limits", "clear", *options).stdout == "key crm: no limit\n"
    assert [(each.method, each.url.path) for each in api.asked] == [
        ("PUT", f"/v1/limits/{path}"),
        ("DELETE", f"/v1/limits/{path}"),
    ]
    assert json.loads(api.asked[0].content) == {"concurrency": 10, "starts_per_minute": 30.0}
    assert not api.asked[1].content


def test_limits_are_listed(antipode: Antipode, api: ScriptedApi) -> None:
    tenant = {**LIMIT, "scope": "tenant", "concurrency": 3}
    del tenant["starts_per_minute"]
    api.answers += [httpx.Response(200, json={"limits": each}) for each in ([LIMIT, tenant], [])]
    shown = antipode("limits", "list").stdout
    assert "key crm" in shown
    assert "the tenant" in shown
    assert antipode("limits", "list").stdout == "nothing is limited\n"


def test_what_cannot_be_is_said_before_anything_is_asked(antipode: Antipode, api: ScriptedApi) -> None:
    assert antipode("limits", "set", "--agent", "a", "--key", "b", "--concurrency", "1").exit_code == 2
    assert antipode("limits", "set").exit_code == 2
    assert api.asked == []


def test_a_job_names_its_keys(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers.append(httpx.Response(202, json=job()))
    antipode("submit", "probe", "--input", "{}", "--limit-key", "crm", "--limit-key", "db")
    assert json.loads(api.asked[0].content)["limit_keys"] == ["crm", "db"]
