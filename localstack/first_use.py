"""The operator's token, and the first requests, which show that a fresh local cloud works."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable

import httpx

from localstack import control
from localstack.admin import admin_client
from localstack.deployment import ENVIRONMENT, TENANT
from localstack.layout import Layout, Place
from localstack.parts import DNS
from localstack.plain_http import plain_client
from localstack.resolver import NameNotFound, Resolver, ResolvingTransport

TABLE = f"antipode-{ENVIRONMENT}"
_SCOPES = ("jobs:read", "jobs:write", "regions:move")
#: Long, for a Region that comes back starts all its functions at once, maybe on a busy machine.
_ANSWERS_SECONDS = 180.0
_BETWEEN_QUESTIONS_SECONDS = 0.1


class DoesNotWork(Exception):
    """The cloud was deployed but does not do what it must. One line that says what."""


def table_finder(place: Place) -> Callable[[], bool]:
    """A question to ask again and again: has this Region its replica of the state table?"""
    client = admin_client("dynamodb", place.name, place.url)

    def exists() -> bool:
        try:
            client.describe_table(TableName=TABLE)
        except client.exceptions.ResourceNotFoundException:
            return False
        return True

    return exists


def issue_token(layout: Layout) -> str:
    """The operator's bearer token, known in both Regions at once; the table holds only its hash."""
    token = f"ap_{secrets.token_urlsafe(32)}"
    item = {
        "pk": {"S": f"TOKEN#{hashlib.sha256(token.encode()).hexdigest()}"},
        "sk": {"S": "TOKEN"},
        "writer": {"S": layout.regions[0].name},
        "tenant": {"S": TENANT},
        "scopes": {"L": [{"S": scope} for scope in _SCOPES]},
    }
    for place in layout.regions:
        admin_client("dynamodb", place.name, place.url).put_item(TableName=TABLE, Item=item)
    return token


def answer_health(api_url: str) -> None:
    """A Region's API answers that it is well."""
    with plain_client(timeout_seconds=30) as client:
        _until(lambda: _health(client, api_url), f"{api_url}/health")


def resolve_failover_name(layout: Layout, domain: str, api_url: str) -> None:
    """The failover name leads to a Region that answers, through the DNS server."""
    control.ask(control.socket_path(layout.folder, DNS), "read")
    with httpx.Client(transport=ResolvingTransport(Resolver.of(layout)), trust_env=False, timeout=30) as client:
        _until(lambda: _health(client, api_url), f"api.{domain}")


def _health(client: httpx.Client, api_url: str) -> str:
    """Empty if well, else what is wrong."""
    try:
        answer = client.get(f"{api_url}/health")
    except (httpx.TransportError, NameNotFound) as failure:
        return str(failure)
    return "" if answer.status_code == 200 else f"status {answer.status_code}: {answer.text[:200]}"


def _until(complaint: Callable[[], str], what: str) -> None:
    deadline = time.monotonic() + _ANSWERS_SECONDS
    while found := complaint():
        if time.monotonic() > deadline:
            raise DoesNotWork(f"{what} does not answer well: {found}")
        time.sleep(_BETWEEN_QUESTIONS_SECONDS)
