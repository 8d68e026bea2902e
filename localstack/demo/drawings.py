"""The pictures of the demo's report, drawn as SVG: jobs over time, each job's life, each audit with its reviews."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from markupsafe import escape

from localstack.demo.observations import AuditSeen, Loss, Observations
from localstack.evidence.drawing import MARGIN, Scale, bars, curve, svg

ROW: Final = 6
#: The height of an audit's own bar, and of the line of text above it.
BAR: Final = 12
TITLE: Final = 24


def progress(seen: Observations) -> str:
    """Draw how many jobs were acknowledged and finished over time."""
    height = 220
    most = max([sample.acknowledged for sample in seen.samples], default=1) or 1
    scale = Scale(seen.ended_at)

    sizes = {"bottom": height - 24, "per_unit": (height - 44) / most}

    drawn = [
        *scale.axis(height),
        curve(((each.at, each.acknowledged) for each in seen.samples), scale, "--dim", **sizes),
        curve(((each.at, each.finished) for each in seen.samples), scale, "--good", **sizes),
        f'<text x="{MARGIN}" y="14">{most} jobs · grey: acknowledged, green: finished</text>',
        *_marks(seen.loss, scale, height),
    ]
    return svg(height, drawn)


def timeline(seen: Observations) -> str:
    """Draw each job's life as one line."""
    height = ROW * len(seen.accepted) + 44
    scale = Scale(seen.ended_at)
    drawn = scale.axis(height)
    names = _classes(seen)
    for row, job in enumerate(seen.accepted):
        outcome = seen.outcomes.get(job.job_id)
        drawn += bars(outcome.stretches if outcome else (), scale, names, y=20 + row * ROW, height=ROW - 1)
    return svg(height, [*drawn, *_marks(seen.loss, scale, height)])


def audits(seen: Observations) -> str:
    """Draw each audit as a bar, its reviews as lines under it, and people's decisions as marks on it."""
    scale, names = Scale(seen.ended_at), _classes(seen)
    heights = [TITLE + BAR + 4 + ROW * len(audit.reviews) for audit in seen.audits]
    height = sum(heights) + 50
    drawn = scale.axis(height)
    top = 30
    for audit, its_height in zip(seen.audits, heights, strict=True):
        drawn += _audit(audit, scale, names, top)
        top += its_height
    return svg(height, [*drawn, *_marks(seen.loss, scale, height)])


def _audit(audit: AuditSeen, scale: Scale, names: dict[str, str], top: int) -> Iterator[str]:
    bar = top + TITLE - 4
    yield f'<text x="{scale.x(audit.at):.1f}" y="{top + TITLE - 9}">audit of the {escape(audit.name)}</text>'
    if audit.outcome is not None:
        yield from bars(audit.outcome.stretches, scale, names, y=bar, height=BAR)
    for decision in audit.decisions:
        x, kind = scale.x(decision.at), "yes" if decision.approved else "no"
        yield f'<circle class="{kind}" cx="{x:.1f}" cy="{bar + BAR / 2:g}" r="5"/>'
    for row, review in enumerate(audit.reviews):
        yield from bars(review.stretches, scale, names, y=bar + BAR + 4 + row * ROW, height=ROW - 1)


def _classes(seen: Observations) -> dict[str, str]:
    return dict(zip(seen.surroundings.regions, ("first", "second"), strict=True))


def _marks(loss: Loss | None, scale: Scale, height: int) -> list[str]:
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
