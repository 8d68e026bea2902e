"""A client as most are: it knows the failover name, and keeps what it resolved for as long as the TTL says."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

import httpx

from localstack.resolver import Resolver, ResolvingTransport
from tests.e2e.deployed import Deployed
from tests.eventually import eventually

SMALL = {"agent": "probe", "input": {"steps": 1, "milliseconds": 1}}
#: What a client allows a connection, and an answer: a busy machine may start functions for longer than AWS does.
PATIENCE = httpx.Timeout(20, connect=2)
GIVES_UP_SECONDS = 120.0


class PlainClient:
    """It has resolved the name before the loss, so it goes on asking the dead Region until that answer has expired."""

    def __init__(self, deployed: Deployed) -> None:
        self._url = f"{deployed.status['api_url']}/jobs"
        self._http = httpx.Client(
            transport=ResolvingTransport(Resolver.of(deployed.layout)),
            headers={"Authorization": f"Bearer {deployed.token}"},
            timeout=PATIENCE,
        )
        self._tries = ThreadPoolExecutor(1)
        self._accepted: Future[float] | None = None

    def be_accepted(self) -> None:
        """Submit until it is accepted; from then on this client knows where the name leads."""
        self._until_accepted(time.monotonic())

    def begin(self) -> None:
        """Submit from now on, until it is accepted."""
        self._accepted = self._tries.submit(self._until_accepted, time.monotonic())

    def seconds_until_accepted(self) -> float:
        """Return how long that took."""
        assert self._accepted is not None
        return self._accepted.result(GIVES_UP_SECONDS + 10)

    def close(self) -> None:
        """Forget it all."""
        self._tries.shutdown(cancel_futures=True)
        self._http.close()

    def _until_accepted(self, began: float) -> float:
        eventually(self._try, lambda said: said == "202", within=GIVES_UP_SECONDS, what="a submit is accepted")
        return time.monotonic() - began

    def _try(self) -> str:
        try:
            return str(self._http.post(self._url, json=SMALL).status_code)
        except httpx.TransportError as failure:
            return str(failure)
