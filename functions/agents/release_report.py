"""What a release audit reports: its findings, the decisions of people, the verdict; as typed values and as Markdown.

A file of its own because it is pure: what is reported follows from findings and decisions alone.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from functions.agents.licence_review import NO_ASSERTION, LicenceFinding, Risk

Verdict = Literal["approved", "rejected", "undecided"]

#: What needs a lawyer first.
RISKS: Final[tuple[Risk, ...]] = ("proprietary", "strong-copyleft", "unknown", "weak-copyleft", "permissive")
PERMISSIVE: Final = "permissive"
#: The one line that shows what is permissive, and the lines that people decide by. The reviews' own jobs have them all.
PERMISSIVE_LINES: Final = 1
TELLING_LINES: Final = 3
MAX_LINE_CHARACTERS: Final = 160
MAX_ERROR_CHARACTERS: Final = 300
_DECISION_COLUMNS: Final = ("licence", "risk", "distributions", "decision", "by", "at", "comment")
_FINDING_COLUMNS: Final = ("distribution", "version", "licence", "risk", "shown by")
_ESCAPED: Final = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>|#"})


class AuditFinding(BaseModel):
    """What is known of one distribution. With an `error` its review failed, and nothing is known but that."""

    model_config = ConfigDict(frozen=True)
    distribution: str
    version: str | None
    spdx: str
    risk: Risk
    confidence: float | None
    declared: str | None
    evidence: tuple[str, ...]
    """`file:line: text`."""
    error: str | None = None


class AuditDecision(BaseModel):
    """What people decided about one licence. `approved` and `by` are null when nobody decided in time.

    `by` is "nobody" when the answer given for that case holds.
    """

    model_config = ConfigDict(frozen=True)
    spdx: str
    risk: Risk
    distributions: tuple[str, ...]
    approved: bool | None
    by: str | None
    comment: str
    at: str | None


class AuditReport(BaseModel):
    """The result of an audit."""

    model_config = ConfigDict(frozen=True)
    verdict: Verdict
    group: str
    begun_at: str
    ended_at: str
    distributions: int
    failed_reviews: int
    counts: dict[Risk, int]
    findings: tuple[AuditFinding, ...]
    decisions: tuple[AuditDecision, ...]
    markdown: str


def finding_of(review: LicenceFinding) -> AuditFinding:
    """Return what the audit keeps of a review."""
    most = PERMISSIVE_LINES if review.risk == PERMISSIVE else TELLING_LINES
    lines = (f"{line.file}:{line.line}: {line.text}" for line in review.evidence[:most])
    return AuditFinding(
        distribution=review.distribution,
        version=review.version,
        spdx=review.spdx,
        risk=review.risk,
        confidence=review.confidence,
        declared=review.declared,
        evidence=tuple(line[:MAX_LINE_CHARACTERS] for line in lines),
    )


def unreviewed(distribution: str, error: str) -> AuditFinding:
    """Return the finding of a review that failed."""
    return AuditFinding(
        distribution=distribution,
        version=None,
        spdx=NO_ASSERTION,
        risk="unknown",
        confidence=None,
        declared=None,
        evidence=(),
        error=error[:MAX_ERROR_CHARACTERS],
    )


def verdict_of(decisions: Iterable[AuditDecision]) -> Verdict:
    """Return "rejected" as soon as one licence is, "approved" only if all are."""
    answers = {decision.approved for decision in decisions}
    if False in answers:
        return "rejected"
    return "undecided" if None in answers else "approved"


def report_of(
    findings: Sequence[AuditFinding], decisions: Sequence[AuditDecision], *, group: str, begun_at: str, ended_at: str
) -> AuditReport:
    """Return the report, what needs a lawyer first."""
    ordered = sorted(findings, key=lambda each: (RISKS.index(each.risk), each.distribution.lower()))
    report = AuditReport(
        verdict=verdict_of(decisions),
        group=group,
        begun_at=begun_at,
        ended_at=ended_at,
        distributions=len(ordered),
        failed_reviews=sum(finding.error is not None for finding in ordered),
        counts={risk: sum(finding.risk == risk for finding in ordered) for risk in RISKS},
        findings=tuple(ordered),
        decisions=tuple(decisions),
        markdown="",
    )
    return report.model_copy(update={"markdown": markdown_of(report)})


def markdown_of(report: AuditReport) -> str:
    """Return the report as Markdown. Names, files and comments in it are text, whatever they contain."""
    counts = ", ".join(f"{report.counts[risk]} {risk}" for risk in RISKS if report.counts[risk])
    parts = [
        f"# Release audit: {report.verdict}",
        "",
        f"{report.distributions} distributions: {counts}. {report.failed_reviews} could not be reviewed.",
        f"From {report.begun_at} to {report.ended_at}.",
        "",
        f"## Decisions of {_text(report.group)}",
        "",
    ]
    if report.decisions:
        parts += _table(_DECISION_COLUMNS, map(_decision_row, report.decisions))
    else:
        parts.append("Nothing needed one.")
    parts += ["", "## Findings", "", *_table(_FINDING_COLUMNS, map(_finding_row, report.findings))]
    return "\n".join(parts) + "\n"


def _decision_row(decision: AuditDecision) -> Sequence[str]:
    words = {True: "approved", False: "rejected", None: "not decided in time"}
    names = ", ".join(decision.distributions)
    answer = words[decision.approved]
    return decision.spdx, decision.risk, names, answer, decision.by or "", decision.at or "", decision.comment


def _finding_row(finding: AuditFinding) -> Sequence[str]:
    shown = finding.error or next(iter(finding.evidence), "")
    return finding.distribution, finding.version or "", finding.spdx, finding.risk, shown


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    body = [f"| {' | '.join(map(_text, row))} |" for row in rows]
    return [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}", *body]


def _text(value: str) -> str:
    return " ".join(value.split()).translate(_ESCAPED)
