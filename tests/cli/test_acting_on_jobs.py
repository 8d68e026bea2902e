"""`antipode jobs cancel|pause|resume|signal`, `approvals`, `agents` and `tenants`: what they send and what they say."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Antipode, one_line
from tests.cli.scripted_api import ScriptedApi, job, problem

APPROVAL = {
    "id": "apr_1",
    "job": "job_1",
    "agent": "release-audit",
    "group": "legal",
    "question": {"licence": "[GPL]"},
    "asked_at": "T1",
    "deadline": "T2",
}
DECIDED = {"id": "apr_1", "job": "job_1", "approved": False, "by": "ann", "at": "T1", "settled": True}
PAUSED = {"scope": "agent", "agent": "probe", "paused": True, "at": "T1", "by": "ann", "reason": "bad release"}


def answered(api: ScriptedApi, *bodies: dict[str, Any], status: int = 202) -> None:
    api.answers = [httpx.Response(status, json=body) for body in bodies]


@pytest.mark.parametrize("what", ["cancel", "pause", "resume"])
def test_a_job_is_asked_once_however_often_it_has_to_be_sent(antipode: Antipode, api: ScriptedApi, what: str) -> None:
    api.answers = [problem(503, "state_unavailable", "ask again"), httpx.Response(202, json=job(status="waiting"))]
    result = antipode("jobs", what, "job_1")
    assert result.exit_code == 0, result.output
    assert [request.url.path for request in api.asked] == [f"/v1/jobs/job_1/{what}"] * 2
    assert len({request.headers["Idempotency-Key"] for request in api.asked}) == 1
    assert "status          waiting" in result.stdout.splitlines()


def test_a_reason_and_a_key_are_sent_and_json_is_the_apis(antipode: Antipode, api: ScriptedApi) -> None:
    answered(api, job())
    result = antipode("jobs", "cancel", "job_1", "--reason", "enough", "--key", "k", "--json")
    assert json.loads(result.stdout) == job()
    assert api.bodies() == [{"reason": "enough"}]
    assert api.asked[0].headers["Idempotency-Key"] == "k"


def test_all_jobs_are_cancelled_page_by_page_and_counted(antipode: Antipode, api: ScriptedApi) -> None:
    answered(
        api, {"cancelled": 50, "next": "T#job_9"}, {"cancelled": 0, "next": "T#job_5"}, {"cancelled": 7, "next": None}
    )
    result = antipode("jobs", "cancel", "--all", "--agent", "probe", "--reason", "enough")
    assert result.stdout == "57 jobs asked to end\n"
    said = {"agent": "probe", "reason": "enough"}
    assert api.bodies() == [said, {**said, "before": "T#job_9"}, {**said, "before": "T#job_5"}]
    answered(api, {"cancelled": 2, "next": None})
    assert json.loads(antipode("jobs", "cancel", "--all", "--json").stdout) == {"cancelled": 2}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name one job, or say --all"),
        (["job_1", "--all"], "name one job, or say --all"),
        (["job_1", "--agent", "probe"], "--agent goes with --all"),
    ],
)
def test_what_to_cancel_must_be_said_plainly(
    antipode: Antipode, api: ScriptedApi, arguments: list[str], said: str
) -> None:
    assert one_line(antipode("jobs", "cancel", *arguments), code=2) == said
    assert api.asked == []


@pytest.mark.parametrize(("body", "sent"), [([], b"null"), (["--body", '{"a": 1}'], b'{"a": 1}')])
def test_a_signal_is_sent_with_its_body(antipode: Antipode, api: ScriptedApi, body: list[str], sent: bytes) -> None:
    answered(api, {"job": "job_1", "signal": "go/on", "durability": "both"})
    result = antipode("jobs", "signal", "job_1", "go/on", *body)
    assert result.stdout == "go/on sent (both)\n"
    assert (api.asked[0].url.raw_path, api.asked[0].content) == (b"/v1/jobs/job_1/signals/go%2Fon", sent)


def test_a_signal_that_is_no_json_is_not_sent(antipode: Antipode, api: ScriptedApi) -> None:
    said = one_line(antipode("jobs", "signal", "job_1", "go", "--body", "{bad"), code=2)
    assert said.startswith("--body is not JSON: ")
    assert api.asked == []


def test_what_is_asked_is_listed_over_all_pages(antipode: Antipode, api: ScriptedApi) -> None:
    pages: list[dict[str, Any]] = [
        {"approvals": [APPROVAL], "next": "T#x"},
        {"approvals": [{**APPROVAL, "id": "apr_2"}], "next": None},
    ]
    answered(api, *pages, status=200)
    lines = antipode("approvals", "list", "--group", "legal").stdout.splitlines()
    assert [line for line in lines if line.startswith("apr_")] == ["apr_1", "apr_2"]
    assert '  question  {"licence": "[GPL]"}' in lines
    assert [request.url.params.get("after") for request in api.asked] == [None, "T#x"]
    answered(api, pages[1], status=200)
    shown = json.loads(antipode("approvals", "list", "--group", "legal", "--json").stdout)
    assert shown == {"approvals": pages[1]["approvals"]}
    answered(api, {"approvals": [], "next": None}, status=200)
    assert antipode("approvals", "list", "--group", "[legal]").stdout == "nothing is asked of [legal]\n"


def test_a_decision_is_sent_once_and_said_in_a_line(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [problem(503, "state_unavailable", "ask again"), httpx.Response(202, json=DECIDED)]
    result = antipode("approvals", "decide", "apr_1", "--reject", "--comment", "GPL")
    assert result.stdout == "rejected by ann at T1\n"
    assert api.bodies() == [{"approved": False, "comment": "GPL"}] * 2
    assert len({request.headers["Idempotency-Key"] for request in api.asked}) == 1


def test_a_decision_that_is_not_settled_says_so(antipode: Antipode, api: ScriptedApi) -> None:
    unsettled = {**DECIDED, "approved": True, "settled": False, "explanation": "the owner is away"}
    answered(api, unsettled, unsettled)
    result = antipode("approvals", "decide", "apr_1", "--approve", "--by", "ann")
    assert (result.stdout, result.stderr) == ("approved by ann at T1\n", "not settled: the owner is away\n")
    assert api.bodies()[0]["by"] == "ann"
    assert json.loads(antipode("approvals", "decide", "apr_1", "--approve", "--json").stdout) == unsettled


def test_a_second_decision_is_one_line_that_says_who_was_first(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [problem(409, "already_decided", "ann approved it at T1", decision={"by": "ann"})]
    said = one_line(antipode("approvals", "decide", "apr_1", "--reject"))
    assert said == "ann approved it at T1 (409 already_decided)"


def test_a_decision_must_be_one(antipode: Antipode, api: ScriptedApi) -> None:
    assert one_line(antipode("approvals", "decide", "apr_1"), code=2) == "say --approve or --reject"
    assert api.asked == []


@pytest.mark.parametrize(
    ("arguments", "path", "sent"),
    [
        (["agents", "pause", "probe", "--reason", "bad release"], "agents/probe", {"reason": "bad release"}),
        (["agents", "resume", "probe"], "agents/probe", {}),
        (["tenants", "pause"], "tenant", {}),
        (["tenants", "resume", "--reason", "mended"], "tenant", {"reason": "mended"}),
    ],
)
def test_agents_and_tenants_are_paused_and_resumed(
    antipode: Antipode, api: ScriptedApi, arguments: list[str], path: str, sent: dict[str, str]
) -> None:
    answered(api, PAUSED, PAUSED, status=200)
    assert antipode(*arguments).stdout == "agent probe paused since T1 by ann: bad release\n"
    assert (api.asked[0].method, api.asked[0].url.path) == ("PUT", f"/v1/switches/{path}")
    assert api.bodies() == [{"paused": "pause" in arguments, **sent}]
    assert json.loads(antipode(*arguments, "--json").stdout) == PAUSED


def test_what_is_paused_is_shown(antipode: Antipode, api: ScriptedApi) -> None:
    tenant = {"scope": "tenant", "paused": False, "at": "T2", "by": "bob"}
    answered(api, {"switches": [PAUSED, tenant]}, status=200)
    assert antipode("tenants", "show").stdout.splitlines() == [
        "agent probe paused since T1 by ann: bad release",
        "the tenant runs since T2 by bob",
    ]
    answered(api, {"switches": []}, {"switches": []}, status=200)
    assert antipode("tenants", "show").stdout == "nothing was ever paused\n"
    assert json.loads(antipode("tenants", "show", "--json").stdout) == {"switches": []}


def test_agents_are_listed_with_whether_they_run(antipode: Antipode, api: ScriptedApi) -> None:
    agents = [{"name": name, "version": "1", "description": f"Does {name}."} for name in ("probe", "walk")]
    answered(api, {"agents": agents}, {"switches": [PAUSED]}, {"agents": agents}, {"switches": []}, status=200)
    shown = [line.split()[:3] for line in antipode("agents", "list").stdout.splitlines()]
    assert shown == [["probe", "1", "paused"], ["walk", "1", "runs"]]
    found = json.loads(antipode("agents", "list", "--json").stdout)["agents"]
    assert [agent["paused"] for agent in found] == [False, False]


@pytest.mark.parametrize(
    "command",
    [
        ["jobs", "cancel", "x"],
        ["jobs", "cancel", "--all"],
        ["jobs", "pause", "x"],
        ["jobs", "signal", "x", "go"],
        ["approvals", "list", "--group", "legal"],
        ["approvals", "decide", "x", "--approve"],
        ["agents", "list"],
        ["agents", "pause", "x"],
        ["tenants", "resume"],
        ["tenants", "show"],
    ],
)
def test_a_problem_is_one_line_whatever_was_asked(antipode: Antipode, api: ScriptedApi, command: list[str]) -> None:
    api.answers = [problem(403, "forbidden", "This token may not do this.")]
    assert one_line(antipode(*command)) == "This token may not do this. (403 forbidden)"


@pytest.mark.parametrize("body", [{}, {"cancelled": "two", "next": None}, {"cancelled": 1}])
def test_what_is_not_the_api_is_said_to_be_something_else(
    antipode: Antipode, api: ScriptedApi, body: dict[str, Any]
) -> None:
    answered(api, body)
    assert one_line(antipode("jobs", "cancel", "--all")).endswith("is it the API?")
