"""`antipode regions plan`: whether each Region has room for all, what a loss does to waits, and what it costs.

It asks AWS for nothing: the configuration and the load that is named are all it reckons with.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from stacks.capacity import MOST_UTILISATION, Load, needs, reserved_concurrency, slots, worker_memory_gb, workers_for
from stacks.catalog import function_named
from stacks.commands import regions
from stacks.commands.deploy import checked_configuration
from stacks.commands.one_line_failures import CannotBeDone, one_line_failures, pairs
from stacks.config import Configuration
from stacks.running_costs import monthly_costs
from stacks.waiting import LaneLoad, loss_of_region

#: How long clients of a lost Region cannot submit: health checks, TTL, and the first answer (docs/regions.md).
UNREACHABLE_SECONDS = 45.0
#: How long after the loss its jobs are begun again: a stale heartbeat, three failed probes, the sweeper's next look.
ADOPTED_SECONDS = 60.0
EXIT_NO_ROOM = 1


def register(app: typer.Typer) -> None:
    regions.group.command("plan")(plan)


def plan(
    env: Annotated[str, typer.Option(help="dev or prod.")] = "prod",
    context: Annotated[list[str] | None, typer.Option("--context", "-c", help="CDK context, KEY=VALUE.")] = None,
    jobs_per_minute: Annotated[
        list[str] | None, typer.Option(help="LANE=NUMBER: what all clients of both Regions submit.")
    ] = None,
    job_seconds: Annotated[
        list[str] | None, typer.Option(help="LANE=SECONDS: how long a job of the lane runs.")
    ] = None,
    flushes: Annotated[float, typer.Option(min=0, help="Flushes a job makes beside its first and its last.")] = 0,
    reads: Annotated[float, typer.Option(min=0, help="How often a client asks after a job.")] = 1,
    events: Annotated[float, typer.Option(min=0, help="Events of a job that go on the bus.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say whether one Region can carry all: quotas, each lane's wait before and after a loss, and what it costs.

    Ends with 1 where a lane has no room for all.
    """
    with one_line_failures():
        given = pairs("--context", context)
        placeholders = {"domain_name": "example.com", "hosted_zone_id": "Z0"}
        configuration = checked_configuration(env, {**placeholders, **given})
        lanes = [lane.name for lane in configuration.lanes]
        rates = _numbers("--jobs-per-minute", jobs_per_minute, lanes)
        seconds = _numbers("--job-seconds", job_seconds, lanes)
        load = Load(
            lanes={lane: LaneLoad(rates.get(lane, 60.0), seconds.get(lane, 30.0)) for lane in lanes},
            flushes_a_job=flushes,
            reads_a_job=reads,
            events_a_job=events,
        )
        found = planned(configuration, load)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        _print(Console(width=None if sys.stdout.isatty() else 160), found)
    if not all(lane["has_room"] for lane in found["lanes"].values()):
        raise typer.Exit(EXIT_NO_ROOM)


def planned(configuration: Configuration, load: Load) -> dict[str, Any]:
    """Return the whole plan as JSON values; None stands for what never ends."""
    costs = monthly_costs(
        load,
        memory_gb=worker_memory_gb(configuration),
        interval_seconds=configuration.health_check.interval_seconds,
        leases=configuration.ownership == "strong",
        keys=configuration.customer_keys == "on",
        archive=configuration.archive.after_days > 0,
    )
    return {
        "regions": list(configuration.regions),
        "routing": configuration.routing,
        "workers": {
            "each_region": sum(lane.max_concurrency for lane in configuration.lanes),
            "set_apart": reserved_concurrency(configuration, function_named("advance_jobs")),
        },
        "quotas": [{**asdict(need), "suffices": need.suffices} for need in needs(configuration, load)],
        "lanes": {lane.name: _lane(configuration, lane.name, load.lanes[lane.name]) for lane in configuration.lanes},
        "dollars_a_month": {
            "each": [asdict(cost) for cost in costs],
            "in_all": round(sum(cost.dollars for cost in costs), 2),
            "for_two_regions": round(sum(cost.for_two for cost in costs), 2),
        },
    }


def largest_share(configuration: Configuration) -> float:
    """Return the share of all work that the Region has which is worst to lose."""
    match configuration.routing:
        case "failover":
            return 1.0
        case "weighted":
            return max(configuration.weights.values()) / sum(configuration.weights.values())
        case "latency":
            return 0.5  # as good a guess as any: it depends on where clients are


def _lane(configuration: Configuration, name: str, load: LaneLoad) -> dict[str, Any]:
    at_once = slots(configuration, name)
    share = largest_share(configuration)
    loss = loss_of_region(load, at_once, share=share, unreachable=UNREACHABLE_SECONDS, adopted_after=ADOPTED_SECONDS)
    set_to = next(lane.max_concurrency for lane in configuration.lanes if lane.name == name)
    return {
        "jobs_per_minute": load.jobs_per_minute,
        "job_seconds": load.seconds,
        "max_concurrency": set_to,
        "max_concurrency_for_all": workers_for(load),
        "has_room": loss.utilisation_after <= MOST_UTILISATION,
        **{key: _rounded(value) for key, value in asdict(loss).items()},
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _numbers(option: str, given: list[str] | None, lanes: list[str]) -> Mapping[str, float]:
    found = {}
    for lane, text in pairs(option, given).items():
        if lane not in lanes:
            raise CannotBeDone(f"{option} {lane}={text}: no lane is named {lane}; there are {', '.join(lanes)}")
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 <= number < float("inf"):
            raise CannotBeDone(f"{option} {lane}={text}: give a number of 0 or more")
        found[lane] = number
    return found


def _print(console: Console, found: dict[str, Any]) -> None:
    first, second = found["regions"]
    console.print(f"{first} and {second}, routing {found['routing']}: each must be able to carry all.", highlight=False)
    console.print(_quotas(found["quotas"]))
    console.print(_lanes(found["lanes"]))
    console.print(_costs(found["dollars_a_month"]))
    for name, lane in found["lanes"].items():
        if not lane["has_room"]:
            console.print(
                f"[red]{name}[/red] needs max_concurrency {lane['max_concurrency_for_all']} in each Region, and has "
                f"{lane['max_concurrency']}: see stacks/environments.py",
                highlight=False,
                soft_wrap=True,
            )


def _quotas(rows: list[dict[str, Any]]) -> Table:
    table = Table("service", "quota", "code", "needed", "unasked", "", "because", title="Quotas of each Region")
    for row in rows:
        verdict = "[green]enough[/green]" if row["suffices"] else "[red]ask for more[/red]"
        verdict = verdict if row["suffices"] or row["adjustable"] else "[red]fixed[/red]"
        numbers = (f"{row['needed']:,.6g}", f"{row['default']:,.6g}")
        table.add_row(row["service"], row["quota"], row["code"], *numbers, verdict, row["why"])
    return table


def _lanes(lanes: dict[str, Any]) -> Table:
    table = Table(title="What the loss of the busier Region does to a lane")
    for heading in (
        "lane",
        "jobs a minute",
        "busy before",
        "after",
        "mean wait before",
        "after",
        "backlog",
        "longest wait",
    ):
        table.add_column(heading, justify="left" if heading == "lane" else "right")
    for name, lane in lanes.items():
        busy = [f"{lane[key]:.0%}" for key in ("utilisation_before", "utilisation_after")]
        waits = [_seconds(lane[key]) for key in ("wait_before", "wait_after")]
        backlog, longest = f"{lane['backlog']:.0f}", _seconds(lane["longest_wait"])
        table.add_row(name, f"{lane['jobs_per_minute']:g}", *busy, *waits, backlog, longest)
    return table


def _costs(costs: dict[str, Any]) -> Table:
    table = Table("what", title="USD a month (docs/cost.md: prices and what is not in it)")
    table.add_column("in all", justify="right")
    table.add_column("for two Regions", justify="right")
    for cost in costs["each"]:
        table.add_row(cost["what"], f"{cost['dollars']:,.2f}", f"{cost['for_two']:,.2f}")
    table.add_section()
    table.add_row("in all", f"{costs['in_all']:,.2f}", f"{costs['for_two_regions']:,.2f}")
    return table


def _seconds(value: float | None) -> str:
    return "[red]grows[/red]" if value is None else f"{value:.1f} s"
