"""While a Region is deployed: the stream's name, or why there is none, always answered."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from functions.handlers.find_stream import handle
from tests.event_files import event
from tests.unit.handlers.conftest import Process

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/antipode-prod/stream/2026-11-21T12:00:00.000"


@pytest.fixture
def answers() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Where CloudFormation waits for an answer, and what came."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/answer", got
    server.shutdown()
    server.server_close()


def ask(url: str, kind: str = "Create") -> None:
    handle({**event("find_stream"), "ResponseURL": url, "RequestType": kind}, None)


def test_the_streams_name_is_the_answer(
    process: Process, answers: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process.runtime, "stream_arn", lambda: ARN)
    ask(answers[0])
    (answer,) = answers[1]
    asked = event("find_stream")
    assert (answer["Status"], answer["Data"]) == ("SUCCESS", {"StreamArn": ARN})
    assert {name: answer[name] for name in ("StackId", "RequestId", "LogicalResourceId")} == {
        name: asked[name] for name in ("StackId", "RequestId", "LogicalResourceId")
    }


def test_a_table_that_cannot_be_described_fails_the_deployment_at_once(
    process: Process, answers: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> str:
        raise KeyError("LatestStreamArn")

    monkeypatch.setattr(process.runtime, "stream_arn", refuse)
    ask(answers[0])
    assert answers[1][0]["Status"] == "FAILED"
    assert "LatestStreamArn" in answers[1][0]["Reason"]


def test_a_delete_undoes_nothing_and_is_answered(
    process: Process, answers: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process.runtime, "stream_arn", lambda: 1 / 0)
    ask(answers[0], "Delete")
    assert answers[1][0]["Status"] == "SUCCESS"
