"""Sends by http.client what botocore has signed, over kept connections: in urllib3's place, where calls are small.

A good part of what a call to DynamoDB costs in CPU is spent in urllib3: keys of pools, copies of time limits, an
address that is taken apart three times (decision 46). And each new connection reads all certificates of the world
anew. What is above stays botocore's: serialising, signing, retries and what errors mean; it is told of what goes wrong
here by its own exceptions. What is below, how requests and answers are written, is http.client's. What is not plain
goes its old way: a proxy, a stream, a certificate that is not to be looked at. Imported with botocore, by the first
client.
"""

import http.client
import select
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
DEFAULT_PORTS = {"http": 80, "https": 443}
#: A client asks at one or two addresses. Should one ask at many, what is known of them is found out again.
MOST_WAYS = 64


@dataclass(frozen=True, slots=True)
class _Way:
    """How requests to one address go. `named` is the host as it was signed."""

    secure: bool
    host: str
    port: int
    named: str
    target: str


class KeptConnections:
    """What a client of botocore sends its requests by, in place of the session `otherwise`. Safe from any thread."""

    def __init__(self, otherwise: URLLib3Session, connect_seconds: float, read_seconds: float) -> None:
        self._otherwise = otherwise
        self._settings: Any = otherwise  # which tells nobody what it was made with
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._ways: dict[str, _Way | None] = {}
        self._free: dict[_Way, list[http.client.HTTPConnection]] = {}
        self._context: ssl.SSLContext | None = None
        weakref.finalize(self, _close_all, self._free)

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send a request and return its answer, read to the end. Raises HTTPClientError and its kinds."""
        way = self._way(request.url) if _is_small(request) else None
        if way is None:
            return self._otherwise.send(request)
        connection = self._connection(way, request.url)
        try:
            answer = _exchange(connection, way, request)
        except BaseException:
            connection.close()
            raise
        if connection.sock is not None:  # http.client closes it after an answer that says so
            self._free.setdefault(way, []).append(connection)
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
        return _Way(secure, host, port, named, target)

    def _connection(self, way: _Way, url: str) -> http.client.HTTPConnection:
        free = self._free.get(way)
        while free:
            try:
                connection = free.pop()
            except IndexError:  # another thread was quicker
                break
            if _is_quiet(connection):
                return connection
            connection.close()
        try:
            return self._connected(way)
        except ssl.SSLError as error:
            raise SSLError(endpoint_url=url, error=error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=url, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=url, error=error) from error

    def _connected(self, way: _Way) -> http.client.HTTPConnection:
        connection = (
            http.client.HTTPSConnection(way.host, way.port, timeout=self._connect_seconds, context=self._trusted())
            if way.secure
            else http.client.HTTPConnection(way.host, way.port, timeout=self._connect_seconds)
        )
        try:
            connection.connect()
            connection.sock.settimeout(self._read_seconds)
        except BaseException:
            connection.close()
            raise
        return connection

    def _trusted(self) -> ssl.SSLContext:
        """Return whose certificates are believed, by botocore's rules: read once, for it takes some 40 ms of CPU."""
        if self._context is None:
            context: ssl.SSLContext = create_urllib3_context()
            context.check_hostname = True  # which urllib3 does by itself
            context.load_verify_locations(get_cert_path(self._settings._verify))
            self._context = context
        return self._context


def _close_all(free: dict[_Way, list[http.client.HTTPConnection]]) -> None:
    for connections in free.values():
        while connections:
            connections.pop().close()


def _is_quiet(connection: http.client.HTTPConnection) -> bool:
    """Whether the other side has neither closed it nor said anything that nobody has asked for."""
    looks = select.poll()
    looks.register(connection.sock, select.POLLIN)
    return not looks.poll(0)


def _is_small(request: _Request) -> bool:
    """Whether all of a request is here, and all of its answer is to be."""
    usual_limit = (request.context or {}).get("read_timeout") is None
    return request.method == "POST" and isinstance(request.body, bytes) and not request.stream_output and usual_limit


def _exchange(connection: http.client.HTTPConnection, way: _Way, request: _Request) -> AWSResponse:
    url = request.url
    try:
        connection.putrequest("POST", way.target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", way.named)
        connection.putheader("Accept-Encoding", "identity")
        for name, value in request.headers.items():
            connection.putheader(name, value)
        connection.endheaders(request.body)
        return _answer(connection, url)
    except ssl.SSLError as error:
        raise SSLError(endpoint_url=url, error=error) from error
    except TimeoutError as error:
        raise ReadTimeoutError(endpoint_url=url, error=error) from error
    except (OSError, http.client.HTTPException) as error:
        raise ConnectionClosedError(error=error, request=request, endpoint_url=url) from error
    except Exception as error:
        raise HTTPClientError(error=error) from error


def _answer(connection: http.client.HTTPConnection, url: str) -> AWSResponse:
    """Read an answer. One that does not tell its length may have broken off in its headers, unseen by http.client."""
    response = connection.getresponse()
    if response.length is None and not response.chunked:
        raise http.client.IncompleteRead(b"")
    content = response.read()
    headers: Any = response.headers  # any mapping will do, whatever the types say
    return AWSResponse(url, response.status, headers, _Content(content))


@dataclass(frozen=True, slots=True)
class _Content:
    """An answer's content, all of it, as botocore asks for it."""

    content: bytes

    def stream(self) -> Iterator[bytes]:
        """See urllib3's HTTPResponse."""
        yield self.content
