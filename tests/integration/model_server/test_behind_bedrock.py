"""The model server behind the emulator's Bedrock: what a caller of Converse sees of answers, token counts and faults.

That the stock emulator hides the faults is shown in tests/integration/emulator/test_bedrock_models.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.application.ports import ModelAnswer, ModelRequest
from localstack.model.accuracy import review
from localstack.model.tokens import count_prompt_tokens, count_tokens
from tests.integration.emulator.processes import FIRST, Emulators, leased_slot
from tests.integration.model_server.servers import ask, serving

MODEL = "us.amazon.nova-lite-v1:0"


@dataclass(frozen=True)
class Cloud:
    """One emulated Region in front of a model server."""

    emulators: Emulators
    model_url: str

    def converse(self, text: str = "Say something.", **parameters: Any) -> dict[str, Any]:
        bedrock = self.emulators.client("bedrock-runtime")
        messages = [{"role": "user", "content": [{"text": text}]}]
        answer: dict[str, Any] = bedrock.converse(modelId=MODEL, messages=messages, **parameters)
        return answer

    def order(self, **behaviour: object) -> None:
        """Reset the model server, then have it behave so."""
        ask(f"{self.model_url}/control", method="DELETE")
        ask(f"{self.model_url}/control", behaviour)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with leased_slot() as slot:
        emulators = Emulators(slot, tmp_path_factory.mktemp("cloud"), names=(FIRST,))
        place = emulators.layout.model
        try:
            emulators.start()
            with serving(address=place.address, port=place.port) as url:
                yield Cloud(emulators, url)
        finally:
            emulators.stop()


class ConverseModel:
    """Bedrock's Converse as the model of a review."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def converse(self, request: ModelRequest) -> ModelAnswer:
        answer = self._cloud.converse(
            request.prompt, system=[{"text": request.system}], inferenceConfig={"maxTokens": request.max_tokens}
        )
        text = answer["output"]["message"]["content"][0]["text"]
        return ModelAnswer(text, answer["usage"]["inputTokens"], answer["usage"]["outputTokens"])


def test_prompt_settings_and_token_counts_come_through(cloud: Cloud) -> None:
    cloud.order(script=[{"contains": ["Be brief.", "What is it?"], "answers": ["It is a test."]}])
    answer = cloud.converse(
        "What is it?",
        system=[{"text": "Be brief."}],
        inferenceConfig={"maxTokens": 100, "temperature": 0.0},
        requestMetadata={"idempotency_key": "job/step"},
    )
    assert answer["output"]["message"]["content"] == [{"text": "It is a test."}]
    assert answer["stopReason"] == "end_turn"
    asked, said = count_prompt_tokens(["Be brief.", "What is it?"]), count_tokens("It is a test.")
    assert answer["usage"] == {"inputTokens": asked, "outputTokens": said, "totalTokens": asked + said}


def test_an_answer_that_was_cut_says_so(cloud: Cloud) -> None:
    cloud.order()
    answer = cloud.converse(inferenceConfig={"maxTokens": 3})
    assert (answer["stopReason"], answer["usage"]["outputTokens"]) == ("max_tokens", 3)


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ({"throttle_rate": 1}, "ThrottlingException"),
        ({"error_rate": 1, "error_status": 400}, "ValidationException"),
        ({"error_rate": 1, "error_status": 500}, "InternalServerException"),
        ({"error_rate": 1, "error_status": 503}, "ServiceUnavailableException"),
    ],
)
def test_a_fault_is_the_error_that_bedrock_has_for_it(cloud: Cloud, behaviour: dict[str, float], code: str) -> None:
    cloud.order(**behaviour)
    with pytest.raises(ClientError) as refused:
        cloud.converse()
    assert refused.value.response["Error"]["Code"] == code


def test_a_review_runs_through_bedrock_and_outlives_a_lie(cloud: Cloud) -> None:
    cloud.order(lie_rate=1, fault_limit=1)
    finding = asyncio.run(review("pydantic", ConverseModel(cloud)))
    assert isinstance(finding, dict)
    assert (finding["spdx"], finding["agrees"]) == ("MIT", True)
    assert ask(f"{cloud.model_url}/control")["counts"] == {"asked": 2, "lie": 1, "rule": 1}
