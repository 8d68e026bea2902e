"""The probe of the peer: 2xx is healthy, anything else is not, and no answer never hangs or raises."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from functions.adapters import http_probe
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.http_probe import HttpProbe
from functions.application.ports import PeerProbe


class Peer(ThreadingHTTPServer):
    """Answers with `status` and remembers what it was asked."""

    status = 200
    body = b""
    asked: list[tuple[str, str | None]]


class Answer(BaseHTTPRequestHandler):
    server: Peer

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Host"]))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def peer() -> Iterator[Peer]:
    server = Peer(("127.0.0.1", 0), Answer)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def probe(port: int, scheme: str = "http") -> PeerProbe:
    url = f"{scheme}://us-west-2.api.antipode.test/v1/health"
    return HttpProbe(url, ("127.0.0.1", port), BlockingCalls("probe", 1))


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (204, True), (301, False), (404, False), (503, False)])
def test_only_2xx_is_healthy(peer: Peer, status: int, healthy: bool) -> None:
    peer.status = status
    assert asyncio.run(probe(peer.server_port).healthy()) is healthy


@pytest.mark.parametrize(
    ("body", "healthy"),
    [
        (b'{"code": "region_evacuated"}', True),
        (b'{"code": "region_returning"}', True),
        (b'{"code": "lane_unavailable"}', False),
        (b"[]", False),
        (b"<html>", False),
    ],
)
def test_a_region_that_was_told_to_go_or_comes_back_is_not_a_lost_one(peer: Peer, body: bytes, healthy: bool) -> None:
    peer.status, peer.body = 503, body
    assert asyncio.run(probe(peer.server_port).healthy()) is healthy


def test_it_connects_to_the_address_and_asks_for_the_name(peer: Peer) -> None:
    asyncio.run(probe(peer.server_port).healthy())
    assert peer.asked == [("/v1/health", "us-west-2.api.antipode.test")]


def test_without_an_address_it_connects_to_where_the_url_leads(peer: Peer) -> None:
    url = f"http://127.0.0.1:{peer.server_port}/v1/health"
    assert asyncio.run(HttpProbe(url, None, BlockingCalls("probe", 1)).healthy())
    assert peer.asked == [("/v1/health", f"127.0.0.1:{peer.server_port}")]


def test_a_refused_connection_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert asyncio.run(probe(port).healthy()) is False


def test_a_name_that_leads_nowhere_is_not_healthy() -> None:
    assert asyncio.run(HttpProbe("http://peer.invalid/", None, BlockingCalls("probe", 1)).healthy()) is False


def test_silence_is_not_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_probe, "ANSWER_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert asyncio.run(probe(silent.getsockname()[1]).healthy()) is False


def test_an_answer_that_is_no_http_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"\x00\x01\x02\r\n\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        assert asyncio.run(probe(server.getsockname()[1]).healthy()) is False
        thread.join()


def test_a_peer_whose_certificate_cannot_be_checked_is_not_healthy(peer: Peer) -> None:
    assert asyncio.run(probe(peer.server_port, "https").healthy()) is False
