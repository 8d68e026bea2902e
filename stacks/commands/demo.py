"""`antipode demo`: both Regions up, a real agent at work, one Region killed and brought back, and a report."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.live import Live

from localstack.cloud import LocalCloud
from localstack.demo import report
from localstack.demo.live_view import clock, drawn
from localstack.demo.observations import Surroundings
from localstack.demo.picture import Told
from localstack.demo.scenario import Scenario, every_distribution, prepared
from localstack.demo.watcher import NAME, Story
from localstack.layout import CHECKOUT
from stacks.commands.local import Slot, local_failures, terminable
from stacks.commands.shown_steps import ShownSteps

EXIT_BROKEN = 1
#: Where the output is no terminal nobody says how wide it is.
PLAIN_WIDTH = 120


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="demo")(demo)


def demo(
    slot: Slot = 0,
    limit: Annotated[int, typer.Option(min=0, help="Review this many distributions only; 0 means all.")] = 0,
    reports: Annotated[Path, typer.Option(help="Where the report goes.")] = CHECKOUT / "reports",
    model_url: Annotated[str | None, typer.Option(help="An OpenAI-compatible endpoint that answers.")] = None,
    keep: Annotated[bool, typer.Option(help="Leave both Regions up: `antipode local down` ends them.")] = False,
) -> None:
    """Lose a Region with jobs in flight, lose no job, and prove it. Ends with 0 only if every promise was kept."""
    console = Console()
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    with local_failures(), terminable():
        names = every_distribution()[: limit or None]
        began = time.monotonic()
        cloud = LocalCloud.prepare(slot, report=ShownSteps())
        stays = False
        try:
            cloud.up(model_url)
            seen = _told(cloud, names, model_url, time.monotonic() - began, console).seen
            stays = keep
        finally:
            if not stays:
                with ShownSteps()("end all processes, remove all files"):
                    LocalCloud.down(slot)
        page, data = report.write(seen, reports)
    console.print(report.summary(seen))
    console.print(f"\nreport: {page}\n  data: {data}", highlight=False)
    if not report.kept_all(seen):
        raise typer.Exit(EXIT_BROKEN)


def _told(cloud: LocalCloud, names: list[str], model_url: str | None, up_seconds: float, console: Console) -> Scenario:
    first, second = (place.name for place in cloud.layout.regions)
    surroundings = Surroundings(
        regions=(first, second),
        failover_name=NAME,
        begun=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        python=platform.python_version(),
        cores=os.cpu_count() or 1,
        model=model_url or "the rule-based reader of this checkout",
        up_seconds=round(up_seconds, 1),
    )
    story = Story(distributions=names, zero=time.time(), conditions={first: "up", second: "up"})
    quiet = LocalCloud(cloud.layout)
    scenario = prepared(quiet, story, surroundings)
    with scenario.watcher, _shown(scenario, console):
        scenario.run()
    return scenario


@contextmanager
def _shown(scenario: Scenario, console: Console) -> Iterator[None]:
    """On a terminal a picture that moves, elsewhere a line for each thing that happens."""
    if not console.is_terminal:

        def say(told: Told) -> None:
            console.print(f"{clock(told.at)}  {told.line}", highlight=False)

        scenario.story.on_line = say
        yield
        return

    class Moving:
        def __rich__(self) -> RenderableType:
            return drawn(scenario.watcher.picture, console.width)

    with Live(Moving(), console=console, refresh_per_second=4):
        yield
