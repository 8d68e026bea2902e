"""A play that has to break ends as soon as its bound is broken for good, and is then judged by nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from localstack.drills import engine as engine_of_drills
from localstack.drills.bounds import (
    ACCEPTED_MEANWHILE,
    ALL_SUCCEEDED,
    KNOWN_AT_ONCE,
    NOBODY_LOST,
    ONE_JOB_A_SUBMIT,
    ONE_RESULT,
    RESULTS_FOLLOW,
    Bound,
    Verdict,
    finished_meanwhile,
    waits_at_most,
)
from localstack.drills.engine import Engine
from localstack.drills.evidence import Evidence
from localstack.drills.lease_stories import CONTROL_TABLE_AWAY, ONE_REGION_AT_A_TIME
from localstack.drills.stories import DRILLS, REGION_KILLED
from localstack.drills.verdicts import outcome_of
from tests.localstack.drills import made
from tests.localstack.drills.made import FIRST, SECOND
from tests.localstack.drills.test_engine import STORY, FakeTarget, engine, impatient, quick  # noqa: F401 - fixtures
from tests.localstack.drills.test_verdicts import (
    Doctor,
    accept_before,
    calm,
    make_another_job,
    never_well,
    of_job,
    one_lost,
    one_unknown,
    refuse,
)

STANDS_STILL = next(bound for bound in CONTROL_TABLE_AWAY.bounds if "ends a step" in bound.text)


def restless(drill: Engine) -> Engine:
    drill.cut_short = lambda so_far: len(so_far.acknowledged) > 0
    return drill


@pytest.fixture(autouse=True)
def looks_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_of_drills, "EARLY_LOOK_SECONDS", 0.0)


def test_it_ends_when_enough_was_seen_and_all_its_faults_are_undone() -> None:
    target, patient = FakeTarget(finishes=False), replace(STORY, patience_seconds=60, lasts_seconds=60)
    evidence = restless(engine(target, patient)).play()
    assert evidence.cut_short_at is not None
    assert evidence.ended_at < 30, "neither the time of the faults nor the end of the jobs is waited for"
    assert target.done[-2:] == ["undo ReplicationPaused", "undo WorkersKilled"]


def test_a_play_that_nothing_cuts_short_goes_on_to_its_end() -> None:
    target = FakeTarget()
    drill = engine(target)
    drill.cut_short = lambda _: False
    evidence = drill.play()
    assert evidence.cut_short_at is None
    assert outcome_of(STORY, evidence).verdict is Verdict.HELD


def test_what_only_the_end_can_tell_is_not_judged_of_a_play_that_was_cut_short() -> None:
    evidence = made.evidence()
    of_job(7, results=2)(evidence)
    of_job(8, results=0, status="running", finished_at=None)(evidence)
    assert len(outcome_of(REGION_KILLED, evidence).broken) > 1
    evidence.cut_short_at = 30.0
    found = outcome_of(REGION_KILLED, evidence)
    assert [each.text for each in found.broken] == [ONE_RESULT.text]
    assert found.verdict is Verdict.BROKEN


def finish_late(evidence: Evidence) -> None:
    for number in range(made.JOBS):
        of_job(number, finished_at=101.0)(evidence)


@pytest.mark.parametrize(
    ("bound", "change"),
    [
        (KNOWN_AT_ONCE, one_unknown),
        (NOBODY_LOST, one_lost),
        (ALL_SUCCEEDED, of_job(3, status="failed")),
        (ONE_RESULT, of_job(3, results=2)),
        (ONE_JOB_A_SUBMIT, make_another_job),
        (RESULTS_FOLLOW, of_job(3, follows=False)),
        (waits_at_most(30), of_job(3, stretches=())),
        (finished_meanwhile(0.25), finish_late),
        (STANDS_STILL, of_job(3, steps_at={FIRST: (30.0,)})),
        (ONE_REGION_AT_A_TIME, of_job(3, steps_at={FIRST: (30.0,), SECOND: (30.5,)})),
    ],
    ids=lambda value: value.text if isinstance(value, Bound) else "",
)
def test_what_is_broken_for_good_does_not_hold_at_the_end_either(bound: Bound, change: Doctor) -> None:
    assert bound.for_good is not None
    evidence = made.evidence()
    calm(evidence)
    assert not bound.for_good(evidence)
    change(evidence)
    assert bound.for_good(evidence)
    assert not bound.judged(evidence).held


def test_what_may_still_come_right_is_not_broken_for_good() -> None:
    evidence = made.evidence()
    of_job(3, status="running", results=0, attempts=2, finished_at=None)(evidence)
    make_another_job(evidence)
    refuse(evidence)  # the answer to one submit is still under way
    assert [bound.text for bound in REGION_KILLED.bounds if bound.for_good and bound.for_good(evidence)] == []
    assert ALL_SUCCEEDED.for_good is not None
    assert not ALL_SUCCEEDED.for_good(evidence)


def test_a_time_is_broken_for_good_when_what_it_measures_would_come_too_late() -> None:
    bounds = {bound.text: bound for bound in REGION_KILLED.bounds}
    adoption, failback = bounds["adoption: within 120 s"], bounds["failback: within 90 s"]
    assert adoption.for_good is not None
    assert failback.for_good is not None
    evidence = made.evidence()
    for number in range(made.JOBS):
        of_job(number, adopted_at=None)(evidence)
    never_well(evidence)
    for ended_at, broken in ((12.0 + 119.0, False), (12.0 + 121.0, True)):
        evidence.ended_at = ended_at
        assert adoption.for_good(evidence) is broken
        assert not failback.for_good(evidence)


def test_submits_may_be_accepted_until_the_fault_is_undone() -> None:
    assert ACCEPTED_MEANWHILE.for_good is not None
    evidence = made.evidence()
    accept_before(evidence)
    evidence.faults = [made.fault(restored=False)]
    assert not ACCEPTED_MEANWHILE.for_good(evidence)
    evidence.faults = [made.fault()]
    assert ACCEPTED_MEANWHILE.for_good(evidence)


def test_nothing_is_broken_for_good_before_anything_was_seen() -> None:
    nothing = Evidence(setting=made.setting(), submitted=1)
    for drill in DRILLS.values():
        assert [bound.text for bound in drill.bounds if bound.for_good and bound.for_good(nothing)] == []
