"""Signs the calls to DynamoDB (AWS Signature Version 4) as botocore would, at a fifth of the CPU.

Signing is more than a third of what a call costs before it is sent. botocore derives the day's key anew each time, and
copies and sorts all headers twice. Here the key is derived once a day, and those headers are signed that have to be:
the host, the content's type, and all that AWS gives a meaning (`x-amz-*`). It hangs on botocore's public events
`choose-signer` and `before-sign`; who may sign, and credentials that are renewed, stay botocore's. Only for what every
DynamoDB request is: a POST of bytes, without a query.
"""

import hmac
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from functions.adapters.system_clock import SystemClock

_DEFAULT_PORTS = {"https": ":443", "http": ":80"}
_clock = SystemClock()


def sign_quickly(client: Any) -> None:
    """Have this client's requests signed here. It must be one of DynamoDB."""
    from botocore import UNSIGNED

    client.meta.events.register_first(
        "choose-signer.dynamodb.*", lambda **_: UNSIGNED
    )  # by botocore's signers, that is
    client.meta.events.register("before-sign.dynamodb.*", _sign)


def _sign(request: Any, request_signer: Any, signing_name: str, region_name: str, **_: object) -> None:
    credentials = request_signer.get_auth_instance(signing_name, region_name, "v4").credentials
    if credentials is None:
        from botocore.exceptions import NoCredentialsError

        raise NoCredentialsError
    headers, moment = request.headers, basic_moment(_clock.now())
    headers["X-Amz-Date"] = moment
    if credentials.token:
        headers["X-Amz-Security-Token"] = credentials.token
    path, host = _place(request.url)
    signed = sorted([("host", host), *_meant(headers.raw_items())])
    names = ";".join([name for name, _ in signed])
    lines = "\n".join([f"{name}:{value}" for name, value in signed])
    content = sha256(request.body).hexdigest()
    canonical = f"{request.method}\n{path}\n\n{lines}\n\n{names}\n{content}"
    scope = f"{moment[:8]}/{region_name}/{signing_name}/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = _key(credentials.secret_key, moment[:8], region_name, signing_name)
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )


def basic_moment(moment: str) -> str:
    """Return a moment as AWS signs it: without marks, to the second."""
    return f"{moment[:19].replace('-', '').replace(':', '')}Z"


def _meant(headers: Any) -> list[tuple[str, str]]:
    lowered = [(name.lower(), value) for name, value in headers]
    return [
        (name, " ".join((value.decode() if isinstance(value, bytes) else value).split()))
        for name, value in lowered
        if name.startswith("x-amz-") or name == "content-type"
    ]


@lru_cache(maxsize=8)
def _place(url: str) -> tuple[str, str]:
    """Return path and host of an address, the host as the Host header has it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].removesuffix(_DEFAULT_PORTS[parts.scheme])
    return parts.path or "/", host


@lru_cache(maxsize=8)
def _key(secret: str, day: str, region: str, service: str) -> bytes:
    """Return the key that signs for a day in a Region."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
