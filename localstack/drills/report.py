"""A drill's report: an HTML page with pictures, and JSON of everything, from the evidence and the verdict."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from localstack.drills import pictures
from localstack.drills.evidence import Evidence
from localstack.drills.times import ACCEPTED_AGAIN, ADOPTION, DETECTION, RECOVERY, delayed, lanes_of, times_of
from localstack.drills.verdicts import Outcome

LANE_COLUMNS = ("acknowledged", "lost", "delayed", "in flight", "adopted", "steps done again", "rto seconds")


def as_json(evidence: Evidence, outcome: Outcome, guards: str) -> dict[str, Any]:
    """Return all that is stored of a drill."""
    return {
        "verdict": outcome.verdict.value,
        "guards": guards,
        "bounds": [asdict(each) for each in outcome.judged],
        "void_because": list(outcome.void_because),
        "times": times_of(evidence),
        "lanes": lanes_of(evidence),
        "evidence": evidence.to_json(),
    }


def render(evidence: Evidence, outcome: Outcome, guards: str) -> str:
    """Return the HTML page."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return environment.get_template("report.html.j2").render(
        where=evidence.setting,
        outcome=outcome,
        guards=guards,
        ended_at=evidence.ended_at,
        cut_short_at=evidence.cut_short_at,
        cards=_cards(evidence),
        faults=evidence.faults,
        lanes=lanes_of(evidence),
        lane_columns=LANE_COLUMNS,
        lag_ms=evidence.lag_ms,
        timeline=Markup(pictures.timeline(evidence)),
        jobs=Markup(pictures.jobs(evidence)),
        progress=Markup(pictures.progress(evidence)),
    )


def _cards(evidence: Evidence) -> list[tuple[str, str]]:
    times, known = times_of(evidence), evidence.jobs.values()
    lost = sum(row.job_id not in evidence.jobs for row in evidence.acknowledged)
    writers = evidence.two_writers
    cards = [
        (str(len(evidence.acknowledged)), "jobs acknowledged"),
        (str(lost), "lost"),
        (str(len(delayed(evidence))), "delayed"),
        (str(len(evidence.in_flight)), "in flight when it began"),
        (str(sum(job.adopted_at is not None for job in known)), "adopted"),
        (str(sum(job.done_again for job in known)), "steps done again"),
        ("?" if writers is None else str(len(writers)), "items with two writers"),
    ]
    names = (DETECTION, ACCEPTED_AGAIN, ADOPTION, RECOVERY)
    return cards + [(f"{seconds:.1f} s", name) for name in names if (seconds := times[name]) is not None]
