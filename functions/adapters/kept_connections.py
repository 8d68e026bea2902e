"""Sends what botocore has signed over connections that are kept, in urllib3's place where calls are small.

Nearly half of what a call to DynamoDB costs in CPU is spent in urllib3 and in how http.client writes: keys of pools,
copies of time limits, each header looked at three times, two writes (decision 46). And each new connection reads all
certificates of the world anew. What is above stays botocore's: serialising, signing, retries and what errors mean; it
is told of what goes wrong here by its own exceptions. What is not plain goes its old way: a proxy, a stream, a
certificate that is not to be looked at. It is imported with botocore, by the first client.
"""

import http.client
import io
import select
import socket
import ssl
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import URLLib3Session, create_urllib3_context, get_cert_path

#: An AWSPreparedRequest, of whose attributes its types tell only a part.
_Request: TypeAlias = Any
#: Most answers come in one piece of this; a page of a query may have a megabyte.
RECEIVE_BYTES = 65_536
DEFAULT_PORTS = {"http": 80, "https": 443}
#: A client asks at one or two addresses. Should one ask at many, what is known of them is found out again.
MOST_WAYS = 64


@dataclass(frozen=True, slots=True)
class _Way:
    """How requests to one address go. `head` is what each of them begins with."""

    secure: bool
    host: str
    port: int
    head: str


class KeptConnections:
    """What a client of botocore sends its requests by, in place of the session `otherwise`. Safe from any thread."""

    def __init__(self, otherwise: URLLib3Session, connect_seconds: float, read_seconds: float) -> None:
        self._otherwise = otherwise
        self._settings: Any = otherwise  # which tells nobody what it was made with
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._ways: dict[str, _Way | None] = {}
        self._free: dict[_Way, list[_Connection]] = {}
        self._context: ssl.SSLContext | None = None
        weakref.finalize(self, _close_all, self._free)

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send a request and return its answer, read to the end. Raises HTTPClientError and its kinds."""
        way = self._way(request.url) if _is_small(request) else None
        if way is None:
            return self._otherwise.send(request)
        message = _message(request, way)
        connection = self._connection(way, request.url)
        try:
            answer = _exchange(connection, message, request)
        except BaseException:
            connection.close()
            raise
        if connection.reusable:
            self._free.setdefault(way, []).append(connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close the connections that nobody uses."""
        _close_all(self._free)
        self._otherwise.close()

    def _way(self, url: str) -> _Way | None:
        """Return how to get to an address; None where the client's settings ask for more than is known here."""
        if url not in self._ways:
            if len(self._ways) >= MOST_WAYS:
                self._ways.clear()
            self._ways[url] = self._found(url)
        return self._ways[url]

    def _found(self, url: str) -> _Way | None:
        parts = urlsplit(url)
        secure, host = parts.scheme == "https", parts.hostname
        if host is None or parts.scheme not in DEFAULT_PORTS or self._settings._proxy_config.proxy_url_for(url):
            return None
        if secure and (not self._settings._verify or self._settings._cert_file is not None):
            return None
        usual = DEFAULT_PORTS[parts.scheme]
        port = parts.port or usual
        named = f"[{host}]" if ":" in host else host
        named = named if port == usual else f"{named}:{port}"  # as it was signed
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return _Way(secure, host, port, f"POST {target} HTTP/1.1\r\nHost: {named}\r\nAccept-Encoding: identity\r\n")

    def _connection(self, way: _Way, url: str) -> "_Connection":
        free = self._free.get(way)
        while free:
            try:
                connection = free.pop()
            except IndexError:  # another thread was quicker
                break
            if connection.is_quiet():
                return connection
            connection.close()
        try:
            return _Connection(self._connected(way))
        except ssl.SSLError as error:
            raise SSLError(endpoint_url=url, error=error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=url, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=url, error=error) from error

    def _connected(self, way: _Way) -> socket.socket:
        connected = socket.create_connection((way.host, way.port), self._connect_seconds)
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if way.secure:
                connected = self._trusted().wrap_socket(connected, server_hostname=way.host)
            connected.settimeout(self._read_seconds)
        except BaseException:
            connected.close()
            raise
        return connected

    def _trusted(self) -> ssl.SSLContext:
        """Return whose certificates are believed, by botocore's rules: read once, for it takes some 40 ms of CPU."""
        if self._context is None:
            context: ssl.SSLContext = create_urllib3_context()
            context.check_hostname = True  # which urllib3 does by itself
            context.load_verify_locations(get_cert_path(self._settings._verify))
            self._context = context
        return self._context


class _Connection:
    """A connection on which nobody else sends. `reusable` when an answer was read to its end and more may follow."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.reusable = False
        self._looks = select.poll()
        self._looks.register(connected, select.POLLIN)

    def is_quiet(self) -> bool:
        """Whether the other side has neither closed it nor said anything that nobody has asked for."""
        return not self._looks.poll(0)

    def close(self) -> None:
        """Let go of it."""
        self.socket.close()

    def more(self) -> bytes:
        """Return what comes next. Raises OSError, of which RemoteDisconnected is one."""
        received = self.socket.recv(RECEIVE_BYTES)
        if not received:
            raise http.client.RemoteDisconnected("the connection was closed in the middle of an answer")
        return received


def _close_all(free: dict[_Way, list[_Connection]]) -> None:
    for connections in free.values():
        while connections:
            connections.pop().close()


def _is_small(request: _Request) -> bool:
    """Whether all of a request is here, and all of its answer is to be."""
    usual_limit = (request.context or {}).get("read_timeout") is None
    return request.method == "POST" and isinstance(request.body, bytes) and not request.stream_output and usual_limit


def _message(request: _Request, way: _Way) -> bytes:
    lines = [
        f"{name}: {value.decode('latin-1') if isinstance(value, bytes) else value}"
        for name, value in request.headers.items()
    ]
    headers = "\r\n".join(lines)
    if headers.count("\n") != len(lines) - 1 or headers.count("\r") != len(lines) - 1:
        raise HTTPClientError(error=ValueError("a header with a line break in it"))
    return b"".join((way.head.encode("latin-1"), headers.encode("latin-1"), b"\r\n\r\n", request.body))


def _exchange(connection: _Connection, message: bytes, request: AWSPreparedRequest) -> AWSResponse:
    url = request.url
    try:
        connection.socket.sendall(message)
        return _answer(connection, url)
    except ssl.SSLError as error:
        raise SSLError(endpoint_url=url, error=error) from error
    except TimeoutError as error:
        raise ReadTimeoutError(endpoint_url=url, error=error) from error
    except (OSError, http.client.HTTPException) as error:
        raise ConnectionClosedError(error=error, request=request, endpoint_url=url) from error
    except Exception as error:
        raise HTTPClientError(error=error) from error


def _answer(connection: _Connection, url: str) -> AWSResponse:
    """Read an answer. One whose end is not told by its length is read by http.client, from its first byte on."""
    connection.reusable = False
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += connection.more()
    plain = _plain_head(received[:end])
    if plain is None:
        return _read_by_library(connection, received, url)
    status, length, headers = plain
    parts = [received[end + 4 :]]
    left = length - len(parts[0])
    while left > 0:
        parts.append(connection.more())
        left -= len(parts[-1])
    connection.reusable = left == 0 and headers.get("connection", "").lower() != "close"
    return _response(url, status, headers, b"".join(parts)[:length])


def _plain_head(head: bytes) -> tuple[int, int, dict[str, str]] | None:
    """Return the status, the length and the headers of an answer of the plain form, else None."""
    first, *lines = head.decode("latin-1").split("\r\n")
    if not first.startswith("HTTP/1.1 ") or not first[9:12].isdigit():
        return None
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or name != name.strip() or name in headers:
            return None
        headers[name] = value.strip()
    status, length = int(first[9:12]), headers.get("content-length", "")
    if status < 200 or status in (204, 304) or "transfer-encoding" in headers or not length.isdigit():
        return None
    return status, int(length), headers


def _read_by_library(connection: _Connection, received: bytes, url: str) -> AWSResponse:
    stream = _Received(received, connection)
    response = http.client.HTTPResponse(stream, method="POST")  # type: ignore[arg-type] # all that it asks of a socket
    response.begin()
    content = response.read()
    connection.reusable = not response.will_close and not stream.left
    return _response(url, response.status, response.headers, content)


def _response(url: str, status: int, headers: Any, content: bytes) -> AWSResponse:
    """Return an answer as botocore has it. `headers`: any mapping will do, whatever the types say."""
    return AWSResponse(url, status, headers, _Content(content))


class _Received(io.RawIOBase):
    """A connection of which something was received already, as far as http.client asks of a socket."""

    def __init__(self, received: bytes, connection: _Connection) -> None:
        self.left = received
        self._connection = connection

    def makefile(self, mode: str) -> io.BufferedReader:
        """See socket."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """See RawIOBase."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See RawIOBase."""
        received = self.left or self._connection.socket.recv(len(buffer))
        given, self.left = received[: len(buffer)], received[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)


@dataclass(frozen=True, slots=True)
class _Content:
    """An answer's content, all of it, as botocore asks for it."""

    content: bytes

    def stream(self) -> Iterator[bytes]:
        """See urllib3's HTTPResponse."""
        yield self.content
