"""PeerProbe over plain HTTP: asks the peer's public health endpoint as any client would, certificate and all."""

import http
import http.client
import json
import socket
import ssl
from urllib.parse import urlsplit

from functions.adapters.blocking_calls import BlockingCalls

#: A Region that answers so has been told to go, or is coming back: it is not lost, whatever its clients are to do.
ALIVE = frozenset({"region_evacuated", "region_returning"})
LONGEST_ANSWER_BYTES = 10_000
#: As Route 53's checkers: time to connect, then time to the answer.
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 2.0


class HttpProbe:
    """Asks `url`. With `address`, that is where it connects; the URL's name is still what it asks and checks for."""

    def __init__(self, url: str, address: tuple[str, int] | None, calls: BlockingCalls) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._netloc = parts.netloc
        self._path = parts.path or "/"
        self._address = address or (self._host, parts.port or (443 if self._secure else 80))
        self._calls = calls
        self._tls: ssl.SSLContext | None = None

    async def healthy(self) -> bool:
        """See PeerProbe."""
        try:
            status, code = await self._calls.run(self._ask)
        except (OSError, http.client.HTTPException, ValueError):
            return False
        return 200 <= status < 300 or code in ALIVE

    def _ask(self) -> tuple[int, object]:
        """Return the status, and the code that a refusal names."""
        connection = http.client.HTTPConnection(self._host)
        with self._connect() as connected:
            connection.sock = connected
            connection.putrequest("GET", self._path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", self._netloc)
            connection.putheader("User-Agent", "antipode-sentinel")
            connection.putheader("Connection", "close")
            connection.endheaders()
            with connection.getresponse() as response:
                if response.status != http.HTTPStatus.SERVICE_UNAVAILABLE:
                    return response.status, None
                said = json.loads(response.read(LONGEST_ANSWER_BYTES) or b"null")
                return response.status, said.get("code") if isinstance(said, dict) else None

    def _connect(self) -> socket.socket:
        plain = socket.create_connection(self._address, timeout=CONNECT_SECONDS)
        plain.settimeout(ANSWER_SECONDS)
        if not self._secure:
            return plain
        if self._tls is None:
            self._tls = ssl.create_default_context()
        try:
            return self._tls.wrap_socket(plain, server_hostname=self._host)
        except BaseException:
            plain.close()
            raise
