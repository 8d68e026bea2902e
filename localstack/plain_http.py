"""HTTP without TLS, as everything within the local cloud speaks it.

httpx reads all certificates of the machine for each transport and each client, before it knows what it is for: some 40
to 90 ms of CPU, more than a call of the API costs.
"""

from __future__ import annotations

import httpx


def plain_transport() -> httpx.HTTPTransport:
    """Return a transport for http:// alone: over TLS it would trust whoever answers."""
    return httpx.HTTPTransport(verify=False)


def plain_client(timeout_seconds: float) -> httpx.Client:
    """Return a client on it, which heeds nothing of the environment."""
    return httpx.Client(transport=plain_transport(), trust_env=False, timeout=timeout_seconds)
