"""The model server as its clients see it, without a process or a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from localstack.model.answers import NOTHING_FITS
from localstack.model.application import MODEL_NAME, Event, ModelServer
from localstack.model.faults import Behaviour
from localstack.model.tokens import count_prompt_tokens, count_tokens
from localstack.model.upstream import Upstream
from tests.localstack.model import licence_samples as samples
from tests.localstack.model.prompts import prompt

CHAT = "/v1/chat/completions"
MIT = prompt(LICENSE=samples.MIT)


def talk(server: ModelServer, conversation: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    async def run() -> None:
        transport = httpx.ASGITransport(app=server)
        async with httpx.AsyncClient(transport=transport, base_url="http://model") as client:
            await conversation(client)

    asyncio.run(run())


def request(text: str = MIT, **fields: Any) -> dict[str, Any]:
    messages = [{"role": "system", "content": "Be exact."}, {"role": "user", "content": text}]
    return {"model": "some-model", "messages": messages, **fields}


def text_of(answer: httpx.Response) -> str:
    return str(answer.json()["choices"][0]["message"]["content"])


def test_a_chat_is_answered_in_openais_form_with_token_counts_that_add_up() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        answer = await client.post(CHAT, json=request())
        body = answer.json()
        assert answer.status_code == 200
        assert (body["object"], body["model"]) == ("chat.completion", "some-model")
        assert body["choices"][0]["finish_reason"] == "stop"
        assert json.loads(text_of(answer))["spdx"] == "MIT"
        asked, said = count_prompt_tokens(["Be exact.", MIT]), count_tokens(text_of(answer))
        assert body["usage"] == {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}

    talk(ModelServer(Behaviour()), conversation)


def test_content_may_come_in_parts() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        parts = [{"type": "text", "text": part} for part in MIT.split("\n\n", 1)]
        answer = await client.post(CHAT, json={"model": "m", "messages": [{"role": "user", "content": parts}]})
        assert json.loads(text_of(answer))["spdx"] == "MIT"

    talk(ModelServer(Behaviour()), conversation)


def test_an_answer_over_max_tokens_is_cut_and_says_so() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        body = (await client.post(CHAT, json=request(max_tokens=5))).json()
        assert body["choices"][0]["finish_reason"] == "length"
        assert body["usage"]["completion_tokens"] <= 5

    talk(ModelServer(Behaviour()), conversation)


def test_an_answer_ends_before_a_stop_sequence() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        assert text_of(await client.post(CHAT, json=request("hello", stop=[" and no"]))) == "No scripted answer"

    talk(ModelServer(Behaviour()), conversation)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"not json", None),
        (b"[]", None),
        (b'{"messages": [{"role": "user", "content": "x"}]}', "model"),
        (b'{"model": "m", "messages": []}', "messages"),
        (b'{"model": "m", "messages": [{"role": "king", "content": "x"}]}', "messages.0.role"),
        (b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 0}', "max_tokens"),
        (b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": true}', "stream"),
    ],
)
def test_a_request_that_no_model_could_answer_is_refused_by_the_name_of_the_field(body: bytes, param: str) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        answer = await client.post(CHAT, content=body)
        error = answer.json()["error"]
        assert (answer.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)

    talk(ModelServer(Behaviour()), conversation)


def test_a_throttled_request_says_when_to_come_back() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        await client.post("/control", json={"throttle_rate": 1, "retry_after_seconds": 7})
        answer = await client.post(CHAT, json=request())
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
        assert answer.json()["error"]["type"] == "rate_limit_error"

    talk(ModelServer(Behaviour()), conversation)


def test_an_error_has_the_status_that_was_ordered() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        assert (await client.post(CHAT, json=request())).status_code == 503

    talk(ModelServer(Behaviour(error_rate=1, error_status=503)), conversation)


def test_a_malformed_answer_is_no_json_and_a_lie_is() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        await client.post("/control", json={"malformed_rate": 1})
        with pytest.raises(json.JSONDecodeError):
            json.loads(text_of(await client.post(CHAT, json=request())))
        await client.post("/control", json={"malformed_rate": 0, "lie_rate": 1})
        assert json.loads(text_of(await client.post(CHAT, json=request())))["spdx"] != "MIT"

    talk(ModelServer(Behaviour()), conversation)


def test_a_hanging_request_ends_when_the_client_hangs_up() -> None:
    server = ModelServer(Behaviour(hang_rate=1))
    sent: list[Event] = []
    body: Event = {"type": "http.request", "body": json.dumps(request()).encode()}
    incoming = iter([body, {"type": "http.disconnect"}])

    async def receive() -> Event:
        return next(incoming)

    async def send(message: Event) -> None:
        sent.append(message)

    asyncio.run(server({"type": "http", "method": "POST", "path": CHAT}, receive, send))
    assert sent == []

    async def conversation(client: httpx.AsyncClient) -> None:
        assert (await client.get("/control")).json()["counts"] == {"asked": 1, "hang": 1}

    talk(server, conversation)


def test_the_control_endpoint_changes_what_is_given_and_keeps_the_rest() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        before = (await client.get("/control")).json()["behaviour"]
        changed = (await client.post("/control", json={"error_rate": 0.5})).json()["behaviour"]
        assert changed == {**before, "error_rate": 0.5}

    talk(ModelServer(Behaviour(latency_ms=3, seed=9)), conversation)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"error_rate": 2}, "error_rate"),
        ({"error_rate": 0.9, "hang_rate": 0.9}, None),
        ({"no_such_thing": 1}, "no_such_thing"),
        ({"error_rate": 1, "script": [{"contains": "x"}]}, "0.answers"),
        ([], None),
    ],
)
def test_a_change_that_is_wrong_changes_nothing(change: object, param: str | None) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        before = (await client.get("/control")).json()
        answer = await client.post("/control", json=change)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
        after = (await client.get("/control")).json()
        assert (after["behaviour"], after["script"]) == (before["behaviour"], before["script"])

    talk(ModelServer(Behaviour()), conversation)


def test_a_script_can_be_given_while_the_server_runs_and_is_gone_after_a_reset() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        await client.post("/control", json={"script": [{"contains": "Be exact", "answers": ["yes"]}]})
        assert text_of(await client.post(CHAT, json=request())) == "yes"
        reset = (await client.delete("/control")).json()
        assert (reset["script"], reset["counts"]) == ([], {})
        assert text_of(await client.post(CHAT, json=request("?"))) == NOTHING_FITS

    talk(ModelServer(Behaviour()), conversation)


def test_each_request_is_remembered_with_its_outcome() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        for _ in range(2):
            await client.post(CHAT, json=request())
        await client.post(CHAT, json=request("?"))
        remembered = (await client.get("/control/requests")).json()["requests"]
        assert [item["outcome"] for item in remembered] == ["rule", "rule", "nothing"]
        assert remembered[0]["prompt_sha256"] == remembered[1]["prompt_sha256"] != remembered[2]["prompt_sha256"]

    talk(ModelServer(Behaviour()), conversation)


def test_the_model_and_its_health_can_be_asked_for_and_nothing_else() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        assert (await client.get("/v1/models")).json()["data"][0]["id"] == MODEL_NAME
        assert (await client.get("/health")).json() == {"status": "ok"}
        assert (await client.get("/v1/embeddings")).status_code == 404

    talk(ModelServer(Behaviour()), conversation)


def test_a_real_model_is_asked_in_place_of_the_rules_but_after_the_script() -> None:
    seen: list[httpx.Request] = []

    def answer(asked: httpx.Request) -> httpx.Response:
        seen.append(asked)
        return httpx.Response(429, json={"error": {"message": "slow down"}}, headers={"retry-after": "9"})

    upstream = Upstream("http://real.test/v1", "its-name", "its-key", transport=httpx.MockTransport(answer))

    async def conversation(client: httpx.AsyncClient) -> None:
        await client.post("/control", json={"script": [{"contains": "by script", "answers": ["here"]}]})
        assert text_of(await client.post(CHAT, json=request("by script"))) == "here"
        relayed = await client.post(CHAT, json=request("by none", temperature=0.5))
        assert (relayed.status_code, relayed.headers["retry-after"]) == (429, "9")

    talk(ModelServer(Behaviour(), upstream=upstream), conversation)
    (asked,) = seen
    assert str(asked.url) == "http://real.test/v1/chat/completions"
    assert asked.headers["authorization"] == "Bearer its-key"
    body = json.loads(asked.content)
    assert (body["model"], body["temperature"], body["messages"][1]["content"]) == ("its-name", 0.5, "by none")


def test_a_real_model_that_is_out_of_reach_is_an_error_that_says_so() -> None:
    def fail(asked: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=asked)

    async def conversation(client: httpx.AsyncClient) -> None:
        answer = await client.post(CHAT, json=request())
        assert (answer.status_code, answer.json()["error"]["type"]) == (502, "upstream_unreachable")

    upstream = Upstream("http://real.test", transport=httpx.MockTransport(fail))
    talk(ModelServer(Behaviour(), upstream=upstream), conversation)
