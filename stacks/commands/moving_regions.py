"""`antipode regions evacuate` and `return`: tell a Region to go, or to come back, and follow how far it is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console

from stacks.api_client import ApiClient
from stacks.commands.api_access import ApiUrl, AsJson, Slot, Token, api
from stacks.commands.one_line_failures import CannotBeDone
from stacks.commands.regions import group, in_words

#: So often progress is asked for.
LOOK_SECONDS = 1.0
EVACUATE = "Have a Region hand all its jobs over and take on no work: DNS moves on, running steps are let finish."
RETURN = "Have an evacuated Region take on work again, once it has caught up."
Region = Annotated[str, typer.Argument(help="Name of the Region, for example us-east-1.")]
Reason = Annotated[str | None, typer.Option(help="Why: shown with the Region.")]
Within = Annotated[float, typer.Option(min=0, help="Follow it for so many seconds; with 0 do not wait for it.")]


def register(app: typer.Typer) -> None:
    """Add both commands: they take the same options, and differ in where they lead."""
    group.command("evacuate", help=EVACUATE)(_mover(away=True))
    group.command("return", help=RETURN)(_mover(away=False))


def _mover(*, away: bool) -> Callable[..., None]:
    def move(
        region: Region,
        reason: Reason = None,
        within: Within = 300.0,
        slot: Slot = 0,
        api_url: ApiUrl = None,
        token: Token = None,
        as_json: AsJson = False,
    ) -> None:
        _move(region, away, reason, within, (slot, api_url, token), as_json)

    return move


def _move(
    region: str,
    away: bool,
    reason: str | None,
    within: float,
    access: tuple[int, str | None, str | None],
    as_json: bool,
) -> None:
    goal = "evacuated" if away else "active"
    with api(*access) as client:
        standing = client.move_region(region, away=away, reason=reason)["standing"]
        console = Console(stderr=as_json)
        until = time.monotonic() + within
        with console.status(f"{region} {in_words(standing)}") as status:
            while standing["phase"] != goal and time.monotonic() < until:
                time.sleep(LOOK_SECONDS)
                standing = _standing(client, region)
                status.update(f"{region} {in_words(standing)}")
        if as_json:
            typer.echo(json.dumps({"region": region, "standing": standing}, indent=2))
        else:
            console.print(f"{region} {in_words(standing)}", highlight=False, soft_wrap=True)
        if within and standing["phase"] != goal:
            raise CannotBeDone(f"{region} is not {goal} after {within:.0f} s; it goes on with it")


def _standing(client: ApiClient, region: str) -> dict[str, Any]:
    return next(dict(each["standing"]) for each in client.regions()["regions"] if each["name"] == region)
