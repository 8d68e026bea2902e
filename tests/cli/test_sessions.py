"""`antipode sessions show`, and `antipode submit --session`."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.cli.conftest import Antipode, one_line
from tests.cli.scripted_api import ScriptedApi, job, problem

SESSION: dict[str, Any] = {
    "name": "support:42",
    "job_id": "job_s",
    "status": "waiting",
    "owner_region": "us-east-1",
    "turns": 3,
    "running": None,
    "queued": ["job_1", "job_2"],
    "offered": [],
    "memory": [{"role": "user", "content": "[red]hello"}, {"role": "assistant", "content": {"said": "grüezi"}}],
}


def test_a_session_is_shown_with_its_queue_and_its_memory(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [httpx.Response(200, json=SESSION)]
    lines = antipode("sessions", "show", "support:42").stdout.splitlines()
    assert api.asked[0].url.path == "/v1/sessions/support:42"
    assert "running         -" in lines
    assert "queued          job_1 job_2" in lines
    assert lines[-2:] == ["  user: [red]hello", '  assistant: {"said": "grüezi"}']


def test_a_session_is_shown_as_the_api_has_it(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [httpx.Response(200, json=SESSION)]
    assert json.loads(antipode("sessions", "show", "support:42", "--json").stdout) == SESSION


def test_a_session_that_does_not_exist_is_one_line(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [problem(404, "session_not_found", "there is no session 'x'")]
    assert "there is no session 'x'" in one_line(antipode("sessions", "show", "x"))


def test_a_turn_names_its_session_and_what_happens_when_that_is_busy(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [httpx.Response(202, json=job()) for _ in range(2)]
    assert antipode("submit", "probe", "--input", "1", "--session", "s").exit_code == 0
    assert antipode("submit", "probe", "--input", "1", "--session", "s", "--on-busy", "merge").exit_code == 0
    assert [body["session"] for body in api.bodies()] == [{"name": "s"}, {"name": "s", "on_busy": "merge"}]


def test_a_policy_without_a_session_is_refused_before_anything_is_sent(antipode: Antipode, api: ScriptedApi) -> None:
    assert "--session" in one_line(antipode("submit", "probe", "--input", "1", "--on-busy", "merge"), code=2)
    assert not api.asked
