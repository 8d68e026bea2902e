"""`antipode top`: both Regions live, side by side: lanes, oldest waits, what runs, rates and failures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

import httpx
import typer
from rich.console import Console, RenderableType
from rich.live import Live

from localstack.cloud import LocalCloud
from localstack.resolver import Resolver, ResolvingTransport
from stacks.api_client import ApiClient
from stacks.commands.api_access import ApiUrl, Slot, Token, api
from stacks.top.asking import Asking
from stacks.top.drawing import drawn
from stacks.top.seen import as_json as seen_as_json
from stacks.top.seen import seen

#: A live view begins with what is there by then; a single look waits for the slowest Region.
FIRST_LOOK_SECONDS, ONE_LOOK_SECONDS = 1.0, 20.0


def register(app: typer.Typer) -> None:
    app.command()(top)


def top(
    pause: Annotated[float, typer.Option(min=0.5, max=60, help="Seconds between two looks.")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, print it, and end.")] = False,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: Annotated[bool, typer.Option("--json", help="Look once, and print it as JSON.")] = False,
) -> None:
    """Watch both Regions: lanes, waits, what runs, rates, failures. Ctrl-C ends it."""
    with ExitStack() as open_clients:
        clients = regional_clients(slot, api_url, token, open_clients)
        asking = Asking(clients, pause)
        asking.begin()
        try:
            console = Console()
            once = once or as_json or not console.is_terminal
            asking.wait_for_all(ONE_LOOK_SECONDS if once else FIRST_LOOK_SECONDS)
            if as_json:
                typer.echo(json.dumps(seen_as_json(seen(asking.answers()), _now()), indent=2))
            elif once:
                console.print(_picture(asking, console.width))
            else:
                _keep_showing(asking, console, pause)
        except KeyboardInterrupt:
            return
        finally:
            asking.end()


def _keep_showing(asking: Asking, console: Console, pause: float) -> None:
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(_picture(asking, console.width), refresh=True)
            asking.wait(pause)


def _picture(asking: Asking, width: int) -> RenderableType:
    return drawn(seen(asking.answers()), _now(), width)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def regional_clients(slot: int, api_url: str | None, token: str | None, close: ExitStack) -> Mapping[str, ApiClient]:
    """A client of each Region at its own address, of which each call is one try."""
    with api(slot, api_url, token) as client:
        if api_url is None:
            cloud = LocalCloud.find(slot)
            status = cloud.status()
            given = token or str(status["token"])
            regions = {name: str(region["api_url"]) for name, region in status["regions"].items()}
            return {
                name: close.enter_context(_client(url, given, ResolvingTransport(Resolver.of(cloud.layout))))
                for name, url in regions.items()
            }
        api_url = api_url.partition(",")[0]
        names = [str(region["name"]) for region in client.regions()["regions"]]
        return {name: close.enter_context(_client(regional_url(api_url, name, names), token, None)) for name in names}


def _client(url: str, token: str | None, transport: httpx.BaseTransport | None) -> ApiClient:
    return ApiClient(url, token, transport=transport, patience_seconds=0.0)


def regional_url(api_url: str, name: str, names: list[str]) -> str:
    """Return a Region's own address: its name before the failover name's (stacks/config.py)."""
    parts = urlsplit(api_url)
    host = parts.netloc
    for each in names:
        host = host.removeprefix(f"{each}.")
    return urlunsplit(parts._replace(netloc=f"{name}.{host}"))
