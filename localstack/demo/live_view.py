"""Draws a picture of both Regions for the terminal. Nothing is asked here, and nothing remembered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, assert_never

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from localstack.demo.picture import AuditPicture, Cell, Condition, Picture, RegionPicture

COLOURS: Final = ("cyan", "magenta")
LINES_TOLD: Final = 6
WIDEST: Final = 100
_CONDITIONS: Final[Mapping[Condition, tuple[str, str]]] = {
    "starting": ("○ starting", "yellow"),
    "up": ("● up", "green"),
    "lost": ("✖ lost", "bold red"),
    "returning": ("◐ coming back", "yellow"),
}


def drawn(picture: Picture, width: int = WIDEST) -> RenderableType:
    """The whole picture, in `width` columns or `WIDEST`, whichever is less."""
    width = min(width, WIDEST)
    colours = {region.name: colour for region, colour in zip(picture.regions, COLOURS, strict=True)}
    regions = Table.grid(padding=0)
    half = width // 2
    regions.add_row(*(_region(region, colours[region.name], picture.answering, half) for region in picture.regions))
    return Group(
        _heading(picture, colours, width),
        regions,
        _jobs(picture, colours, width),
        _told(picture),
    )


def clock(seconds: float) -> str:
    """Minutes and seconds since the story began."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes:02}:{rest:02}"


def _heading(picture: Picture, colours: Mapping[str, str], width: int) -> RenderableType:
    leads = Text.assemble((picture.failover_name, "bold"), "  leads to  ")
    if picture.answering is None:
        leads.append("nobody", "bold red")
    else:
        leads.append(picture.answering, f"bold {colours[picture.answering]}")
    line = Table.grid(expand=True)
    line.add_column()
    line.add_column(justify="right")
    line.add_row(leads, Text(clock(picture.at), "dim"))
    return Panel(line, title=Text(f" {picture.act} ", "bold"), title_align="left", box=box.ROUNDED, width=width)


def _region(region: RegionPicture, colour: str, answering: str | None, width: int) -> RenderableType:
    label, style = _CONDITIONS[region.condition]
    title = Text.assemble(" ", (region.name, f"bold {colour}"), "  ", (label, style), " ")
    border = "red" if region.condition == "lost" else colour if answering == region.name else "bright_black"
    body = Group(_lanes(region), Text(), _counts(region), _signs(region))
    return Panel(body, title=title, title_align="left", border_style=border, box=box.ROUNDED, width=width)


def _lanes(region: RegionPicture) -> RenderableType:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    table.add_row(Text("lane", "dim"), Text("waiting", "dim"), Text("in flight", "dim"))
    for name in ("critical", "standard", "batch"):
        depth = region.lanes.get(name)
        table.add_row(name, _number(depth.waiting if depth else None), _number(depth.in_flight if depth else None))
    return table


def _number(number: int | None) -> Text:
    if number is None:
        return Text("-", "dim")
    return Text(str(number), "dim" if number == 0 else "bold")


def _counts(region: RegionPicture) -> RenderableType:
    if region.condition == "lost":
        open_jobs = [_count(region.queued + region.running, "stranded", "bold red")]
    else:
        open_jobs = [_count(region.queued, "queued"), _count(region.running, "running")]
    table = Table.grid(padding=(0, 3))
    table.add_row(*open_jobs)
    table.add_row(_count(region.done, "done", "green"), _count(region.adopted, "adopted", "yellow"))
    return table


def _count(count: int, name: str, style: str = "") -> Text:
    return Text(f"{count:>3} {name}", style if count else "dim")


def _signs(region: RegionPicture) -> Text:
    beat = "no heartbeat" if region.heartbeat_age is None else f"heartbeat {region.heartbeat_age:4.1f} s ago"
    items = "table -" if region.items is None else f"table {region.items} items"
    return Text(f"{beat} · {items}", "dim")


def _jobs(picture: Picture, colours: Mapping[str, str], width: int) -> RenderableType:
    mosaic = Text()
    in_a_row = (width - 4) // 2
    for number, cell in enumerate(picture.cells):
        if number and number % in_a_row == 0:
            mosaic.append("\n")
        mosaic.append(*_mark(cell, colours))
        mosaic.append(" ")
    done = picture.count("done", "failed")
    total = len(picture.cells)
    words = f"  {done} of {picture.acknowledged} acknowledged jobs done"
    caption = Text.assemble(_bar(done, picture.acknowledged, total, width - 4 - len(words)), words, "\n")
    return Panel(
        Group(caption, mosaic, Text(), _audits(picture, colours), _legend(picture, colours)),
        title=Text(" one mark, one review "),
        title_align="left",
        border_style="bright_black",
        box=box.ROUNDED,
        width=width,
    )


def _audits(picture: Picture, colours: Mapping[str, str]) -> RenderableType:
    """One line for each audit: itself, the reviews that it has called, and what people have answered."""
    table = Table.grid(padding=(0, 2))
    for audit in picture.audits:
        name = Text.assemble(_mark(audit.cell, colours), f" release audit: {audit.name}")
        reviews = Text(" ").join(Text(*_mark(cell, colours)) for cell in audit.reviews)
        table.add_row(name, reviews, _answers(audit))
    return table


def _answers(audit: AuditPicture) -> Text:
    if audit.verdict is not None:
        return Text(f"{audit.verdict} by people", "bold green" if audit.verdict == "approved" else "bold red")
    if audit.asked or audit.decided:
        return Text(f"asks people: {audit.asked} open, {audit.decided} decided", "yellow")
    return Text(audit.status or "-", "dim")


def _mark(cell: Cell, colours: Mapping[str, str]) -> tuple[str, str]:
    colour = colours[cell.region] if cell.region is not None else ""
    match cell.state:
        case "unsent":
            return "·", "bright_black"
        case "queued":
            return "□", colour
        case "running":
            return "▣", colour
        case "stranded":
            return "✖", "bold red"
        case "done":
            return ("◆", f"bold {colour}") if cell.adopted else ("■", colour)
        case "failed":
            return "!", "bold red"
        case _:
            assert_never(cell.state)


def _legend(picture: Picture, colours: Mapping[str, str]) -> Text:
    legend = Text()
    for region in picture.regions:
        legend.append(f"■ {region.name}  ", colours[region.name])
    legend.append("□ queued  ▣ running  ■ done  ◆ adopted  ", "dim")
    legend.append("✖ stranded  ! failed", "red")
    return legend


def _bar(done: int, acknowledged: int, total: int, width: int) -> Text:
    """Done, then acknowledged but not done, then not yet sent."""
    scale = width / total if total else 0
    full, begun = round(done * scale), round(acknowledged * scale)
    bar = Text("━" * full, "green")
    bar.append("━" * (begun - full), "yellow")
    bar.append("━" * (width - begun), "bright_black")
    return bar


def _told(picture: Picture) -> RenderableType:
    lines = Text()
    latest = picture.told[-LINES_TOLD:]
    for number, told in enumerate(latest):
        newest = number == len(latest) - 1
        lines.append(f"{clock(told.at)}  ", "dim")
        lines.append(told.line + "\n", "bold" if newest else "")
    lines.append("\n" * (LINES_TOLD - len(latest)))
    lines.rstrip()
    return Padding(lines, (0, 2))
