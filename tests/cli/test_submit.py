"""`antipode submit`: what it sends, what it prints, and how it ends."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.sdk import client_calls
from stacks.input_upload import LARGEST_SENT_BYTES, sent_input
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


def opened(sha256: str, size: int) -> dict[str, Any]:
    return {
        "upload": {"method": "PUT", "url": "http://store.example.test/x", "headers": {"Content-Length": "1", "a": "b"}},
        "reference": {"$payload": {"sha256": sha256, "bytes": size}},
    }


@dataclass
class Store:
    """Takes uploads in, or answers with these codes first."""

    codes: list[int] = field(default_factory=list)
    took: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def request(
        self, method: str, url: str, *, headers: dict[str, str], content: bytes, timeout: float
    ) -> httpx.Response:
        self.took.append((method, url, headers, content))
        return httpx.Response(self.codes.pop(0) if self.codes else 200)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    found = Store()
    monkeypatch.setattr("stacks.input_upload.httpx.request", found.request)
    return found


@pytest.mark.parametrize("codes", [[], [503, 500]])
def test_a_large_input_is_uploaded_and_submitted_by_reference(
    antipode: Antipode, api: ScriptedApi, store: Store, tmp_path: Path, codes: list[int]
) -> None:
    words = "x" * LARGEST_SENT_BYTES
    content = json.dumps({"words": words}).encode()
    answer = opened(hashlib.sha256(content).hexdigest(), len(content))
    store.codes = list(codes)
    uploads = [httpx.Response(200, json=answer) for _ in (*codes, "the one that succeeds")]
    api.answers = [*uploads, httpx.Response(ACCEPTED, json=job())]
    file = tmp_path / "large.json"
    file.write_text(json.dumps({"words": words}))
    result = antipode("submit", "probe", "--input-file", str(file), "--key", "k")
    assert result.exit_code == 0, result.output
    assert api.bodies()[0] == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert store.took[-1] == ("PUT", "http://store.example.test/x", {"a": "b"}, content)
    assert api.bodies()[-1] == {"agent": "probe", "input": answer["reference"]}
    assert len(store.took) == len(codes) + 1


def test_an_upload_that_fails_is_begun_anew_in_the_other_region(api: ScriptedApi, store: Store) -> None:
    store.codes = [503]
    api.answers = [httpx.Response(200, json=opened("0" * 64, 1)) for _ in range(2)]
    with api.client(regions=("http://east.test/v1", "http://west.test/v1")) as client:
        sent_input(client, "x" * LARGEST_SENT_BYTES)
    assert [request.url.host for request in api.asked] == ["east.test", "west.test"]


def test_an_upload_that_the_store_refuses_submits_nothing(antipode: Antipode, api: ScriptedApi, store: Store) -> None:
    store.codes = [403]
    api.answers = [httpx.Response(200, json=opened("0" * 64, 1))]
    result = antipode("submit", "probe", "--input", "-", input=json.dumps("x" * LARGEST_SENT_BYTES))
    assert "the store refuses it (403)" in one_line(result)
    assert len(api.asked) == 1


def test_what_fits_a_request_is_sent_as_it_is(
    antipode: Antipode, api: ScriptedApi, store: Store, tmp_path: Path
) -> None:
    api.answers = [httpx.Response(ACCEPTED, json=job())]
    file = tmp_path / "small.json"
    file.write_text('{"steps": 1}')
    assert antipode("submit", "probe", "--input-file", str(file)).exit_code == 0
    assert (api.bodies()[0]["input"], store.took) == ({"steps": 1}, [])


@pytest.mark.parametrize("options", [[], ["--input", "{}", "--input-file", "x.json"]])
def test_there_is_one_input(antipode: Antipode, options: list[str]) -> None:
    assert "--input-file" in one_line(antipode("submit", "probe", *options), code=2)


def test_the_command_line_and_the_python_client_upload_from_the_same_size_on() -> None:
    assert LARGEST_SENT_BYTES == client_calls.LARGEST_SENT_BYTES
