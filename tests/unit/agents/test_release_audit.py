"""A release audit on the real runtime, in virtual time: child jobs review, people decide, a Region may be lost."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import pytest

from functions.agents.licence_review import EvidenceLine, LicenceFinding, LicenceRequest, Risk, licence_review
from functions.agents.release_audit import (
    MAX_SHOWN,
    LicenceGroup,
    group_by_licence,
    list_distributions,
    once_each,
    question_about,
    release_audit,
)
from functions.agents.release_report import AuditFinding, AuditReport, finding_of, unreviewed
from functions.domain.errors import AntipodeError
from functions.domain.job.events import AttemptStarted, JobSucceeded, Json, ProgressReported, StepSucceeded, WaitOpened
from functions.domain.job.state import JobState
from functions.sdk import Context, agent
from functions.sdk.testing import Decision, crash_everywhere
from localstack.model.accuracy import RuleModel
from tests.in_depth import every
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.agents.running_regions import Running, children, open_questions, running
from tests.unit.application.two_regions import JOB, Region

#: What the stand-in for `licence-review` finds; it fails on what is missing here.
LICENCES: dict[str, tuple[str, Risk]] = {
    "attrs": ("MIT", "permissive"),
    "certifi": ("MPL-2.0", "weak-copyleft"),
    "idna": ("BSD-3-Clause", "permissive"),
    "pathspec": ("MPL-2.0", "weak-copyleft"),
    "mixed-one": ("MIT AND MPL-2.0", "weak-copyleft"),
    "mixed-two": ("MPL-2.0 AND MIT", "weak-copyleft"),
    "readline": ("GPL-3.0-only", "strong-copyleft"),
    "riddle": ("NOASSERTION", "unknown"),
}
SECONDS = 3.0
LENA = "Lena (legal)"


async def think(distribution: str) -> str:
    """Take about as long as a model does, no two names equally long."""
    await pass_time(SECONDS + 0.7 * sum(map(ord, distribution)) % 3)
    return distribution


@agent("licence-review", version="1")
async def reviewer(ctx: Context, request: LicenceRequest) -> LicenceFinding:
    """Finds what the table above says."""
    name = await ctx.tool(think, request.distribution)
    if name not in LICENCES:
        raise AntipodeError("distribution_not_found", f"no distribution named {name!r} is installed")
    return found(name)


def found(name: str, lines: int = 5) -> LicenceFinding:
    spdx, risk = LICENCES[name]
    return LicenceFinding(
        distribution=name,
        version="1.0",
        spdx=spdx,
        risk=risk,
        confidence=0.9,
        evidence=tuple(EvidenceLine(file="LICENSE", line=n, text=f"line {n}") for n in range(1, lines + 1)),
        source="model",
        declared=None,
        agrees=None,
        risk_agrees=None,
    )


def asked(*names: str, **changes: Any) -> dict[str, Any]:
    return {"distributions": list(names), **changes}


def report(region: Region) -> AuditReport:
    state = region.state(JOB)
    assert state.status == "succeeded", state.error
    return AuditReport.model_validate(state.result)


def about(question: WaitOpened) -> dict[str, Any]:
    asked_of = question.about or {}
    assert asked_of["group"] == "legal"
    body = asked_of["question"]
    assert isinstance(body, dict)
    return body


async def settled(both: Running, region: Region, *, approving: str = "weak-copyleft") -> AuditReport:
    """Have Lena decide whatever is asked, and wait for the end."""
    for question in open_questions(region):
        approved = about(question)["risk"] == approving
        await both.decide(region, question, approved=approved, by=LENA, comment="read it")
    await both.finished(region)
    return report(region)


@in_virtual_time
async def test_what_is_all_permissive_is_approved_and_nobody_is_asked() -> None:
    async with running(release_audit, reviewer) as both:
        await both.audit(asked("idna", "attrs"))
        await both.finished(both.east)
        said = report(both.east)
    assert (said.verdict, said.decisions, said.distributions) == ("approved", (), 2)
    assert [finding.distribution for finding in said.findings] == ["attrs", "idna"]
    assert said.counts["permissive"] == 2


@in_virtual_time
async def test_people_are_asked_once_for_each_licence_with_the_evidence() -> None:
    async with running(release_audit, reviewer) as both:
        await both.audit(asked("attrs", "certifi", "pathspec", "readline"))
        strong, weak = await both.questions(both.east, 2)
        assert about(strong)["question"] == ("May this distribution under GPL-3.0-only (strong-copyleft) be released?")
        assert (about(weak)["spdx"], about(weak)["risk"]) == ("MPL-2.0", "weak-copyleft")
        shown = about(weak)["distributions"]
        assert [each["distribution"] for each in shown] == ["certifi", "pathspec"]
        assert shown[0]["evidence"] == ["LICENSE:1: line 1", "LICENSE:2: line 2", "LICENSE:3: line 3"]
        said = await settled(both, both.east)
    assert said.verdict == "rejected"
    assert [(each.spdx, each.approved, each.by, each.comment) for each in said.decisions] == [
        ("GPL-3.0-only", False, LENA, "read it"),
        ("MPL-2.0", True, LENA, "read it"),
    ]
    assert all(each.at is not None for each in said.decisions)
    assert LENA in said.markdown


@in_virtual_time
async def test_an_audit_whose_every_licence_is_approved_is_approved() -> None:
    async with running(release_audit, reviewer) as both:
        await both.audit(asked("certifi"))
        await both.questions(both.east, 1)
        assert (await settled(both, both.east)).verdict == "approved"


@in_virtual_time
async def test_expressions_that_mean_the_same_are_one_question() -> None:
    async with running(release_audit, reviewer) as both:
        await both.audit(asked("mixed-one", "mixed-two"))
        (question,) = await both.questions(both.east, 1)
    assert [each["distribution"] for each in about(question)["distributions"]] == ["mixed-one", "mixed-two"]


@in_virtual_time
async def test_a_failed_review_is_a_finding_and_a_question_of_its_own() -> None:
    async with running(release_audit, reviewer) as both:
        await both.audit(asked("attrs", "not-there", "riddle"))
        riddle, missing = await both.questions(both.east, 2)
        assert about(riddle)["distributions"][0]["distribution"] == "riddle"
        assert "could not be reviewed" in about(missing)["question"]
        assert "distribution_not_found" in about(missing)["distributions"][0]["error"]
        said = await settled(both, both.east)
    assert (said.verdict, said.failed_reviews, said.counts["unknown"]) == ("rejected", 1, 2)
    failed = next(each for each in said.findings if each.error is not None)
    assert (failed.distribution, failed.spdx, failed.risk) == ("not-there", "NOASSERTION", "unknown")
    assert failed.error == (
        "child_failed: the job of 'licence-review' failed: distribution_not_found: "
        "no distribution named 'not-there' is installed"
    )


@in_virtual_time
async def test_while_people_think_no_worker_has_the_job() -> None:
    async with running(release_audit, reviewer) as both:
        await both.audit(asked("certifi"))
        await both.questions(both.east, 1)
        before = both.east.state(JOB)
        await pass_time(3_600)
        after = both.east.state(JOB)
    assert after.status == "waiting"
    assert _attempts(after) == _attempts(before)


def _attempts(state: JobState) -> int:
    return sum(isinstance(item.event, AttemptStarted) for item in state.history)


@pytest.mark.parametrize(("otherwise", "verdict", "by"), [(None, "undecided", None), ("reject", "rejected", "nobody")])
def test_without_a_decision_in_time_the_verdict_is_what_was_asked_for(
    otherwise: str | None, verdict: str, by: str | None
) -> None:
    @in_virtual_time
    async def audit() -> AuditReport:
        async with running(release_audit, reviewer) as both:
            await both.audit(asked("certifi", otherwise=otherwise, decide_within_seconds=600))
            await both.finished(both.east)
            return report(both.east)

    said = audit()
    assert said.verdict == verdict
    assert [each.by for each in said.decisions] == [by]


@in_virtual_time
async def test_no_more_reviews_run_at_once_than_asked_for() -> None:
    most = 0
    async with running(release_audit, reviewer) as both:
        await both.audit(asked("attrs", "idna", "certifi", "pathspec", "readline", concurrency=2))
        while not open_questions(both.east):
            most = max(most, sum(not child.finished for child in children(both.east)))
            await pass_time(0.5)
        assert len(children(both.east)) == 5
    assert most == 2


@in_virtual_time
async def test_progress_is_told_after_each_review_and_each_decision() -> None:
    async with running(release_audit, reviewer) as both:
        await both.audit(asked("attrs", "certifi"))
        await both.questions(both.east, 1)
        assert both.east.state(JOB).progress == {"phase": "review", "done": 2, "of": 2}
        await settled(both, both.east)
        notes = [each.event.note for each in both.east.state(JOB).history if isinstance(each.event, ProgressReported)]
    assert notes == [
        {"phase": "review", "done": 1, "of": 2},
        {"phase": "review", "done": 2, "of": 2},
        {"phase": "decision", "done": 1, "of": 1},
    ]


def test_wherever_a_worker_dies_the_audit_ends_alike() -> None:
    def told(result: Json) -> object:
        """A report's moments differ from run to run; a review's result has none."""
        if not isinstance(result, dict) or "verdict" not in result:
            return result
        said = AuditReport.model_validate(result)
        return said.verdict, said.findings, [(each.spdx, each.approved, each.by) for each in said.decisions]

    tried = crash_everywhere(
        release_audit,
        asked("attrs", "certifi", "not-there"),
        same=told,
        every=5 * every(3),
        agents=[reviewer],
        approvals={"legal": Decision(approved=True, by=LENA)},
    )
    assert tried.run.status == "succeeded"
    assert tried.run.progress == {"phase": "decision", "done": 2, "of": 2}
    assert len(tried.places) > 100


@in_virtual_time
async def test_an_open_question_outlives_the_region_that_asked_it() -> None:
    async with running(release_audit, reviewer) as both:
        await both.audit(asked("certifi", "readline"))
        strong, weak = await both.questions(both.east, 2)
        await both.lose_east()
        await both.decide(both.west, strong, approved=False, by=LENA)  # before anybody has adopted the job
        await both.west.adopt_jobs().adopt()
        await both.decide(both.west, weak, approved=True, by="Max (legal)")
        state = await both.finished(both.west)
        said = report(both.west)
    assert state.owner_region == both.west.name
    assert [(each.spdx, each.by) for each in said.decisions] == [
        ("GPL-3.0-only", LENA),
        ("MPL-2.0", "Max (legal)"),
    ]


@in_virtual_time
async def test_a_region_lost_in_the_middle_of_the_reviews_costs_no_review_and_doubles_none() -> None:
    names = [name for name in LICENCES if not name.startswith("mixed")]
    async with running(release_audit, reviewer) as both:
        await both.audit(asked(*names, concurrency=3))
        await both.until(lambda: sum(child.finished for child in children(both.east)) >= 2)
        done_before = {name_of(child) for child in children(both.east) if child.finished}
        await both.lose_east()
        await both.west.adopt_jobs().adopt()
        await both.questions(both.west, 3)
        said = await settled(both, both.west)
        reviews = children(both.west)
    assert said.distributions == len(names)
    assert Counter(name_of(child) for child in reviews) == Counter(names)
    assert [_ends(child) for child in reviews] == [1] * len(names)
    assert all(child.adoptions == 0 for child in reviews if name_of(child) in done_before)
    assert any(child.adoptions == 1 for child in reviews)


def name_of(review: JobState) -> str:
    return str(LicenceRequest.model_validate(review.input).distribution)


def _ends(state: JobState) -> int:
    everything = (*state.history, *state.superseded)
    return sum(isinstance(item.event, JobSucceeded) for item in everything)


@in_virtual_time
async def test_the_audit_reads_what_is_really_installed() -> None:
    async with running(release_audit, licence_review) as both:
        both.east.model = cast(Any, RuleModel())
        await both.audit(asked("certifi", "pydantic", "no-such-distribution"))
        missing, weak = await both.questions(both.east, 2)
        assert about(weak)["spdx"] == "MPL-2.0"
        assert about(missing)["distributions"] == [
            {
                "distribution": "no-such-distribution",
                "evidence": [],
                "error": about(missing)["distributions"][0]["error"],
            }
        ]
        said = await settled(both, both.east)
    licences = {each.distribution: each.spdx for each in said.findings}
    assert licences == {"certifi": "MPL-2.0", "pydantic": "MIT", "no-such-distribution": "NOASSERTION"}


@in_virtual_time
async def test_without_a_list_everything_installed_is_audited() -> None:
    async with running(release_audit, reviewer) as both:
        await both.audit({"concurrency": 100})
        await both.until(lambda: len(open_questions(both.east)) > 0)
        names = {name_of(child) for child in children(both.east)}
        listed = both.east.state(JOB).steps["list_distributions"]
    assert isinstance(listed, StepSucceeded)
    assert listed.result == list(list_distributions())
    assert names == set(list_distributions())
    assert {"pydantic", "certifi"} <= names


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"distributions": []}, "input.distributions"),
        ({"distributions": ["../etc"]}, "input.distributions.0"),
        ({"group": "Legal/Team"}, "input.group"),
        ({"decide_within_seconds": 0}, "input.decide_within_seconds"),
        ({"otherwise": "approve"}, "input.otherwise"),
        ({"concurrency": 0}, "input.concurrency"),
        ({"packages": ["a"]}, "input.packages"),
    ],
)
def test_wrong_input_is_refused_by_the_name_of_its_field(value: Any, field: str) -> None:
    with pytest.raises(AntipodeError) as refused:
        release_audit.check_input(value)
    assert (refused.value.code, refused.value.field) == ("invalid_body", field)


def test_a_distribution_is_audited_once_however_it_is_spelled() -> None:
    assert once_each(["b", "Zope.Interface", "zope_interface", "a", "zope--interface"]) == ("a", "b", "Zope.Interface")


def test_groups_come_with_what_needs_a_lawyer_first_and_unread_ones_after_read_ones() -> None:
    findings = (unreviewed("lost", "gone"), *(finding_of(found(name)) for name in LICENCES))
    groups = [(group.spdx, group.reviewed, group.distributions) for group in group_by_licence(findings)]
    assert groups == [
        ("GPL-3.0-only", True, ("readline",)),
        ("NOASSERTION", True, ("riddle",)),
        ("NOASSERTION", False, ("lost",)),
        ("MIT AND MPL-2.0", True, ("mixed-one", "mixed-two")),
        ("MPL-2.0", True, ("certifi", "pathspec")),
    ]


def test_a_question_about_very_many_shows_some_and_names_the_others() -> None:
    base = finding_of(found("certifi"))
    findings: dict[str, AuditFinding] = {
        f"d{n}": base.model_copy(update={"distribution": f"d{n}"}) for n in range(MAX_SHOWN + 2)
    }
    group = LicenceGroup(spdx="MPL-2.0", risk="weak-copyleft", reviewed=True, distributions=tuple(findings))
    question = question_about(group, findings)
    assert question["question"] == f"May these {MAX_SHOWN + 2} distributions under MPL-2.0 (weak-copyleft) be released?"
    shown = question["distributions"]
    assert isinstance(shown, list)
    assert len(shown) == MAX_SHOWN
    assert question["also"] == [f"d{MAX_SHOWN}", f"d{MAX_SHOWN + 1}"]
