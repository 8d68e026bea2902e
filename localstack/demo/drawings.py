"""The pictures of the demo's report, drawn as SVG: jobs over time, each job's life, each audit with its reviews."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from markupsafe import escape

from localstack.demo.observations import AuditSeen, Loss, Observations, Stretch

WIDTH: Final = 1000
MARGIN: Final = 46
ROW: Final = 6
#: The height of an audit's own bar, and of the line of text above it.
BAR: Final = 12
TITLE: Final = 24


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
    names = _classes(seen)
    for row, job in enumerate(seen.accepted):
        outcome = seen.outcomes.get(job.job_id)
        drawn += _bars(outcome.stretches if outcome else (), scale, names, y=20 + row * ROW, height=ROW - 1)
    return _svg(height, [*drawn, *_marks(seen.loss, scale, height)])


def audits(seen: Observations) -> str:
    """Draw each audit as a bar, its reviews as lines under it, and people's decisions as marks on it."""
    scale, names = _Scale(seen), _classes(seen)
    heights = [TITLE + BAR + 4 + ROW * len(audit.reviews) for audit in seen.audits]
    height = sum(heights) + 50
    drawn = scale.axis(height)
    top = 30
    for audit, its_height in zip(seen.audits, heights, strict=True):
        drawn += _audit(audit, scale, names, top)
        top += its_height
    return _svg(height, [*drawn, *_marks(seen.loss, scale, height)])


def _audit(audit: AuditSeen, scale: _Scale, names: dict[str, str], top: int) -> Iterator[str]:
    bar = top + TITLE - 4
    yield f'<text x="{scale.x(audit.at):.1f}" y="{top + TITLE - 9}">audit of the {escape(audit.name)}</text>'
    if audit.outcome is not None:
        yield from _bars(audit.outcome.stretches, scale, names, y=bar, height=BAR)
    for decision in audit.decisions:
        x, kind = scale.x(decision.at), "yes" if decision.approved else "no"
        yield f'<circle class="{kind}" cx="{x:.1f}" cy="{bar + BAR / 2:g}" r="5"/>'
    for row, review in enumerate(audit.reviews):
        yield from _bars(review.stretches, scale, names, y=bar + BAR + 4 + row * ROW, height=ROW - 1)


def _bars(stretches: Iterable[Stretch], scale: _Scale, names: dict[str, str], *, y: int, height: int) -> Iterator[str]:
    for part in stretches:
        x, width = scale.x(part.begins), max(scale.x(part.ends) - scale.x(part.begins), 1)
        kind = f"{names[part.region]} {part.phase}"
        yield f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{height}"/>'


def _classes(seen: Observations) -> dict[str, str]:
    return dict(zip(seen.surroundings.regions, ("first", "second"), strict=True))


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
