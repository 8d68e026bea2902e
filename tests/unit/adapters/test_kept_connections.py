"""The connections below botocore's clients: kept where they may be, and never used when they are dead."""

import datetime
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import URLLib3Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from functions.adapters.aws_clients import AwsClients
from functions.adapters.kept_connections import KeptConnections

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n\r\n{}"
CLOSE = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
TWO_SAME = b"HTTP/1.1 200 OK\r\nVia: a\r\nVia: b\r\nContent-Length: 2\r\n\r\n{}"
HANG_UP = b""
#: Stands for an answer that never comes.
SILENCE = b"silence"


class Server:
    """Answers with what it was given, one piece for each request of a connection, and hangs up after the last."""

    def __init__(self, connections: Sequence[Sequence[bytes]], secure: ssl.SSLContext | None = None) -> None:
        self._script = [list(answers) for answers in connections]
        self._secure = secure
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.requests: list[bytes] = []
        self.accepted = 0
        self.hung_up = threading.Event()
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, whatever is left of the script."""
        self.over.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        for answers in self._script:
            try:
                connected, _ = self._socket.accept()
            except OSError:
                return
            self.accepted += 1
            try:
                if self._secure is not None:
                    connected = self._secure.wrap_socket(connected, server_side=True)
                self._answer(connected, answers)
            except (OSError, ssl.SSLError):
                pass
            finally:
                connected.close()
                self.hung_up.set()

    def _answer(self, connected: socket.socket, answers: Sequence[bytes]) -> None:
        connected.settimeout(5)
        for answer in answers:
            request = b""
            while not is_whole(request):
                received = connected.recv(65_536)
                if not received:
                    return
                request += received
            self.requests.append(request)
            if answer == SILENCE:
                self.over.wait(5)
                return
            piece = max(7, len(answer) // 50)
            for place in range(0, len(answer), piece):  # as a network may bring it
                connected.sendall(answer[place : place + piece])


def is_whole(request: bytes) -> bool:
    """Whether all of a request is there."""
    head, blank, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: (\d+)", head)
    return bool(blank) and length is not None and len(body) == int(length[1])


@contextmanager
def answering(*connections: Sequence[bytes], secure: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Have a server with this script."""
    server = Server(connections, secure)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def kept(read_seconds: float = 5.0, otherwise: URLLib3Session | None = None) -> Iterator[KeptConnections]:
    """Have connections, closed in the end."""
    connections = KeptConnections(otherwise or URLLib3Session(), 5.0, read_seconds)
    try:
        yield connections
    finally:
        connections.close()


def request_to(url: str, **changes: Any) -> AWSPreparedRequest:
    """Return what botocore would have sent."""
    headers: Any = HeadersDict({"X-Amz-Target": b"DynamoDB.Query", "Content-Length": "2", **changes.pop("headers", {})})
    parts: dict[str, Any] = {"method": "POST", "url": url, "body": b"{}", "stream_output": False} | changes
    return AWSPreparedRequest(headers=headers, **parts)


def to(server: Server, **changes: Any) -> AWSPreparedRequest:
    """The same, to a server of ours."""
    return request_to(f"http://127.0.0.1:{server.port}/", **changes)


def test_one_connection_serves_one_call_after_the_other() -> None:
    with answering([OK, OK, OK]) as server, kept() as connections:
        answers = [connections.send(to(server)) for _ in range(3)]
        assert [(answer.status_code, answer.content) for answer in answers] == [(200, b"{}")] * 3
        assert answers[0].headers["content-type"] == answers[0].headers["Content-Type"] == "application/x-amz-json-1.0"
        assert server.accepted == 1


def test_a_request_is_sent_as_it_was_signed() -> None:
    with answering([OK]) as server, kept() as connections:
        connections.send(to(server))
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        first, *headers = head.decode().split("\r\n")
        assert (first, body) == ("POST / HTTP/1.1", b"{}")
        assert sorted(headers) == [
            "Accept-Encoding: identity",
            "Content-Length: 2",
            f"Host: 127.0.0.1:{server.port}",
            "X-Amz-Target: DynamoDB.Query",
        ]


def test_a_connection_that_the_other_side_has_closed_meanwhile_is_not_used_again() -> None:
    with answering([OK], [OK]) as server, kept() as connections:
        connections.send(to(server))
        assert server.hung_up.wait(5)
        connections.send(to(server))  # at once, and not by a retry: there is nobody here who would try again
        assert server.accepted == 2


@pytest.mark.parametrize("answer", [CHUNKED, TWO_SAME], ids=["in chunks", "with a header said twice"])
def test_an_answer_of_another_form_is_read_to_its_end_and_its_connection_kept(answer: bytes) -> None:
    with answering([answer, OK]) as server, kept() as connections:
        assert connections.send(to(server)).content == b"{}"
        assert connections.send(to(server)).content == b"{}"
        assert server.accepted == 1


def test_a_connection_whose_answer_says_so_is_not_kept() -> None:
    with answering([CLOSE, OK], [OK]) as server, kept() as connections:
        assert connections.send(to(server)).content == b"{}"
        connections.send(to(server))
        assert server.accepted == 2


def test_a_large_answer_is_read_to_its_end() -> None:
    content = b"x" * 1_000_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + content
    with answering([answer]) as server, kept() as connections:
        assert connections.send(to(server)).content == content


@pytest.mark.parametrize(
    "answer", [HANG_UP, OK[:20], OK[:-1], CHUNKED[:-5]], ids=["at once", "in its head", "in its body", "in its chunks"]
)
def test_an_answer_that_breaks_off_is_a_closed_connection(answer: bytes) -> None:
    with answering([answer]) as server, kept() as connections, pytest.raises(ConnectionClosedError):
        connections.send(to(server))


def test_an_answer_that_does_not_come_is_a_read_timeout() -> None:
    with answering([SILENCE]) as server, kept(read_seconds=0.05) as connections, pytest.raises(ReadTimeoutError):
        connections.send(to(server))


def test_an_address_at_which_nobody_listens_is_an_endpoint_that_cannot_be_reached() -> None:
    with answering() as server:
        request = to(server)
    with kept() as connections, pytest.raises(EndpointConnectionError):
        connections.send(request)


def test_a_line_break_in_a_header_is_refused_before_anything_is_sent() -> None:
    with answering([OK]) as server, kept() as connections, pytest.raises(HTTPClientError, match="Invalid header"):
        connections.send(to(server, headers={"X-Note": "one\r\nX-Two: two"}))
    assert server.requests == []


class Otherwise(URLLib3Session):
    """Notes what it is asked to send."""

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(verify=settings.get("verify", True), proxies=settings.get("proxies"))
        self._cert_file = settings.get("client_cert")  # as if it were there
        self.asked: list[AWSPreparedRequest] = []

    def send(self, request: Any) -> AWSResponse:
        """See URLLib3Session."""
        self.asked.append(request)
        headers: Any = {}
        return AWSResponse(request.url, 200, headers, None)


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({}, {"body": None}),
        ({}, {"body": "text"}),
        ({}, {"stream_output": True}),
        ({}, {"method": "GET"}),
        ({}, {"context": {"read_timeout": 1.0}}),
        ({"proxies": {"http": "http://127.0.0.1:1"}}, {}),
        ({"verify": False}, {"url": "https://127.0.0.1:1/"}),
        ({"client_cert": "mine.pem"}, {"url": "https://127.0.0.1:1/"}),
    ],
)
def test_what_is_not_plain_is_sent_by_botocores_own_session(settings: dict[str, Any], changes: dict[str, Any]) -> None:
    otherwise = Otherwise(settings)
    request = request_to(**{"url": "http://127.0.0.1:1/", **changes})
    with kept(otherwise=otherwise) as connections:
        connections.send(request)
    assert otherwise.asked == [request]


def certificate(folder: Path, host: str) -> tuple[Path, ssl.SSLContext]:
    """Return a file with a certificate for a host, signed by itself, and what its server needs."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "antipode-test")])
    begins = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    kind = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([kind]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "public.pem", folder / "private.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context


def believing(public: Path) -> URLLib3Session:
    """Return a session that believes whom this file tells of."""
    file: Any = str(public)
    return URLLib3Session(verify=file)


def test_certificates_are_read_once_for_all_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    public, secure = certificate(tmp_path, "127.0.0.1")
    read: list[object] = []
    load = ssl.SSLContext.load_verify_locations

    def loading(self: ssl.SSLContext, *places: Any) -> None:
        read.append(places)
        load(self, *places)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", loading)
    with answering([CLOSE], [OK, OK], secure=secure) as server:
        with kept(otherwise=believing(public)) as connections:
            for _ in range(3):
                request = request_to(f"https://127.0.0.1:{server.port}/")
                assert connections.send(request).content == b"{}"
        assert (server.accepted, len(read)) == (2, 1)


@pytest.mark.parametrize(
    ("host", "known"),
    [("127.0.0.1", False), ("elsewhere.test", True)],
    ids=["a certificate that nobody has signed", "the certificate of another host"],
)
def test_whoever_cannot_prove_to_be_the_host_is_sent_nothing(tmp_path: Path, host: str, known: bool) -> None:
    public, secure = certificate(tmp_path, host)
    with answering([OK], secure=secure) as server:
        with (
            kept(otherwise=believing(public) if known else None) as connections,
            pytest.raises(SSLError, match="certificate verify failed"),
        ):
            connections.send(request_to(f"https://127.0.0.1:{server.port}/"))
        assert server.requests == []


Client = Callable[[Server], Any]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unit")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unit")

    def make(server: Server) -> Any:
        url = f"http://127.0.0.1:{server.port}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        return AwsClients("us-east-1", "us-west-2", url)

    return make


def test_a_workers_calls_for_state_and_lanes_go_this_way_and_no_others(client: Client) -> None:
    with answering() as server:
        clients = client(server)
        made = {name: getattr(clients, name)() for name in ("state", "peer_state", "lanes", "payloads", "model")}
        ways = {name: type(each._endpoint.http_session) for name, each in made.items()}
        assert ways == dict.fromkeys(("state", "peer_state", "lanes"), KeptConnections) | dict.fromkeys(
            ("payloads", "model"), URLLib3Session
        )
        for each in made.values():
            each.close()


def test_botocore_tries_again_when_a_connection_breaks_and_reads_refusals(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # botocore's backoff
    refusal = b'{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","Item":{"pk":{"S":"a"}}}'
    refused = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s" % (len(refusal), refusal)
    with answering([HANG_UP], [OK, refused]) as server:
        state = client(server).state()
        answer = state.query(TableName="t")
        assert answer["ResponseMetadata"]["RetryAttempts"] == 1
        with pytest.raises(ClientError) as raised:
            state.put_item(TableName="t", Item={"pk": {"S": "a"}})
        assert raised.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
        told: Any = raised.value.response
        assert told["Item"] == {"pk": {"S": "a"}}
        state.close()
