"""The pictures of a drill's report, drawn as SVG: what happened when, each job's life, and how far the work was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from markupsafe import escape

from localstack.drills.evidence import Evidence
from localstack.drills.times import (
    ACCEPTED_AGAIN,
    ADOPTION,
    ALIKE_AGAIN,
    DETECTION,
    FAILBACK,
    NAME_MOVED,
    RECOVERY,
    times_of,
)
from localstack.evidence.drawing import MARGIN, WIDTH, Scale, bars, curve, svg

ROW: Final = 6
LINE: Final = 19
FAULT: Final = 20
#: What is drawn at each time, and whether it counts from the undoing of the last fault.
_MOMENTS = {
    DETECTION: False,
    NAME_MOVED: False,
    ACCEPTED_AGAIN: False,
    ADOPTION: False,
    RECOVERY: False,
    FAILBACK: True,
    ALIKE_AGAIN: True,
}


def timeline(evidence: Evidence) -> str:
    """Draw the faults as bars, and each measured moment as a flag on a line of its own."""
    scale, moments = Scale(evidence.ended_at), _moments(evidence)
    height = 30 + FAULT * len(evidence.faults) + LINE * len(moments) + 40
    drawn = scale.axis(height)
    for row, fault in enumerate(evidence.faults):
        y, x = 24 + row * FAULT, scale.x(fault.begun_at)
        width = max(scale.x(fault.undone_at) - x, 2)
        drawn.append(f'<rect class="fault" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{FAULT - 4}" rx="3"/>')
        drawn.append(_label(scale, fault.begun_at, y + 12, fault.told, "on-fault"))
    top = 36 + FAULT * len(evidence.faults)
    for row, (name, at, seconds) in enumerate(moments):
        y, x = top + row * LINE, scale.x(at)
        drawn.append(f'<line class="moment" x1="{x:.1f}" y1="{y - 9}" x2="{x:.1f}" y2="{y + 5}"/>')
        drawn.append(_label(scale, at, y + 2, f"{name}: {seconds:.1f} s", "name"))
    return svg(height, drawn)


def _moments(evidence: Evidence) -> list[tuple[str, float, float]]:
    """Name, moment and seconds of each time that was measured, in the order of the moments."""
    found = []
    for name, seconds in times_of(evidence).items():
        if seconds is not None:
            start = evidence.undone_at if _MOMENTS[name] else evidence.begun_at
            found.append((name, start + seconds, seconds))
    return sorted(found, key=lambda row: row[1])


def _label(scale: Scale, at: float, y: float, text: str, kind: str) -> str:
    """A text to the right of a moment, or to its left near the right edge."""
    left = scale.x(at) > WIDTH * 0.6
    x, anchor = (scale.x(at) - 5, "end") if left else (scale.x(at) + 5, "start")
    return f'<text class="{kind}" x="{x:.1f}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'


def jobs(evidence: Evidence) -> str:
    """Draw each acknowledged job's life as one line, from its acknowledgement on."""
    height = ROW * len(evidence.acknowledged) + 44
    scale = Scale(evidence.ended_at)
    classes = dict(zip(evidence.setting.regions, ("first", "second"), strict=True))
    drawn = [*_faulty(evidence, scale, height), *scale.axis(height)]
    for row, job in enumerate(evidence.acknowledged):
        seen = evidence.jobs.get(job.job_id)
        y = 20 + row * ROW
        drawn += bars(seen.stretches if seen else (), scale, classes, y=y, height=ROW - 1)
        if seen is not None and seen.finished_at is not None:
            drawn.append(f'<circle class="end" cx="{scale.x(seen.finished_at):.1f}" cy="{y + 2.5}" r="2.2"/>')
    return svg(height, drawn)


def progress(evidence: Evidence) -> str:
    """Draw how many jobs were acknowledged and finished, and how many changes were on their way, over time."""
    height, scale = 200, Scale(evidence.ended_at)
    most = max([sample.acknowledged for sample in evidence.samples], default=1) or 1
    behind = [(sample.at, float(sum(sample.behind.values()))) for sample in evidence.samples]
    deepest = max([count for _, count in behind], default=1.0) or 1.0
    bottom, room = height - 24, height - 50
    legend = f"{most} jobs · grey: acknowledged, green: finished, orange: changes on their way, {deepest:.0f} at most"
    counts = {"bottom": float(bottom), "per_unit": room / most}
    drawn = [
        *_faulty(evidence, scale, height),
        *scale.axis(height),
        curve(behind, scale, "--behind", bottom=bottom, per_unit=room / deepest / 3),
        curve(((each.at, each.acknowledged) for each in evidence.samples), scale, "--dim", **counts),
        curve(((each.at, each.finished) for each in evidence.samples), scale, "--good", **counts),
        f'<text x="{MARGIN}" y="14">{legend}</text>',
    ]
    return svg(height, drawn)


def _faulty(evidence: Evidence, scale: Scale, height: int) -> Iterator[str]:
    """The time in which something was broken, as a shade."""
    if evidence.faults:
        x, end = scale.x(evidence.begun_at), scale.x(evidence.undone_at)
        yield f'<rect class="faulty" x="{x:.1f}" y="18" width="{max(end - x, 1):.1f}" height="{height - 40}"/>'
