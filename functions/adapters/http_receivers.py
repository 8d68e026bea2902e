"""Receivers over HTTP: signed by the library of Standard Webhooks, sent to the very address that was checked.

A receiver's name is resolved here, each time, and the connection goes to one of the addresses that were found to be
public: what a name leads to when somebody looks is not what it leads to a moment later. Redirects are not followed, no
proxy is asked, and nothing of the answer is read but its status and headers.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from functions.application.webhook_ports import Answer, Post
from functions.domain.callback import is_reachable
from functions.domain.moments import to_datetime

if TYPE_CHECKING:
    import httpx

LIMIT_SECONDS = 10.0
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses that a name leads to, those of IPv4 first. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = dict.fromkeys(str(address[0]) for _, _, _, _, address in found)
    return sorted(addresses, key=lambda address: ":" in address)


class HttpReceivers:
    """Sends what is signed. With `loopback` receivers on this machine will do: in the local cloud."""

    def __init__(self, *, loopback: bool, resolve: Resolve = resolve, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._loopback = loopback
        self._resolve = resolve
        self._limit_seconds = limit_seconds
        self._tls: ssl.SSLContext | None = None

    async def post(self, post: Post) -> Answer:
        """See Receivers."""
        import httpx

        try:
            async with asyncio.timeout(self._limit_seconds):
                return await self._post(post)
        except TimeoutError:
            return Answer(status=None, detail=f"no answer within {self._limit_seconds:g} s")
        except (OSError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return Answer(status=None, detail=f"{type(error).__name__}: {error}"[:200])

    async def _post(self, post: Post) -> Answer:
        import httpx

        url = httpx.URL(post.url)
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = await self._resolve(url.host, port)
        allowed = [address for address in addresses if is_reachable(address, loopback=self._loopback)]
        if not allowed:
            return Answer(status=None, detail=f"{url.host} leads to no public address")
        async with httpx.AsyncClient(
            verify=self._trust(), trust_env=False, follow_redirects=False, timeout=self._limit_seconds
        ) as client:
            request = client.build_request(
                "POST",
                url.copy_with(host=allowed[0]),
                headers={**signed(post), "Host": url.netloc.decode("ascii")},
                content=post.body.encode(),
                extensions={"sni_hostname": url.host},
            )
            return _answer(await client.send(request, stream=True))

    def _trust(self) -> ssl.SSLContext:
        if self._tls is None:
            import httpx

            self._tls = httpx.create_ssl_context(trust_env=False)
        return self._tls


def signed(post: Post) -> dict[str, str]:
    """Return the headers by which a receiver can tell who sent a body, when, and whether it has had it before."""
    from standardwebhooks import Webhook

    at = to_datetime(post.at)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "antipode-webhooks",
        "webhook-id": post.id,
        "webhook-timestamp": str(int(at.timestamp())),
    }
    if post.secrets:
        signatures = (Webhook(secret).sign(post.id, at, post.body) for secret in post.secrets)
        headers["webhook-signature"] = " ".join(signatures)
    return headers


def _answer(response: "httpx.Response") -> Answer:
    after = response.headers.get("retry-after")
    return Answer(status=response.status_code, detail=f"HTTP {response.status_code}", retry_after=after)
