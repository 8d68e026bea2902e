"""The demo's report: an HTML page with pictures, a JSON file of all observations, a summary for the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from localstack.demo.figures import Figures, accuracy_in, figures_of, findings_in, promises_of, risks_in
from localstack.demo.observations import Loss, Observations

WIDTH: Final = 1000
MARGIN: Final = 46
ROW: Final = 6


def kept_all(seen: Observations) -> bool:
    """Whether everything held that had to hold."""
    return all(promise.kept for promise in promises_of(seen))


def write(seen: Observations, folder: Path) -> tuple[Path, Path]:
    """Write demo.html and demo.json into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    page, data = folder / "demo.html", folder / "demo.json"
    page.write_text(render(seen), encoding="utf-8")
    figures = asdict(figures_of(seen))
    promises = [asdict(promise) for promise in promises_of(seen)]
    data.write_text(json.dumps({"figures": figures, "promises": promises, "observations": seen.to_json()}, indent=1))
    return page, data


def render(seen: Observations) -> str:
    """Return the HTML page."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    findings = findings_in(seen)
    return environment.get_template("report.html.j2").render(
        verdict=_verdict(seen),
        where=seen.surroundings,
        cards=_cards(figures_of(seen)),
        promises=promises_of(seen),
        progress=Markup(progress(seen)),  # drawn here from numbers and Region names
        timeline=Markup(timeline(seen)),
        risks=risks_in(findings),
        accuracy=accuracy_line(seen),
        findings=findings,
    )


def accuracy_line(seen: Observations) -> str:
    """Say how well the reader did where the declaration was hidden from it."""
    found = accuracy_in(seen)
    return (
        f"Read with their own License-Expression hidden: {found.measured} distributions that declare one; the same "
        f"licence {found.exact}, the same class of risk {found.same_risk}. The reader's rules were written with these "
        "at hand, so this is no measure of how well it reads others."
    )


def summary(seen: Observations) -> RenderableType:
    """Return what the terminal shows at the end."""
    promises = Table.grid(padding=(0, 2))
    for promise in promises_of(seen):
        mark = Text("✓", "green") if promise.kept else Text("✗", "bold red")
        promises.add_row(mark, promise.text, Text(promise.seen, "dim" if promise.kept else "bold red"))
    numbers = Table.grid(padding=(0, 2))
    for number, text in _cards(figures_of(seen)):
        numbers.add_row(Text(number, "bold"), text)
    return Group(Text(_verdict(seen), "bold"), Text(), promises, Text(), numbers, Text(), _findings(seen))


def _findings(seen: Observations) -> RenderableType:
    table = Table(title="Findings", title_justify="left", caption=accuracy_line(seen), caption_justify="left")
    for column in ("package", "SPDX", "risk"):
        table.add_column(column, overflow="fold")
    table.add_column("evidence", overflow="ellipsis", no_wrap=True, max_width=60)
    for row in findings_in(seen):
        evidence = row.evidence[0] if row.evidence else ""
        table.add_row(f"{row.package} {row.version}", row.spdx, row.risk, evidence)
    return table


def _verdict(seen: Observations) -> str:
    if kept_all(seen) and seen.loss is not None:
        return f"{seen.loss.region} was lost with jobs in flight, and nothing that was acknowledged was lost"
    return "A promise was broken"


def _cards(said: Figures) -> list[tuple[str, str]]:
    return [
        (str(said.acknowledged), f"jobs acknowledged, {said.acknowledged_by_one_region} of them by one Region alone"),
        (str(said.finished), "jobs finished"),
        (str(said.lost), "jobs lost"),
        (str(said.in_flight_at_the_kill), "in flight in the Region when it was killed"),
        (str(said.adopted), "adopted by the survivor"),
        ("?" if said.two_writers is None else str(said.two_writers), "items with two writers"),
        (_seconds(said.accepted_again_seconds), "from the kill to the first submit accepted by the failover name"),
        (_seconds(said.adopted_finished_seconds), "from the kill to the end of the last adopted job"),
        (_seconds(said.returned_seconds), "from the kill until the Region answered again"),
        (_seconds(said.alike_seconds), "more until both Regions told the same"),
        (_seconds(said.up_seconds), "to bring both Regions up"),
    ]


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"


def progress(seen: Observations) -> str:
    """Draw how many jobs were acknowledged and finished over time."""
    height = 220
    most = max([sample.acknowledged for sample in seen.samples], default=1) or 1
    scale = _Scale(seen)

    def curve(values: Iterable[tuple[float, int]], colour: str) -> str:
        points = " ".join(f"{scale.x(at):.1f},{height - 24 - (height - 44) * value / most:.1f}" for at, value in values)
        return f'<polyline class="curve" style="stroke:var({colour})" points="{points}"/>'

    drawn = [
        *scale.axis(height),
        curve(((sample.at, sample.acknowledged) for sample in seen.samples), "--dim"),
        curve(((sample.at, sample.finished) for sample in seen.samples), "--good"),
        f'<text x="{MARGIN}" y="14">{most} jobs · grey: acknowledged, green: finished</text>',
        *_marks(seen.loss, scale, height),
    ]
    return _svg(height, drawn)


def timeline(seen: Observations) -> str:
    """Draw each job's life as one line."""
    height = ROW * len(seen.accepted) + 44
    scale = _Scale(seen)
    drawn = scale.axis(height)
    names = dict(zip(seen.surroundings.regions, ("first", "second"), strict=True))
    for row, job in enumerate(seen.accepted):
        outcome = seen.outcomes.get(job.job_id)
        for part in outcome.stretches if outcome else ():
            x, width = scale.x(part.begins), max(scale.x(part.ends) - scale.x(part.begins), 1)
            kind = f"{names[part.region]} {part.phase}"
            drawn.append(
                f'<rect class="{kind}" x="{x:.1f}" y="{20 + row * ROW}" width="{width:.1f}" height="{ROW - 1}"/>'
            )
    return _svg(height, [*drawn, *_marks(seen.loss, scale, height)])


class _Scale:
    """From seconds to places on a line."""

    def __init__(self, seen: Observations) -> None:
        self._end = max(seen.ended_at, 1.0)

    def x(self, at: float) -> float:
        """Where a moment lies."""
        return MARGIN + (WIDTH - 2 * MARGIN) * min(at, self._end) / self._end

    def axis(self, height: int) -> list[str]:
        """Draw a line each ten or twenty seconds."""
        step = 10 if self._end <= 150 else 30
        drawn = []
        for at in range(0, int(self._end) + 1, step):
            x = self.x(at)
            drawn.append(f'<line class="grid" x1="{x:.1f}" y1="18" x2="{x:.1f}" y2="{height - 22}"/>')
            drawn.append(f'<text x="{x:.1f}" y="{height - 7}" text-anchor="middle">{at} s</text>')
        return drawn


def _marks(loss: Loss | None, scale: _Scale, height: int) -> list[str]:
    if loss is None:
        return []
    moments = [("kill", loss.killed_at, "killed"), ("back", loss.returned_at, "back")]
    drawn = []
    for kind, at, word in moments:
        if at is not None:
            x = scale.x(at)
            drawn.append(f'<line class="{kind}" x1="{x:.1f}" y1="18" x2="{x:.1f}" y2="{height - 22}"/>')
            drawn.append(f'<text x="{x + 4:.1f}" y="30">{loss.region} {word}</text>')
    return drawn


def _svg(height: int, parts: Iterable[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{"".join(parts)}</svg>'
