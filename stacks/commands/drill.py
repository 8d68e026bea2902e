"""`antipode drill`: break something on purpose, see whether the promises hold, keep and compare the reports."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from localstack.cloud import LocalCloud, NotUp
from localstack.drills.archive import FOLDER, Archive, Difference, NoSuchReport, Stored, differences
from localstack.drills.bounds import Verdict
from localstack.drills.engine import Engine
from localstack.drills.live_view import LiveView
from localstack.drills.local_target import LocalTarget
from localstack.drills.on_aws.aws_stories import AWS_DRILLS
from localstack.drills.rules import RULES, Rule
from localstack.drills.stories import DRILLS, drill_named, pairs
from localstack.drills.story import CONTEXT, Drill
from localstack.drills.target import CannotDrill
from localstack.drills.verdicts import outcome_of
from localstack.drills.without_rules import NotShown, WithoutRule
from stacks.commands.drill_on_aws import Installation, fetch_reports, play_on_aws, restore_by_hand
from stacks.commands.local import AsJson, Slot, local_failures, terminable
from stacks.commands.one_line_failures import EXIT_CANNOT, EXIT_FAILED, CannotBeDone, one_line_failures
from stacks.commands.one_line_failures import pairs as pairs_of
from stacks.commands.shown_steps import ShownSteps


class TargetName(StrEnum):
    """What a drill is played on."""

    LOCAL = "local"
    AWS = "aws"


Target = Annotated[TargetName, typer.Option(help="What it is played on.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Repeats the load and the chances of a drill.")]
Reports = Annotated[Path, typer.Option(help="Where reports are kept.")]
Env = Annotated[str | None, typer.Option(help="With --target aws: dev or prod.")]
Context = Annotated[
    list[str] | None, typer.Option("--context", "-c", help="With --target aws: CDK context, KEY=VALUE.")
]

#: A drill waits so long for what the one before has left to heal: the failover name leads back after 30 s, or 60.
WELL_WITHIN_SECONDS = 120.0

group = typer.Typer(help="Break something on purpose, and see whether the promises hold.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands: one for each drill, and those about them."""
    for drill in {**AWS_DRILLS, **DRILLS}.values():
        group.command(name=drill.name, help=f"Guards that {drill.guards}.")(_player(drill))
    app.add_typer(group, name="drill")


def _player(drill: Drill) -> Callable[..., None]:
    def play(
        target: Target = TargetName.LOCAL,
        seed: Seed = None,
        slot: Slot = 0,
        reports: Reports = FOLDER,
        as_json: AsJson = False,
        env: Env = None,
        context: Context = None,
    ) -> None:
        if target is TargetName.AWS:
            _play_on_aws([drill.name], env, context, seed, Archive(reports), as_json)
        elif drill.name not in DRILLS:
            typer.echo(f"antipode: {drill.name} can be played on AWS alone: --target aws", err=True)
            raise typer.Exit(EXIT_CANNOT)
        else:
            _play([drill], seed, slot, Archive(reports), as_json)

    return play


@group.command(name="all")
def play_all(
    names: Annotated[
        list[str] | None, typer.Argument(help="These drills alone, in this order; a pair of faults as one+other.")
    ] = None,
    target: Target = TargetName.LOCAL,
    seed: Seed = None,
    slot: Slot = 0,
    reports: Reports = FOLDER,
    as_json: AsJson = False,
    with_pairs: Annotated[int, typer.Option("--pairs", min=0, help="Also so many pairs of faults, by the seed.")] = 0,
    env: Env = None,
    context: Context = None,
) -> None:
    """Every drill, or those named, one after the other on one cloud; then pairs of faults, if so asked."""
    known = AWS_DRILLS if target is TargetName.AWS else DRILLS
    find = AWS_DRILLS.get if target is TargetName.AWS else drill_named
    if unknown := sorted(name for name in set(names or ()) if find(name) is None):
        typer.echo(f"antipode: no drill is named {', '.join(unknown)}; there are {', '.join(known)}", err=True)
        raise typer.Exit(EXIT_CANNOT)
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    if target is TargetName.AWS:
        _play_on_aws(names or list(known), env, context, chosen, Archive(reports), as_json)
        return
    named = [drill for name in names or () if (drill := drill_named(name)) is not None]
    drills = [*(named or DRILLS.values()), *pairs(chosen, with_pairs)]
    _play(drills, chosen, slot, Archive(reports), as_json, any_cloud=not names)


@group.command()
def restore(
    env: Annotated[str, typer.Option(help="dev or prod.")],
    target: Annotated[TargetName, typer.Option(help="aws; a local cloud is thrown away instead.")],
    context: Context = None,
) -> None:
    """Put back by hand what a drill on AWS changed, with your own credentials, as its undo record says."""
    with one_line_failures():
        if target is TargetName.LOCAL:
            raise CannotBeDone("a local cloud is thrown away and brought up anew: `antipode local down`")
        found = restore_by_hand(Installation.of(env, pairs_of("--context", context)), typer.echo)
    if not found:
        typer.echo("no drill is in the books of either Region: there is nothing to put back")


@group.command()
def fetch(
    env: Annotated[str, typer.Option(help="dev or prod.")], context: Context = None, reports: Reports = FOLDER
) -> None:
    """Fetch the reports of drills on AWS that are not kept here yet, those of scheduled ones above all."""
    with one_line_failures():
        fetched = fetch_reports(Installation.of(env, pairs_of("--context", context)), Archive(reports))
    for stored in fetched:
        typer.echo(f"{stored.data['verdict']}  {stored.name}")


@group.command(name="list")
def list_reports(reports: Reports = FOLDER, as_json: AsJson = False) -> None:
    """List the drills there are, and the reports that were kept, newest first."""
    found = Archive(reports).all()
    if as_json:
        kept = [{"name": each.name, "drill": each.drill, "verdict": each.data["verdict"]} for each in found]
        rows = [{"name": drill.name, "guards": drill.guards} for drill in DRILLS.values()]
        typer.echo(json.dumps({"drills": rows, "reports": kept}, indent=2))
        return
    console = Console()
    table = Table("drill", "guards that", "last verdict")
    for drill in DRILLS.values():
        last = next((each for each in found if each.drill == drill.name), None)
        table.add_row(drill.name, drill.guards, "" if last is None else _styled(last.data["verdict"]))
    console.print(table)
    for each in found:
        line = Text.assemble(f"{each.begun}  ", _styled(each.data["verdict"]), f"  {each.name}")
        console.print(line, highlight=False, soft_wrap=True)


@group.command()
def show(
    report: Annotated[str, typer.Argument(help="A report's name, or a drill's for its newest report.")],
    reports: Reports = FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show a report that was kept."""
    with _about_reports():
        found = Archive(reports).found(report)
        if as_json:
            typer.echo(json.dumps(found.data, indent=2))
            return
        _print_report(Console(), found)


@group.command()
def compare(
    report: Annotated[str, typer.Argument(help="A report's name, or a drill's for its newest report.")],
    other: Annotated[str | None, typer.Argument(help="What to compare with; else the one before.")] = None,
    reports: Reports = FOLDER,
    as_json: AsJson = False,
) -> None:
    """Compare a drill's report with the one before it, or with another one."""
    with _about_reports():
        archive = Archive(reports)
        now = archive.found(report)
        before = archive.before(now) if other is None else archive.found(other)
    rows = differences(before, now)
    if as_json:
        said = {"before": before.name, "now": now.name, "differences": [asdict(row) for row in rows]}
        typer.echo(json.dumps(said, indent=2))
        return
    table = Table("", before.name, now.name, "change")
    table.add_row("verdict", _styled(before.data["verdict"]), _styled(now.data["verdict"]), "")
    for row in rows:
        table.add_row(row.name, _number(row.before), _number(row.now), _change(row))
    Console().print(table)


@group.command(name="can-fail")
def can_fail(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Rules to switch off, or drills that have to break; all if none is named."),
    ] = None,
    seed: Seed = 1,
    slot: Slot = 0,
    reports: Reports = FOLDER / "can-fail",
) -> None:
    """Play each drill where the rule that it guards is switched off: each must break."""
    plays = [(rule, drill) for rule in RULES for drill in rule.breaks]
    known = {name for rule, drill in plays for name in (rule.name, drill)}
    if unknown := sorted(set(names or ()) - known):
        said = f"no rule or drill is named {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        typer.echo(f"antipode: {said}", err=True)
        raise typer.Exit(EXIT_CANNOT)
    archive, silent = Archive(reports), 0
    chosen = [(rule, drill) for rule, drill in plays if not names or {rule.name, drill} & set(names)]
    for ownership in dict.fromkeys(DRILLS[drill].ownership for _, drill in chosen):
        alike = [(rule, drill) for rule, drill in chosen if DRILLS[drill].ownership == ownership]
        with local_failures(), terminable(), _cloud(slot, ownership) as cloud:
            if _is_for(LocalTarget(cloud), [DRILLS[drill] for _, drill in alike]):
                silent += _without_rules(alike, cloud, seed or 0, archive)
            elif names:
                raise typer.Exit(EXIT_FAILED)
    if silent:
        raise typer.Exit(EXIT_FAILED)


def _without_rules(plays: Sequence[tuple[Rule, str]], cloud: LocalCloud, seed: int, archive: Archive) -> int:
    """Play each drill without its rule, and say how many did not break."""
    console, silent = Console(), 0
    for rule, drill in plays:
        console.print(f"[bold]{drill}[/bold] without the rule [bold]{rule.name}[/bold]", highlight=False)
        view = LiveView(DRILLS[drill], console)
        try:
            evidence, outcome = WithoutRule(rule, drill, LocalTarget(cloud), seed, tell=view.tell).play()
        except (CannotDrill, NotShown) as failed:
            silent += 1
            console.print(f"[bold red]not shown:[/bold red] {failed}", highlight=False, soft_wrap=True)
            if isinstance(failed, CannotDrill) or failed.played is None:
                continue
            evidence, outcome = failed.played
        for each in outcome.broken:
            how = "broken, as it must be" if rule.breaks[drill] in each.text else "broken"
            console.print(f"  {how}: {each.text} ({each.seen})", highlight=False, soft_wrap=True)
        stored = archive.store(evidence, outcome, f"{DRILLS[drill].guards}; played without the rule {rule.name}")
        console.print(f"  report: {stored.page}", highlight=False, soft_wrap=True)
    return silent


# -- playing


def _play(
    drills: Sequence[Drill], seed: int | None, slot: int, archive: Archive, as_json: bool, *, any_cloud: bool = False
) -> None:
    """Play them. `any_cloud`: those that are not for the cloud that is up are told and left out, else they fail."""
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    verdicts = []
    for ownership in dict.fromkeys(drill.ownership for drill in drills):
        with local_failures(), terminable(), _cloud(slot, ownership) as cloud:
            alike = [drill for drill in drills if drill.ownership == ownership]
            if _is_for(LocalTarget(cloud), alike):
                verdicts += [_play_one(drill, LocalTarget(cloud), chosen, archive, as_json) for drill in alike]
            elif not any_cloud:
                raise typer.Exit(EXIT_FAILED)
    if any(verdict is not Verdict.HELD for verdict in verdicts):
        raise typer.Exit(EXIT_FAILED)


def _play_on_aws(
    names: Sequence[str], env: str | None, context: list[str] | None, seed: int | None, archive: Archive, as_json: bool
) -> None:
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    with one_line_failures():
        installation = Installation.of(env, pairs_of("--context", context))
        ended = play_on_aws(names, installation, chosen, archive, lambda line: typer.echo(line, err=True))
    for _, stored in ended:
        if stored is not None:
            if as_json:
                typer.echo(json.dumps({"report": stored.name, **stored.data}))
            _print_report(Console(stderr=as_json), stored)
    if any(verdict is not Verdict.HELD for verdict, _ in ended):
        raise typer.Exit(EXIT_FAILED)


@contextmanager
def _cloud(slot: int, ownership: str) -> Iterator[LocalCloud]:
    """The cloud that is up in this slot; else one with that `ownership`, brought up for this and taken down."""
    try:
        yield LocalCloud.find(slot)
        return
    except NotUp:
        cloud = LocalCloud.prepare(slot, report=ShownSteps())
    try:
        cloud.up(context=CONTEXT[ownership])
        yield cloud
    finally:
        with ShownSteps()("end all processes, remove all files"):
            LocalCloud.down(slot)


def _is_for(target: LocalTarget, drills: Sequence[Drill]) -> bool:
    """Whether drills that need Regions to own their jobs alike can be played there; if not, that is told."""
    needed, has = drills[0].ownership, target.configuration()["ownership"]
    if needed != has:
        flags = " ".join(f"-c {name}={value}" for name, value in CONTEXT[needed].items())
        why = f"they need ownership {needed}, its own is {has}: antipode local up {flags}".rstrip()
        typer.echo(f"not for this cloud: {', '.join(drill.name for drill in drills)}: {why}", err=True)
    return needed == has


def _play_one(drill: Drill, target: LocalTarget, seed: int, archive: Archive, as_json: bool) -> Verdict:
    console = Console(stderr=as_json)
    again = f"antipode drill {'' if drill.name in DRILLS else 'all '}{drill.name} --seed {seed}"
    console.print(f"[bold]{drill.name}[/bold]: guards that {drill.guards} ({again})", highlight=False, soft_wrap=True)
    view = LiveView(drill, console)
    engine = Engine(drill, target, seed, tell=view.tell, on_look=view.look, well_within_seconds=WELL_WITHIN_SECONDS)
    try:
        with Live(view, console=console, refresh_per_second=4) if console.is_terminal else view:
            target.calm()
            evidence = engine.play()
    except CannotDrill as refused:
        console.print(f"[red]{refused}[/red]", highlight=False, soft_wrap=True)
        return Verdict.VOID
    outcome = outcome_of(drill, evidence)
    stored = archive.store(evidence, outcome, drill.guards)
    if as_json:
        typer.echo(json.dumps({"report": stored.name, **stored.data}))
    _print_report(console, stored)
    return outcome.verdict


@contextmanager
def _about_reports() -> Iterator[None]:
    try:
        yield
    except NoSuchReport as error:
        typer.echo(f"antipode: {error}", err=True)
        raise typer.Exit(EXIT_CANNOT) from None


# -- what is printed


def _print_report(console: Console, report: Stored) -> None:
    console.print(Text.assemble(f"{report.drill}: ", _styled(report.data["verdict"])))
    for reason in report.data["void_because"]:
        console.print(f"  nothing was shown: {reason}", style="red", highlight=False)
    table = Table.grid(padding=(0, 2))
    for bound in report.data["bounds"]:
        mark = Text("✓", "green") if bound["held"] else Text("✗", "bold red")
        table.add_row(mark, bound["text"], Text(bound["seen"], "dim" if bound["held"] else "bold red"))
    console.print(table)
    known = {name: seconds for name, seconds in report.data["times"].items() if seconds is not None}
    said = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in known.items())
    console.print(f"times: {said}\nreport: {report.page}", highlight=False, soft_wrap=True)


def _styled(verdict: str) -> Text:
    return Text(verdict, {"held": "green", "broken": "bold red"}.get(verdict, "yellow"))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}".removesuffix(".0")


def _change(row: Difference) -> str:
    if row.before is None or row.now is None or row.before == row.now:
        return ""
    return f"{row.now - row.before:+.1f}".removesuffix(".0")
