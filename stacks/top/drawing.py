"""Draws both Regions for the terminal. Nothing is asked here, and nothing remembered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from stacks.top.seen import RegionSeen, State

#: Two Regions fit side by side from this width on.
SIDE_BY_SIDE: Final = 152
WIDEST: Final = 180
_STATES: Final[Mapping[State, tuple[str, str]]] = {
    "up": ("● up", "green"),
    "silent": ("◌ does not answer", "bold yellow"),
    "lost": ("✖ lost", "bold red"),
    "unknown": ("… asked", "dim"),
}
#: What is begun, ended and failed is counted over the last minute.
_COLUMNS: Final = ("lane", "waiting", "running", "wait", "bound", "oldest", "begun", "ended", "failed", "")


def drawn(regions: tuple[RegionSeen, ...], at: str, width: int) -> RenderableType:
    """Both Regions in `width` columns: side by side where there is room, else one below the other."""
    width = min(width, WIDEST)
    beside = width >= SIDE_BY_SIDE
    each = width // len(regions) if beside else width
    panels = [_region(region, each) for region in regions]
    body: RenderableType = Group(*panels)
    if beside:
        table = Table.grid(padding=0)
        table.add_row(*panels)
        body = table
    return Group(_heading(regions, at, width), body)


def _heading(regions: tuple[RegionSeen, ...], at: str, width: int) -> RenderableType:
    line = Table.grid(expand=True)
    line.add_column()
    line.add_column(justify="right")
    running = sum(region.running or 0 for region in regions)
    lanes = [lane for region in regions for lane in region.lanes.values()]
    waiting, ended, failed = (
        sum(lane[name] or 0 for lane in lanes) for name in ("waiting", "ended_per_minute", "failed_per_minute")
    )
    said = Text.assemble(
        (" antipode top", "bold"),
        f"   {running} running   {waiting} waiting   last minute: {ended:.0f} ended, ",
        (f"{failed:.0f} failed", "bold red" if failed else ""),
    )
    line.add_row(said, Text(f"{at[:10]} {at[11:19]} UTC ", "dim"))
    return Group(Table.grid(), _as_wide(line, width))


def _as_wide(line: Table, width: int) -> Table:
    line.width = width
    return line


def _region(region: RegionSeen, width: int) -> RenderableType:
    label, style = _STATES[region.state]
    title = Text.assemble(" ", (region.name, "bold"), "  ", (label, style), " ")
    border = {"up": "green", "silent": "yellow", "lost": "red", "unknown": "bright_black"}[region.state]
    return Panel(
        Group(_lanes(region), Text(), _signs(region)),
        title=title,
        title_align="left",
        border_style=border,
        box=box.ROUNDED,
        width=width,
    )


def _lanes(region: RegionSeen) -> RenderableType:
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), header_style="dim", show_edge=False)
    for place, name in enumerate(_COLUMNS):
        last = place == len(_COLUMNS) - 1
        table.add_column(
            name, justify="left" if place == 0 or last else "right", no_wrap=True, min_width=4 if last else None
        )
    for name, lane in region.lanes.items():
        table.add_row(*_lane(name, lane))
    if not region.lanes:
        table.add_row(*["-"] * (len(_COLUMNS) - 1))
    return table


def _lane(name: str, lane: Mapping[str, Any]) -> list[Text]:
    estimate, bound = lane["estimated_wait_seconds"], lane["bound_seconds"]
    fullness = 0.0 if estimate is None else estimate / bound
    style = "bold red" if fullness > 1 else "yellow" if fullness > 0.5 else ""
    failed = lane["failed_per_minute"]
    return [
        Text(name, "bold"),
        Text(_number(lane["waiting"])),
        Text(_number(lane["in_flight"])),
        Text(_duration(estimate), style),
        Text(_duration(bound), "dim"),
        Text(_duration(lane["oldest_wait_seconds"])),
        Text(_number(lane["started_per_minute"])),
        Text(_number(lane["ended_per_minute"])),
        Text(_number(failed), "bold red" if failed else ""),
        Text("") if lane["admitting"] else Text("full", "bold white on red"),
    ]


def _signs(region: RegionSeen) -> RenderableType:
    beat = region.heartbeat_age
    words = Text("no heartbeat known" if beat is None else f"heartbeat {beat:.1f} s ago", "dim")
    if region.lost_since is not None:
        words.append(f"   lost since {region.lost_since[11:19]}", "red")
    if region.told_by not in (None, region.name):
        words.append(f"   lanes as {region.told_by} last heard of them", "yellow")
    if region.trouble is not None:
        words.append(f"\n{region.trouble}", "yellow")
        words.truncate(400, overflow="ellipsis")
    return words


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} m" if seconds < 7200 else f"{seconds / 3600:.0f} h"
