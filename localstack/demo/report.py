"""The demo's report: an HTML page with pictures, a JSON file of all observations, a summary for the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from localstack.demo import drawings
from localstack.demo.figures import Figures, accuracy_in, figures_of, findings_in, promises_of, risks_in
from localstack.demo.observations import AuditSeen, Observations


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
        audit_line=audit_line,
        cards=_cards(figures_of(seen)),
        promises=promises_of(seen),
        audits=seen.audits,
        progress=Markup(drawings.progress(seen)),  # drawn from numbers and Region names
        timeline=Markup(drawings.timeline(seen)),
        audit_timeline=Markup(drawings.audits(seen)),
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
    return Group(
        Text(_verdict(seen), "bold"), Text(), promises, Text(), numbers, Text(), _audits(seen), Text(), _findings(seen)
    )


def _audits(seen: Observations) -> RenderableType:
    table = Table(title="Release audits", title_justify="left")
    for column in ("audit", "verdict", "asked of people", "decision"):
        table.add_column(column, overflow="fold")
    for audit in seen.audits:
        table.add_row(audit.name, str(audit.report.get("verdict", "none")), audit_line(audit), "")
        for row in audit.report.get("decisions", ()):
            table.add_row("", "", f"{row['spdx']}: {', '.join(row['distributions'])}", _decision_line(row))
        table.add_section()
    return table


def audit_line(audit: AuditSeen) -> str:
    """Say in short what its reviews came to, and how they lived through the loss."""
    adopted = sum(review.adopted_at is not None for review in audit.reviews)
    twice = sum(review.ends > 1 for review in audit.reviews)
    line = f"{len(audit.reviews)} reviews, {adopted} of them adopted by the survivor, {twice} ended twice"
    again = len(audit.ended_again)
    return f"{line}, {again} once more as their end was lost with the Region" if again else line


def _decision_line(row: Mapping[str, Any]) -> str:
    words = {True: "approved", False: "rejected", None: "not decided"}
    comment = f": {row['comment']}" if row["comment"] else ""
    return f"{words[row['approved']]} by {row['by'] or 'nobody'}{comment}"


def _findings(seen: Observations) -> RenderableType:
    findings = findings_in(seen)
    mild = risks_in(findings)["permissive"]
    title = f"Findings: {mild} permissive, shown in the report, and these"
    table = Table(title=title, title_justify="left", caption=accuracy_line(seen), caption_justify="left")
    for column in ("package", "SPDX", "risk"):
        table.add_column(column, overflow="fold")
    table.add_column("evidence", overflow="ellipsis", no_wrap=True, max_width=60)
    for row in findings:
        if row.risk == "permissive":
            continue
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
        (str(said.audits_decided), "release audits decided by people"),
        (str(said.decided_while_owner_lost), "of the decisions taken while the audit's Region was lost"),
        (str(said.audit_reviews_adopted), f"of the audits' {said.audit_reviews} reviews adopted by the survivor"),
        ("?" if said.two_writers is None else str(said.two_writers), "items with two writers"),
        (_seconds(said.accepted_again_seconds), "from the kill to the first submit accepted by the failover name"),
        (_seconds(said.adopted_finished_seconds), "from the kill to the end of the last adopted job"),
        (_seconds(said.returned_seconds), "from the kill until the Region answered again"),
        (_seconds(said.alike_seconds), "more until both Regions told the same"),
        (_seconds(said.up_seconds), "to bring both Regions up"),
    ]


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"
