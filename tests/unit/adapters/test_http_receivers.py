"""Receivers over HTTP: what they get passes the library's own check, and goes to public places only."""

import asyncio
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from functions.adapters.http_receivers import HttpReceivers, resolve, signed
from functions.adapters.system_clock import SystemClock
from functions.application.webhook_ports import Answer, Post

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLDER = "whsec_b2xkZXItc2VjcmV0LW9sZGVyLXNlY3JldA=="
CLOCK = SystemClock()
BODY = '{"type":"job.succeeded","data":{"id":"job_a/1.us-east-1/6","said":"grüezi"}}'
PAGE = Path(__file__).parents[3] / "docs" / "webhooks.md"


@dataclass
class Server:
    """What a receiver on this machine got, and what it answers."""

    url: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    made.answers.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            made.answers.wait(5)
            self.send_response(made.status)
            for name, value in {**made.headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{listening.server_port}/hook?x=1"
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield made
    made.answers.set()
    listening.shutdown()
    listening.server_close()


def post(url: str, *secrets: str) -> Post:
    return Post(url=url, id="job_a/1.us-east-1/6", at=CLOCK.now(), body=BODY, secrets=secrets)


def sent(receivers: HttpReceivers, asked: Post) -> Answer:
    return asyncio.run(receivers.post(asked))


def test_a_receiver_can_verify_what_it_gets_with_either_secret_while_both_sign(server: Server) -> None:
    answer = sent(HttpReceivers(loopback=True), post(server.url, SECRET, OLDER))
    assert (answer.status, answer.accepted) == (204, True)
    ((path, headers, body),) = server.got
    assert path == "/hook?x=1"
    assert headers["webhook-id"] == "job_a/1.us-east-1/6"
    for secret in (SECRET, OLDER):
        assert Webhook(secret).verify(body, headers)["data"]["said"] == "grüezi"
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_c29tZWJvZHktZWxzZQ==").verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"succeeded", b"failed"), headers)


def test_without_a_secret_nothing_is_signed() -> None:
    assert "webhook-signature" not in signed(post("https://example.com/"))


@pytest.mark.parametrize(("status", "accepted"), [(200, True), (299, True), (302, False), (410, False), (500, False)])
def test_the_status_says_whether_it_was_taken_and_no_redirect_is_followed(
    server: Server, status: int, accepted: bool
) -> None:
    server.status, server.headers = status, {"Location": server.url, "Retry-After": "7"}
    answer = sent(HttpReceivers(loopback=True), post(server.url))
    assert (answer.status, answer.accepted, answer.retry_after) == (status, accepted, "7")
    assert len(server.got) == 1


def test_on_aws_no_address_of_this_machine_is_called(server: Server) -> None:
    answer = sent(HttpReceivers(loopback=False), post(server.url))
    assert (answer.status, answer.detail) == (None, "127.0.0.1 leads to no public address")
    assert server.got == []


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "192.168.1.1", "::ffff:10.0.0.1", "fd00::1"])
def test_a_public_name_that_leads_into_a_private_network_is_not_called(address: str) -> None:
    async def leads_there(host: str, port: int) -> Sequence[str]:
        return [address]

    answer = sent(HttpReceivers(loopback=True, resolve=leads_there), post("https://example.com/hook"))
    assert (answer.status, answer.detail) == (None, "example.com leads to no public address")


def test_the_connection_goes_to_the_address_that_was_checked(server: Server) -> None:
    asked: list[str] = []

    async def leads_here(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    url = server.url.replace("127.0.0.1", "receiver.example")
    answer = sent(HttpReceivers(loopback=True, resolve=leads_here), post(url))
    assert answer.accepted
    assert asked == ["receiver.example"]
    assert server.got[0][1]["host"].startswith("receiver.example:")


def test_a_receiver_that_says_nothing_is_not_waited_for_long(server: Server) -> None:
    server.answers.clear()
    answer = sent(HttpReceivers(loopback=True, limit_seconds=0.2), post(server.url))
    assert (answer.status, answer.detail) == (None, "no answer within 0.2 s")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://name.invalid/"])
def test_who_is_not_there_is_an_answer_too(url: str) -> None:
    answer = sent(HttpReceivers(loopback=True), post(url))
    assert answer.status is None
    assert answer.detail


def test_addresses_of_ipv4_come_first() -> None:
    found = asyncio.run(resolve("localhost", 80))
    assert found[0] == "127.0.0.1"


def test_the_receiver_in_the_documentation_takes_each_event_once(server: Server) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    example: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), example)
    for _ in range(2):
        sent(HttpReceivers(loopback=True), post(server.url, SECRET))
    seen: set[str] = set()
    answers = [example["receive"](SECRET, headers, body, seen) for _, headers, body in server.got]
    assert [status for status, _ in answers] == [204, 204]
    assert [event is None for _, event in answers] == [False, True]
    _, headers, body = server.got[0]
    assert example["receive"](SECRET, headers, body + b" ", seen) == (400, None)
