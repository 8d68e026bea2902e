"""The report of an audit: its verdict follows from the decisions, and its Markdown holds no markup from outside."""

from __future__ import annotations

import pytest

from functions.agents.licence_review import EvidenceLine, LicenceFinding, Risk
from functions.agents.release_report import (
    MAX_LINE_CHARACTERS,
    AuditDecision,
    AuditFinding,
    AuditReport,
    finding_of,
    report_of,
    unreviewed,
    verdict_of,
)


def review(
    distribution: str = "thing", risk: Risk = "permissive", spdx: str = "MIT", text: str = "MIT"
) -> LicenceFinding:
    return LicenceFinding(
        distribution=distribution,
        version="1.0",
        spdx=spdx,
        risk=risk,
        confidence=0.9,
        evidence=tuple(EvidenceLine(file="LICENSE", line=n, text=text) for n in range(1, 6)),
        source="declared",
        declared=spdx,
        agrees=True,
        risk_agrees=True,
    )


def decision(approved: bool | None, *, by: str | None = "Lena", comment: str = "") -> AuditDecision:
    return AuditDecision(
        spdx="MPL-2.0",
        risk="weak-copyleft",
        distributions=("certifi",),
        approved=approved,
        by=by,
        comment=comment,
        at="2026-11-21T12:00:00.000Z",
    )


def audited(*findings: AuditFinding, decisions: tuple[AuditDecision, ...] = ()) -> AuditReport:
    return report_of(findings, decisions, group="legal", begun_at="monday", ended_at="tuesday")


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ((), "approved"),
        ((True, True), "approved"),
        ((True, False), "rejected"),
        ((True, None), "undecided"),
        ((None, False), "rejected"),
    ],
)
def test_one_rejection_rejects_and_only_decisions_approve(answers: tuple[bool | None, ...], verdict: str) -> None:
    assert verdict_of([decision(answer) for answer in answers]) == verdict


def test_the_counts_add_up_and_name_every_class_of_risk() -> None:
    said = audited(
        finding_of(review()), finding_of(review("gnu", "strong-copyleft", "GPL-3.0-only")), unreviewed("x", "e")
    )
    assert said.counts == {
        "proprietary": 0,
        "strong-copyleft": 1,
        "unknown": 1,
        "weak-copyleft": 0,
        "permissive": 1,
    }
    assert (said.distributions, said.failed_reviews) == (3, 1)


def test_findings_come_with_what_needs_a_lawyer_first() -> None:
    said = audited(
        finding_of(review("b")),
        finding_of(review("A")),
        finding_of(review("z", "weak-copyleft", "MPL-2.0")),
        unreviewed("u", "e"),
    )
    assert [finding.distribution for finding in said.findings] == ["u", "z", "A", "b"]


def test_what_people_decide_by_is_kept_and_of_what_is_permissive_one_line() -> None:
    assert finding_of(review()).evidence == ("LICENSE:1: MIT",)
    assert len(finding_of(review(risk="unknown")).evidence) == 3
    (line,) = finding_of(review(text="x" * 1_000)).evidence
    assert len(line) == MAX_LINE_CHARACTERS


def test_the_markdown_tells_the_verdict_the_decisions_and_the_findings() -> None:
    findings = finding_of(review()), unreviewed("lost", "child_failed: gone")
    said = audited(*findings, decisions=(decision(False, comment="no source offer"),))
    lines = said.markdown.splitlines()
    assert lines[0] == "# Release audit: rejected"
    assert "2 distributions: 1 unknown, 1 permissive. 1 could not be reviewed." in lines
    assert (
        "| MPL-2.0 | weak-copyleft | certifi | rejected | Lena | 2026-11-21T12:00:00.000Z | no source offer |" in lines
    )
    assert "| thing | 1.0 | MIT | permissive | LICENSE:1: MIT |" in lines
    assert "| lost |  | NOASSERTION | unknown | child\\_failed: gone |" in lines


def test_a_licence_that_nobody_decided_on_says_so() -> None:
    said = audited(decisions=(decision(None, by=None),))
    assert "| not decided in time |  |" in said.markdown


def test_without_decisions_the_markdown_says_that_none_was_needed() -> None:
    assert "Nothing needed one." in audited(finding_of(review())).markdown


def test_nothing_from_outside_is_markup_or_ends_a_row() -> None:
    comment = "fine | *really*\n# Release audit: approved\n<script>alert(1)</script> [x](http://e) `c`"
    said = audited(decisions=(decision(False, comment=comment),))
    lines = said.markdown.splitlines()
    assert sum(line.startswith("#") for line in lines) == 3
    (row,) = [line for line in lines if "fine" in line]
    assert "\\<script\\>" in row
    assert "\\[x\\](http" in row
    assert row.replace("\\|", "").count("|") == 8
