"""Which API a command speaks to: the local cloud of a slot, by its failover name, or the address that was given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import httpx
import typer

from localstack.cloud import LocalCloud
from localstack.resolver import Resolver, ResolvingTransport
from stacks.api_client import ApiClient, ApiError
from stacks.commands.one_line_failures import CannotBeDone, one_line_failures

#: Long enough for Route 53 to find a Region dead (three checks, ten seconds apart) and for the answer to expire.
PATIENCE_SECONDS = 90.0

Slot = Annotated[int, typer.Option(min=0, max=25, help="Speak to the local cloud of this slot.")]
ApiUrl = Annotated[
    str | None,
    typer.Option(
        envvar="ANTIPODE_API_URL",
        help="Speak to this API instead, for example https://api.example.com/v1,us-east-1,us-west-2: with its Regions, "
        "by name or address, a command outlives the loss of one.",
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        envvar="ANTIPODE_TOKEN", show_envvar=True, help="The bearer token; that of the local cloud if left out."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's JSON.")]


@contextmanager
def api(slot: int, api_url: str | None, token: str | None) -> Iterator[ApiClient]:
    """A client of the API that the options name. What goes wrong inside ends the command with one line."""
    with one_line_failures():
        if api_url is not None and not token:
            raise CannotBeDone(
                "no token for this address: pass --token or set ANTIPODE_TOKEN (`antipode tokens create`)"
            )
        with client_of(slot, api_url, token) as client:
            yield client


def client_of(slot: int, api_url: str | None, token: str | None) -> ApiClient:
    """The client itself; the local cloud's name is known to its own DNS server alone."""
    if api_url is not None:
        url, *regions = (each.strip() for each in api_url.split(","))
        return _client(url, regions, token, None)
    cloud = LocalCloud.find(slot)
    status = cloud.status()
    own = [str(region["api_url"]) for region in status["regions"].values() if region["api_url"]]
    transport = ResolvingTransport(Resolver.of(cloud.layout))
    return _client(cloud.api_url, own, token or str(status["token"]), transport)


def _client(url: str, regions: Sequence[str], token: str | None, transport: httpx.BaseTransport | None) -> ApiClient:
    said: set[str] = set()

    def say_once(failure: ApiError) -> None:
        if str(failure) not in said:
            said.add(str(failure))
            typer.echo(f"trying again: {failure}", err=True)

    return ApiClient(
        url,
        token,
        regions=regions,
        transport=transport,
        patience_seconds=PATIENCE_SECONDS,
        on_failed_try=say_once,
    )
