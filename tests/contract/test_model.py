"""Model: an answer with its cost, or the news whether asking again can help."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import pytest
from botocore.stub import Stubber

from functions.adapters.aws_clients import AwsClients
from functions.adapters.bedrock_model import BedrockModel
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.memory import ScriptedModel
from functions.application.ports import Model, ModelAnswer, ModelRefused, ModelRequest, ModelUnavailable
from tests.contract.worlds import say

Script: TypeAlias = Sequence[ModelAnswer | Exception]
Scripted: TypeAlias = Callable[[Script], Model]

REQUEST = ModelRequest("Be brief.", "Which licence?", 100, 0.0, "job_x/model")


@pytest.fixture(params=["memory", "bedrock"])
def scripted(request: pytest.FixtureRequest, clients: AwsClients) -> Iterator[Scripted]:
    """Makes a model that gives these answers in turn."""
    if request.param == "memory":
        yield lambda script: ScriptedModel(list(script))
        return
    with Stubber(clients.model()) as stubber:
        yield lambda script: _bedrock(stubber, clients, script)


def _bedrock(stubber: Stubber, clients: AwsClients, script: Script) -> Model:
    for answer in script:
        match answer:
            case ModelAnswer():
                usage = {"inputTokens": answer.input_tokens, "outputTokens": answer.output_tokens}
                total = {"totalTokens": answer.input_tokens + answer.output_tokens}
                message = {"role": "assistant", "content": [{"text": answer.text}]}
                reply = {
                    "output": {"message": message},
                    "stopReason": "end_turn",
                    "usage": usage | total,
                    "metrics": {"latencyMs": 1},
                }
                stubber.add_response("converse", reply)
            case ModelUnavailable():
                stubber.add_client_error("converse", "ThrottlingException", http_status_code=429)
            case _:
                stubber.add_client_error("converse", "ValidationException")
    return BedrockModel("a-model", clients.model, BlockingCalls("model", 1), say)


class TestModel:
    def test_an_answer_comes_with_its_tokens(self, scripted: Scripted) -> None:
        answer = ModelAnswer("MIT, größtenteils", 12, 3)
        assert asyncio.run(scripted([answer]).converse(REQUEST)) == answer

    def test_answers_come_in_turn(self, scripted: Scripted) -> None:
        model = scripted([ModelAnswer("a", 1, 1), ModelAnswer("b", 2, 2)])
        assert [asyncio.run(model.converse(REQUEST)).text for _ in range(2)] == ["a", "b"]

    def test_a_busy_model_is_unavailable_and_may_answer_the_next_time(self, scripted: Scripted) -> None:
        model = scripted([ModelUnavailable("busy"), ModelAnswer("a", 1, 1)])
        with pytest.raises(ModelUnavailable):
            asyncio.run(model.converse(REQUEST))
        assert asyncio.run(model.converse(REQUEST)).text == "a"

    def test_a_request_that_the_model_cannot_take_is_refused(self, scripted: Scripted) -> None:
        with pytest.raises(ModelRefused):
            asyncio.run(scripted([ModelRefused("too long")]).converse(REQUEST))
