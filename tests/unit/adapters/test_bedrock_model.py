"""What Bedrock is asked, and which of its refusals trying again can mend."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from functions.adapters.aws_clients import AwsClients
from functions.adapters.bedrock_model import BedrockModel
from functions.adapters.blocking_calls import BlockingCalls
from functions.application.ports import ModelAnswer, ModelRefused, ModelRequest, ModelUnavailable

REQUEST = ModelRequest("Be brief.", "Which licence?", 100, 0.2, "job_x/étape*1")
ASKED = {
    "modelId": "a-model",
    "system": [{"text": "Be brief."}],
    "messages": [{"role": "user", "content": [{"text": "Which licence?"}]}],
    "inferenceConfig": {"maxTokens": 100, "temperature": 0.2},
    "requestMetadata": {"idempotency_key": "job_x/_tape_1"},
}


def reply(*texts: str, stop: str = "end_turn") -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"text": text} for text in texts]
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        "usage": {"inputTokens": 7, "outputTokens": 2, "totalTokens": 9},
        "metrics": {"latencyMs": 1},
    }


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> AwsClients:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unit")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unit")
    return AwsClients("us-east-1", "us-west-2", None)


@pytest.fixture
def stubber(clients: AwsClients) -> Iterator[Stubber]:
    with Stubber(clients.model()) as stubber:
        yield stubber


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def model(clients: AwsClients, said: list[str]) -> BedrockModel:
    return BedrockModel("a-model", clients.model, BlockingCalls("model", 1), lambda event, **fields: said.append(event))


def test_the_whole_request_goes_to_the_model_with_the_steps_key(model: BedrockModel, stubber: Stubber) -> None:
    stubber.add_response("converse", reply("M", "IT"), ASKED)
    assert asyncio.run(model.converse(REQUEST)) == ModelAnswer("MIT", 7, 2)


def test_a_request_without_system_text_sends_none(model: BedrockModel, stubber: Stubber) -> None:
    stubber.add_response("converse", reply("a"), {name: part for name, part in ASKED.items() if name != "system"})
    asyncio.run(model.converse(ModelRequest("", "Which licence?", 100, 0.2, "job_x/étape*1")))
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 429),
        ("ModelTimeoutException", 408),
        ("ModelNotReadyException", 429),
        ("ModelErrorException", 424),
        ("ServiceUnavailableException", 503),
        ("InternalServerException", 500),
    ],
)
def test_a_model_that_refuses_for_now_is_unavailable(
    model: BedrockModel, stubber: Stubber, said: list[str], code: str, status: int
) -> None:
    stubber.add_client_error("converse", code, http_status_code=status)
    with pytest.raises(ModelUnavailable, match=code):
        asyncio.run(model.converse(REQUEST))
    assert said == []


def test_when_a_busy_model_wants_to_be_asked_again_is_handed_on(model: BedrockModel, stubber: Stubber) -> None:
    headers = {"HTTPHeaders": {"retry-after": "17"}}
    stubber.add_client_error("converse", "ThrottlingException", http_status_code=429, response_meta=headers)
    with pytest.raises(ModelUnavailable) as refused:
        asyncio.run(model.converse(REQUEST))
    assert refused.value.retry_after == "17"


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException", "ResourceNotFoundException"])
def test_a_request_that_is_wrong_or_not_allowed_is_refused_and_said(
    model: BedrockModel, stubber: Stubber, said: list[str], code: str
) -> None:
    stubber.add_client_error("converse", code)
    with pytest.raises(ModelRefused, match=code):
        asyncio.run(model.converse(REQUEST))
    assert said == ["model_refused"]


@pytest.mark.parametrize("stop", ["content_filtered", "guardrail_intervened"])
def test_an_answer_that_was_blocked_is_a_refusal(model: BedrockModel, stubber: Stubber, stop: str) -> None:
    stubber.add_response("converse", reply("I cannot say.", stop=stop))
    with pytest.raises(ModelRefused, match=stop):
        asyncio.run(model.converse(REQUEST))


def test_a_temperature_that_is_no_number_is_refused_before_it_is_sent(model: BedrockModel) -> None:
    wrong: Any = "warm"
    with pytest.raises(ModelRefused):
        asyncio.run(model.converse(ModelRequest("", "?", 100, wrong, "k")))
