"""The demo's figures and promises: each promise is broken by what it speaks of, and by nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from localstack.demo import report
from localstack.demo.figures import figures_of, findings_in, promises_of
from localstack.demo.observations import (
    Accepted,
    AuditSeen,
    Decision,
    Loss,
    Observations,
    Outcome,
    Refusal,
    ReviewSeen,
    Sample,
    Surroundings,
)
from localstack.evidence.replicas import Comparison
from localstack.evidence.stretches import Stretch

FIRST, SECOND = "us-east-1", "us-west-2"
FINDING = {
    "distribution": "attrs",
    "version": "1.0",
    "spdx": "MIT",
    "risk": "permissive",
    "confidence": 0.9,
    "declared": "MIT",
    "agrees": True,
    "risk_agrees": True,
    "evidence": [{"file": "LICENSE", "line": 1, "text": "<b>MIT</b>"}],
}


def accepted(number: int, at: float, region: str) -> Accepted:
    return Accepted(
        job_id=f"job_{number}", distribution=f"d{number}", at=at, home_region=region, durability="both", hidden=True
    )


def outcome(**changes: Any) -> Outcome:
    usual = Outcome(
        status="succeeded",
        owner_region=SECOND,
        epoch=1,
        attempts=1,
        finished_at=30.0,
        adopted_at=None,
        results=1,
        result=FINDING,
        stretches=(Stretch(region=SECOND, phase="working", begins=1.0, ends=2.0),),
    )
    return replace(usual, **changes)


def review(**changes: Any) -> ReviewSeen:
    usual = ReviewSeen(
        job_id="job_r",
        distribution="certifi",
        status="succeeded",
        owner_region=SECOND,
        adopted_at=25.0,
        ends=1,
        stretches=(Stretch(region=FIRST, phase="working", begins=3.0, ends=10.0),),
    )
    return replace(usual, **changes)


def audit_report(**decision: Any) -> dict[str, Any]:
    row = {
        "spdx": "MPL-2.0",
        "distributions": ["certifi"],
        "approved": True,
        "by": "Lena (legal)",
        "comment": "<i>ok</i>",
    }
    return {"verdict": "approved", "decisions": [row | decision], "markdown": "# Release audit: approved"}


@pytest.fixture
def audit() -> AuditSeen:
    """An audit whose question was open at the kill, decided in the survivor while its owner was lost."""
    return AuditSeen(
        name="runtime",
        job_id="job_a",
        distributions=("certifi",),
        at=0.5,
        home_region=FIRST,
        questions_at_kill=1,
        reviews_at_kill=("job_r",),
        decisions=[
            Decision(
                approval="apr_1",
                question="May it?",
                spdx="MPL-2.0",
                distributions=("certifi",),
                by="Lena (legal)",
                approved=True,
                comment="<i>ok</i>",
                at=12.0,
                region=SECOND,
                owner_then=FIRST,
                settled=False,
            )
        ],
        refusals=[Refusal(by="Max", status=409, code="already_decided", detail="Lena (legal) approved it", at=12.1)],
        reviews=(review(),),
        outcome=outcome(result=audit_report()),
    )


@pytest.fixture
def seen(audit: AuditSeen) -> Observations:
    """A run in which all went well: job 1 and the audit were adopted, job 2 was submitted after the loss."""
    surroundings = Surroundings(
        regions=(FIRST, SECOND), failover_name="api", begun="", python="3", cores=2, model="m", up_seconds=20.0
    )
    return Observations(
        surroundings=surroundings,
        distributions=2,
        accepted=[accepted(1, 1.0, FIRST), accepted(2, 14.0, SECOND)],
        audits=[audit],
        loss=Loss(region=FIRST, survivor=SECOND, killed_at=10.0, in_flight=("job_1",), returned_at=50.0, alike_at=51.0),
        outcomes={"job_1": outcome(adopted_at=25.0, epoch=2), "job_2": outcome(finished_at=20.0)},
        comparison=Comparison(items=(4, 4), jobs=2, two_writers=(), folds_differ=()),
        link_conflicts=(),
        samples=[Sample(at=5.0, acknowledged=1, finished=0, busy={FIRST: 1}, answering=FIRST)],
        ended_at=60.0,
    )


def broken(seen: Observations) -> list[str]:
    return [promise.text for promise in promises_of(seen) if not promise.kept]


def test_a_run_in_which_all_went_well_keeps_every_promise(seen: Observations) -> None:
    assert broken(seen) == []
    said = figures_of(seen)
    assert (said.acknowledged, said.finished, said.lost, said.adopted) == (2, 2, 0, 1)
    assert (said.accepted_again_seconds, said.adopted_finished_seconds) == (4.0, 20.0)
    assert (said.returned_seconds, said.alike_seconds) == (40.0, 1.0)


def test_a_job_that_nobody_knows_any_more_is_lost(seen: Observations) -> None:
    del seen.outcomes["job_1"]
    assert "No acknowledged job was lost" in broken(seen)


def test_a_job_that_is_still_running_breaks_only_the_promise_to_finish(seen: Observations) -> None:
    seen.outcomes["job_2"] = outcome(status="running", finished_at=None, results=0, result=None)
    assert broken(seen) == ["Every acknowledged job finished"]


def test_a_failed_review_is_told(seen: Observations) -> None:
    seen.outcomes["job_2"] = outcome(status="failed", result=None)
    assert broken(seen) == ["No review failed"]


def test_a_second_result_is_told(seen: Observations) -> None:
    seen.outcomes["job_2"] = outcome(results=2)
    assert broken(seen) == ["Every job has one result"]


def test_a_loss_with_nothing_in_flight_proves_nothing(seen: Observations) -> None:
    assert seen.loss is not None
    seen.loss = replace(seen.loss, in_flight=())
    assert broken(seen) == ["A Region was lost with jobs in flight"]


def test_a_submit_that_was_never_accepted_is_told(seen: Observations) -> None:
    seen.never_accepted["d3"] = "refused"
    assert broken(seen) == ["Every submit was acknowledged in the end"]


def test_an_audit_that_did_not_end_breaks_only_the_promise_that_it_does(seen: Observations, audit: AuditSeen) -> None:
    audit.outcome = outcome(status="waiting", result=None, results=0)
    assert broken(seen) == ["Every release audit ended with the decisions of people"]
    audit.outcome = None
    assert broken(seen) == ["Every release audit ended with the decisions of people"]


def test_a_question_that_nobody_decided_is_told(seen: Observations, audit: AuditSeen) -> None:
    audit.outcome = outcome(result=audit_report(approved=None, by=None))
    assert broken(seen) == ["Every release audit ended with the decisions of people"]


def test_an_audit_with_nothing_to_decide_proves_nothing(seen: Observations, audit: AuditSeen) -> None:
    audit.outcome = outcome(result=audit_report() | {"decisions": []})
    assert broken(seen) == ["Every release audit ended with the decisions of people"]


def test_a_demo_without_audits_proves_nothing_about_them(seen: Observations) -> None:
    seen.audits.clear()
    assert "Every release audit ended with the decisions of people" in broken(seen)


@pytest.mark.parametrize("changes", [{"questions_at_kill": 0}, {"reviews_at_kill": ()}])
def test_a_loss_while_no_question_or_no_review_of_an_audit_is_open_proves_nothing(
    seen: Observations, audit: AuditSeen, changes: dict[str, Any]
) -> None:
    seen.audits[0] = replace(audit, **changes)
    assert broken(seen) == ["An audit's question and another's reviews were open at the kill"]


@pytest.mark.parametrize("reviews", [(review(ends=2),), (), (review(), review())])
def test_a_review_that_ended_twice_or_is_missing_or_one_too_many_is_told(
    seen: Observations, audit: AuditSeen, reviews: tuple[ReviewSeen, ...]
) -> None:
    audit.reviews = reviews
    assert broken(seen) == ["Every review of an audit ended once in the histories"]


@pytest.mark.parametrize("changes", [{"status": 200}, {"detail": "somebody approved it"}])
def test_a_second_decision_that_was_taken_or_refused_without_a_name_is_told(
    seen: Observations, audit: AuditSeen, changes: dict[str, Any]
) -> None:
    audit.refusals[0] = replace(audit.refusals[0], **changes)
    assert broken(seen) == ["A second decision was refused, by the name of the first"]


@pytest.mark.parametrize("witness", ["link", "replicas"])
def test_an_item_with_two_writers_is_told_whoever_saw_it(seen: Observations, witness: str) -> None:
    if witness == "link":
        seen.link_conflicts = ("JOB#1|HEAD",)
    else:
        seen.comparison = Comparison(items=(4, 4), jobs=2, two_writers=("JOB#1|HEAD",), folds_differ=())
    assert broken(seen) == ["No item had two writers"]


def test_what_could_not_be_looked_at_is_not_taken_for_good(seen: Observations) -> None:
    seen.comparison = None
    assert broken(seen) == ["No item had two writers", "Both Regions tell the same of every job"]


def test_regions_that_tell_different_things_are_told(seen: Observations) -> None:
    seen.comparison = Comparison(items=(4, 4), jobs=2, two_writers=(), folds_differ=("job_1",))
    assert broken(seen) == ["Both Regions tell the same of every job"]


def test_the_page_holds_the_verdict_the_pictures_and_the_findings_and_no_markup_from_outside(
    seen: Observations,
) -> None:
    page = report.render(seen)
    assert "nothing that was acknowledged was lost" in page
    assert page.count("<svg") == 3
    assert "audit of the runtime" in page
    assert "&lt;i&gt;ok&lt;/i&gt;" in page
    assert "<i>ok</i>" not in page
    assert "409 already_decided: Lena (legal) approved it" in page
    assert "&lt;b&gt;MIT&lt;/b&gt;" in page
    assert "<b>MIT</b>" not in page
    assert [finding.package for finding in findings_in(seen)] == ["attrs", "attrs"]


def test_the_summary_names_the_decider_the_verdict_and_the_adopted_reviews(seen: Observations) -> None:
    console = Console(width=140, record=True, file=StringIO())
    console.print(report.summary(seen))
    text = console.export_text()
    assert "approved by Lena (legal): <i>ok</i>" in text
    assert "Findings: 2 permissive" in text
    assert "1 reviews, 1 of them adopted by the survivor, 0 ended twice" in text


def test_a_review_whose_end_was_lost_within_the_replication_lag_is_told_and_breaks_nothing(
    seen: Observations, audit: AuditSeen
) -> None:
    audit.ended_at_kill = ("job_r", "job_of_another")
    assert figures_of(seen).audit_reviews_ended_again == 1
    assert "1 once more as their end was lost with the Region" in report.audit_line(audit)
    assert broken(seen) == []


def test_the_page_says_so_when_a_promise_was_broken(seen: Observations) -> None:
    seen.outcomes.clear()
    for audit in seen.audits:
        audit.outcome = None
    page = report.render(seen)
    assert "A promise was broken" in page
    assert "The runtime: no verdict" in page


def test_observations_read_back_as_they_were_written(seen: Observations) -> None:
    assert Observations.from_json(json.loads(json.dumps(seen.to_json()))) == seen
