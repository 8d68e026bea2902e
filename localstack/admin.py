"""AWS clients for the local cloud's own tooling, with the emulator's root key; workload code never gets either."""

from __future__ import annotations

from typing import Any

ADMIN_KEY = "test"
"""The emulator does not check this key: whoever holds it may do everything."""


def admin_client(
    service: str, region: str, url: str, *, read_seconds: float = 3.0, connect_seconds: float = 1.0
) -> Any:
    """A client that fails within seconds when the emulator is dead or frozen, and never uses a proxy.

    `connect_seconds` is also how long the emulator may take no more of what is sent: much, for an upload.
    """
    # Not before: an emulator, which makes none, needs the key alone, and a quarter less CPU to start without boto3.
    import boto3
    from botocore.config import Config

    make: Any = boto3.client
    return make(
        service,
        region_name=region,
        endpoint_url=url,
        aws_access_key_id=ADMIN_KEY,
        aws_secret_access_key=ADMIN_KEY,
        config=Config(
            connect_timeout=connect_seconds,
            read_timeout=read_seconds,
            retries={"total_max_attempts": 1},
            parameter_validation=False,
            max_pool_connections=4,
            proxies={},
        ),
    )
