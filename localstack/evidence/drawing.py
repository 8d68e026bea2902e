"""How a story is drawn as SVG: its seconds as a line from left to right, a job's life as bars, moments as marks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from localstack.evidence.stretches import Stretch

WIDTH: Final = 1000
MARGIN: Final = 46


class Scale:
    """From seconds of a story to places on a line."""

    def __init__(self, end: float) -> None:
        self._end = max(end, 1.0)

    def x(self, at: float) -> float:
        """Where a moment lies."""
        return MARGIN + (WIDTH - 2 * MARGIN) * min(max(at, 0.0), self._end) / self._end

    def axis(self, height: int) -> list[str]:
        """Draw a line each ten or thirty seconds, each minute in a story of more than eight."""
        step = 10 if self._end <= 150 else 30 if self._end <= 480 else 60
        drawn = []
        for at in range(0, int(self._end) + 1, step):
            x = self.x(at)
            drawn.append(f'<line class="grid" x1="{x:.1f}" y1="18" x2="{x:.1f}" y2="{height - 22}"/>')
            drawn.append(f'<text x="{x:.1f}" y="{height - 7}" text-anchor="middle">{at} s</text>')
        return drawn


def bars(
    stretches: Iterable[Stretch], scale: Scale, classes: Mapping[str, str], *, y: int, height: int
) -> Iterator[str]:
    """Draw a job's life. `classes` are the Regions' style classes."""
    for part in stretches:
        x, width = scale.x(part.begins), max(scale.x(part.ends) - scale.x(part.begins), 1)
        kind = f"{classes[part.region]} {part.phase}"
        yield f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{height}"/>'


def curve(values: Iterable[tuple[float, float]], scale: Scale, colour: str, *, bottom: float, per_unit: float) -> str:
    """Draw a line through numbers over time, `per_unit` high for each unit."""
    points = " ".join(f"{scale.x(at):.1f},{bottom - per_unit * value:.1f}" for at, value in values)
    return f'<polyline class="curve" style="stroke:var({colour})" points="{points}"/>'


def svg(height: int, parts: Iterable[str]) -> str:
    """Return a whole picture."""
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{"".join(parts)}</svg>'
