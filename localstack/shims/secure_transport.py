"""Requests count as encrypted: the local cloud speaks plain HTTP on loopback, where AWS speaks TLS.

Bucket policies that refuse plain HTTP (`aws:SecureTransport`), such as the one on the CDK's asset bucket, would refuse
everything here.
"""

from __future__ import annotations

from collections.abc import Callable

from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, wrap

_PIN = Target("app", "pin_request_origin", "de819c1bd9ac2be4")


def install(_: Neighbourhood) -> None:
    wrap(_PIN, _always_secure)


def _always_secure(pin: Callable[[str, bool], None]) -> Callable[[str, bool], None]:
    def pin_request_origin(source_ip: str, _secure_transport: bool) -> None:
        pin(source_ip, True)

    return pin_request_origin
