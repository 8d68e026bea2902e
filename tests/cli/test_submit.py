"""`antipode submit`: what it sends, what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Antipode, one_line
from tests.cli.scripted_api import ScriptedApi, job, problem

ACCEPTED = httpx.codes.ACCEPTED


def test_every_option_reaches_the_api(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [httpx.Response(ACCEPTED, json=job())]
    options = ["--lane", "batch", "--key", "k", "--delay", "5", "--deadline", "2030-01-31T12:00:00Z"]
    result = antipode("submit", "probe", "--input", '{"steps": 1}', *options, "--tag", "a=b", "--tag", "c=d=e")
    assert result.exit_code == 0, result.output
    assert api.bodies() == [
        {
            "agent": "probe",
            "input": {"steps": 1},
            "lane": "batch",
            "delay_seconds": 5.0,
            "deadline": "2030-01-31T12:00:00Z",
            "tags": {"a": "b", "c": "d=e"},
        }
    ]
    assert api.asked[0].headers["Idempotency-Key"] == "k"
    assert "Prefer" not in api.asked[0].headers


def test_the_moment_of_a_job_reaches_the_api_and_does_not_go_with_a_delay(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [httpx.Response(ACCEPTED, json=job())]
    moment = ["--at", "2030-01-31T12:00:00+01:00"]
    assert antipode("submit", "probe", "--input", "{}", *moment).exit_code == 0
    assert api.bodies()[0]["run_at"] == "2030-01-31T12:00:00+01:00"
    assert antipode("submit", "probe", "--input", "{}", *moment, "--delay", "3").exit_code == 2


def test_input_comes_from_a_file_or_from_a_pipe(antipode: Antipode, api: ScriptedApi, tmp_path: Path) -> None:
    api.answers = [httpx.Response(ACCEPTED, json=job()) for _ in range(2)]
    file = tmp_path / "input.json"
    file.write_text('{"from": "file"}')
    assert antipode("submit", "probe", "--input", f"@{file}").exit_code == 0
    assert antipode("submit", "probe", "--input", "-", input='{"from": "pipe"}').exit_code == 0
    assert [body["input"]["from"] for body in api.bodies()] == ["file", "pipe"]


def test_json_is_what_the_api_said(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [httpx.Response(ACCEPTED, json=job())]
    result = antipode("submit", "probe", "--input", "{}", "--json")
    assert json.loads(result.stdout) == job()


def test_a_long_wait_is_several_questions(antipode: Antipode, api: ScriptedApi) -> None:
    done = job(status="succeeded", result={"steps": 1})
    api.answers = [httpx.Response(ACCEPTED, json=job()), httpx.Response(200, json=done)]
    result = antipode("submit", "probe", "--input", "{}", "--wait", "60")
    assert result.exit_code == 0
    assert '{"steps": 1}' in result.stdout
    assert [request.method for request in api.asked] == ["POST", "GET"]
    assert {request.headers["Prefer"] for request in api.asked} == {"wait=20"}


def test_a_job_that_fails_while_waited_for_fails_the_command(antipode: Antipode, api: ScriptedApi) -> None:
    failed = job(status="failed", error={"code": "agent_raised", "detail": "no luck"})
    api.answers = [httpx.Response(ACCEPTED, json=failed)]
    result = antipode("submit", "probe", "--input", "{}", "--wait", "5", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == failed
    assert result.stderr == "antipode: job_1 failed: no luck\n"


def test_a_problem_is_one_line(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [problem(400, "unknown_agent", "no agent is named 'x'", field="agent")]
    result = antipode("submit", "x", "--input", "{}")
    assert one_line(result) == "agent: no agent is named 'x' (400 unknown_agent)"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--input", "{x"], "--input is not JSON"),
        (["--input", "@/there/is/none"], "--input @/there/is/none: No such file or directory"),
        (["--input", "{}", "--tag", "a"], "--tag a: write KEY=VALUE"),
        (["--input", "{}", "--tag", "=b"], "--tag =b: write KEY=VALUE"),
    ],
)
def test_what_is_written_wrongly_is_never_sent(
    antipode: Antipode, api: ScriptedApi, options: list[str], said: str
) -> None:
    assert one_line(antipode("submit", "probe", *options), code=2).startswith(said)
    assert api.asked == []
