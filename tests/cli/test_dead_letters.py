"""`antipode dead-letters`: what it sends and what it says."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Antipode, one_line
from tests.cli.scripted_api import ScriptedApi, job

LETTER = {
    "id": "job_1",
    "type": "job",
    "at": "T1",
    "region": "us-east-1",
    "code": "agent_raised",
    "detail": "ValueError: [bold]",
    "agent": "probe",
    "lane": "batch",
    "job_id": "job_1",
}
SEEN = {"count": 2, "more": False, "dead_letters": [LETTER]}


def answered(api: ScriptedApi, *bodies: dict[str, Any], status: int = 200) -> None:
    api.answers = [httpx.Response(status, json=body) for body in bodies]


def test_letters_are_listed_page_by_page_as_the_filter_says(antipode: Antipode, api: ScriptedApi) -> None:
    answered(api, {"dead_letters": [LETTER], "next": "P"}, {"dead_letters": [LETTER], "next": None})
    result = antipode("dead-letters", "list", "--agent", "probe", "--code", "agent_raised", "--since", "T0")
    assert result.stdout.count("ValueError: [bold]") == 2
    query = {"agent": "probe", "code": "agent_raised", "since": "T0", "limit": "100"}
    assert [dict(request.url.params) for request in api.asked] == [query, {**query, "before": "P"}]
    answered(api, {"dead_letters": [LETTER], "next": None})
    assert json.loads(antipode("dead-letters", "list", "--json").stdout) == {"dead_letters": [LETTER]}
    answered(api, {"dead_letters": [], "next": None})
    assert antipode("dead-letters", "list").stdout == "no dead letters\n"


def test_one_letter_is_shown_in_full_or_said_to_be_none(antipode: Antipode, api: ScriptedApi) -> None:
    answered(api, SEEN, {**SEEN, "dead_letters": []})
    assert "detail          ValueError: [bold]" in antipode("dead-letters", "show", "job_1").stdout.splitlines()
    assert "is no dead letter" in one_line(antipode("dead-letters", "show", "job_1"), 2)
    assert api.bodies() == [{"ids": ["job_1"], "preview": True}] * 2


def test_a_redrive_is_begun_once_and_followed_to_its_end(antipode: Antipode, api: ScriptedApi) -> None:
    done = job(status="succeeded", agent="redrive", result={"redriven": 2, "refused": {}})
    answered(api, SEEN, job(agent="redrive"), job(status="running", progress={"redriven": 1}), done)
    result = antipode("dead-letters", "redrive", "--agent", "probe", "--rate", "500", "--agent-version", "2", "--alone")
    assert result.exit_code == 0, result.output
    assert "status          succeeded" in result.stdout.splitlines()
    said = {"filter": {"agent": "probe"}, "rate_per_second": 500.0, "agent_version": "2", "alone": True}
    assert [json.loads(each.content) for each in api.asked[:2]] == [{**said, "preview": True}, said]
    assert api.asked[1].headers["Idempotency-Key"]


def test_without_waiting_the_job_is_shown_as_it_begins(antipode: Antipode, api: ScriptedApi) -> None:
    answered(api, job(agent="redrive"))
    result = antipode("dead-letters", "redrive", "job_1", "job_2", "--no-wait", "--json", "--key", "k")
    assert json.loads(result.stdout)["status"] == "queued"
    assert api.bodies() == [{"ids": ["job_1", "job_2"]}]
    assert api.asked[0].headers["Idempotency-Key"] == "k"


def test_a_redrive_that_was_cancelled_ends_the_command_with_failure(antipode: Antipode, api: ScriptedApi) -> None:
    answered(api, job(status="cancelled", agent="redrive"))
    assert antipode("dead-letters", "redrive", "--all", "--json").exit_code == 1


@pytest.mark.parametrize("what", ["redrive", "dismiss"])
def test_a_preview_shows_what_is_meant_and_does_nothing(antipode: Antipode, api: ScriptedApi, what: str) -> None:
    answered(api, SEEN, {**SEEN, "more": True})
    assert antipode("dead-letters", what, "--all", "--preview").stdout.splitlines()[-1] == "2 in all"
    assert antipode("dead-letters", what, "--type", "job", "--preview").stdout.splitlines()[-1] == "more than 2 in all"
    assert api.bodies() == [{"filter": {}, "preview": True}, {"filter": {"type": "job"}, "preview": True}]


def test_letters_are_dismissed_page_by_page_and_counted(antipode: Antipode, api: ScriptedApi) -> None:
    answered(api, {"dismissed": 100, "next": "P"}, {"dismissed": 3, "next": None}, status=202)
    assert antipode("dead-letters", "dismiss", "--until", "T9").stdout == "103 dismissed\n"
    assert api.bodies() == [{"filter": {"until": "T9"}}, {"filter": {"until": "T9"}, "before": "P"}]


@pytest.mark.parametrize("words", [["redrive"], ["dismiss"], ["dismiss", "job_1", "--all"]])
def test_what_is_meant_must_be_said_clearly(antipode: Antipode, api: ScriptedApi, words: list[str]) -> None:
    assert "name dead letters" in one_line(antipode("dead-letters", *words), 2)
    assert api.asked == []
