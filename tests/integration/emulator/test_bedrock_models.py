"""Bedrock in front of an OpenAI-compatible model server (shims/bedrock_models.py)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.integration.emulator.processes import ACCOUNT, FIRST, Emulators, allow
from tests.integration.emulator.shim_proof import needs_its_shim

MODEL = "us.amazon.nova-lite-v1:0"
PROFILE = f"arn:aws:bedrock:{FIRST}:{ACCOUNT}:inference-profile/{MODEL}"
CONVERSES = f"""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

    def handler(event, context):
        bedrock = boto3.client("bedrock-runtime", config=Config(retries={{"total_max_attempts": 1}}))
        try:
            reply = bedrock.converse(
                modelId=event.get("model", "{MODEL}"),
                system=[{{"text": "You are terse."}}],
                messages=[{{"role": "user", "content": [{{"text": event["prompt"]}}]}}],
                inferenceConfig={{"maxTokens": 7, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]}},
            )
        except ClientError as refused:
            error = refused.response["Error"]
            return [error["Code"], refused.response["ResponseMetadata"]["HTTPStatusCode"], error["Message"]]
        return {{name: reply[name] for name in ("output", "stopReason", "usage")}}
"""


class ModelServer:
    """Answers each prompt as the test told it to."""

    def __init__(self, address: str, port: int) -> None:
        self.asked: list[dict[str, Any]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.asked.append(question)
                status, reply = server.reply(question["messages"][-1]["content"])
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer((address, port), Handler)
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def reply(self, prompt: str) -> tuple[int, bytes]:
        match prompt.split():
            case ["fail", status]:
                return int(status), b'{"error": {"message": "as told"}}'
            case ["garbled"]:
                return 200, b"no json"
            case ["empty"]:
                return 200, b'{"choices": []}'
            case _:
                return 200, self._completion(prompt)

    def _completion(self, prompt: str) -> bytes:
        message = {"role": "assistant", "content": f"heard {prompt}"}
        choice = {"message": message, "finish_reason": "length" if prompt == "long" else "stop"}
        usage = {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}
        return json.dumps({"choices": [choice], "usage": usage}).encode()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def model_server(either: Emulators) -> Iterator[ModelServer]:
    place = either.layout.model
    server = ModelServer(place.address, place.port)
    yield server
    server.close()


def make_function(emulators: Emulators, name: str, *statements: dict[str, Any]) -> None:
    emulators.function(name, CONVERSES, *(statements or [allow("bedrock:InvokeModel", PROFILE)]))


@needs_its_shim
def test_a_function_with_permission_for_the_profile_converses(either: Emulators, model_server: ModelServer) -> None:
    make_function(either, "converses")

    reply, _ = either.invoke("converses", {"prompt": "hello"})

    assert reply == {
        "output": {"message": {"role": "assistant", "content": [{"text": "heard hello"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 11, "outputTokens": 3, "totalTokens": 14},
    }
    assert model_server.asked == [
        {
            "model": MODEL,
            "messages": [{"role": "system", "content": "You are terse."}, {"role": "user", "content": "hello"}],
            "stream": False,
            "max_tokens": 7,
            "temperature": 0.5,
            "top_p": 0.9,
            "stop": ["END"],
        }
    ]


@needs_its_shim
def test_a_failing_model_is_an_error_and_never_an_answer(either: Emulators, model_server: ModelServer) -> None:
    expected = {
        "fail 429": ["ThrottlingException", 429],
        "fail 500": ["InternalServerException", 500],
        "fail 503": ["ServiceUnavailableException", 503],
        "fail 504": ["ModelTimeoutException", 408],
        "fail 400": ["ValidationException", 400],
        "fail 418": ["ModelErrorException", 424],
        "garbled": ["ModelErrorException", 424],
        "empty": ["ModelErrorException", 424],
    }
    make_function(either, "fails", allow("bedrock:*"))

    answers = {prompt: either.invoke("fails", {"prompt": prompt})[0] for prompt in expected}

    assert {prompt: answer[:2] for prompt, answer in answers.items()} == expected


@needs_its_shim
def test_without_a_model_server_bedrock_is_unavailable(either: Emulators) -> None:
    make_function(either, "unserved", allow("bedrock:*"))

    answer, _ = either.invoke("unserved", {"prompt": "hello"})

    assert answer[:2] == ["ServiceUnavailableException", 503]


@needs_its_shim
def test_an_answer_cut_off_at_its_limit_says_so(either: Emulators, model_server: ModelServer) -> None:
    make_function(either, "cut-off", allow("bedrock:*"))

    assert either.invoke("cut-off", {"prompt": "long"})[0]["stopReason"] == "max_tokens"


def test_a_role_without_permission_for_the_model_is_refused(cloud: Emulators) -> None:
    make_function(cloud, "no-model", allow("bedrock:InvokeModel", PROFILE.replace("lite", "pro")))

    code, status, message = cloud.invoke("no-model", {"prompt": "hello"})[0]

    assert (code, status) == ("AccessDeniedException", 403)
    assert "bedrock:InvokeModel" in message
