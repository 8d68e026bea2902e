"""A drill's verdict on doctored evidence: each bound fails by what it speaks of, and by nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from functions.domain.job.events import Json
from localstack.drills.bounds import (
    ACCEPTED_MEANWHILE,
    ALL_SUCCEEDED,
    KNOWN_AT_ONCE,
    NOBODY_LOST,
    Bound,
    Verdict,
    finished_meanwhile,
    waits_at_most,
)
from localstack.drills.evidence import Evidence
from localstack.drills.faults import MessagesSpoilt, RegionsParted, ReplicationPaused, Where, takes_away
from localstack.drills.load import TAG
from localstack.drills.outcomes import job_seen, unasked
from localstack.drills.stories import DRILLS, REGION_KILLED, drill_named, pairs
from localstack.drills.times import delayed, lanes_of, times_of
from localstack.drills.verdicts import outcome_of
from localstack.evidence.replicas import fold_all, segments_of
from localstack.evidence.stretches import Stretch
from tests.localstack.drills import made
from tests.localstack.drills.made import FIRST, SECOND

Doctor = Callable[[Evidence], None]


def doctored(change: Doctor) -> Evidence:
    evidence = made.evidence()
    change(evidence)
    return evidence


def broken(evidence: Evidence) -> list[str]:
    return [each.text for each in outcome_of(REGION_KILLED, evidence).broken]


def of_job(number: int, **changes: object) -> Doctor:
    def change(evidence: Evidence) -> None:
        name = f"job_{number:02d}"
        evidence.jobs[name] = replace(evidence.jobs[name], **changes)  # type: ignore[arg-type]

    return change


def of_fault(**changes: object) -> Doctor:
    def change(evidence: Evidence) -> None:
        evidence.faults = [replace(evidence.faults[0], **changes)]  # type: ignore[arg-type]

    return change


def forget(evidence: Evidence) -> None:
    del evidence.jobs["job_07"]


def write_twice(evidence: Evidence) -> None:
    evidence.two_writers = ("antipode-local: JOB#x|E#000002.us-east-1#00000001",)


def make_another_job(evidence: Evidence) -> None:
    evidence.unasked = ("job_99",)


def ask_nobody(evidence: Evidence) -> None:
    evidence.two_writers = None


def refuse(evidence: Evidence) -> None:
    evidence.submitted += 1


def never_notice(evidence: Evidence) -> None:
    evidence.samples = [replace(each, peer_lost={}) for each in evidence.samples]


def never_move(evidence: Evidence) -> None:
    evidence.samples = [replace(each, answering=FIRST) for each in evidence.samples]


def accept_late(evidence: Evidence) -> None:
    evidence.acknowledged = [
        replace(row, at=115.0) if row.home_region == SECOND else row for row in evidence.acknowledged
    ]


def never_well(evidence: Evidence) -> None:
    evidence.well_at = None


def test_evidence_of_a_drill_that_went_well_holds_every_bound() -> None:
    found = outcome_of(REGION_KILLED, made.evidence())
    assert [each for each in found.judged if not each.held] == []
    assert found.verdict is Verdict.HELD


@pytest.mark.parametrize(
    ("change", "broken_by_it"),
    [
        (forget, {"lost", "one result", "finished", "recovery"}),
        (of_job(7, known_in=(SECOND,)), {"lost"}),
        (of_job(7, results=2), {"one result"}),
        (of_job(7, results=0, status="running", finished_at=None), {"one result", "finished", "recovery"}),
        (of_job(7, finished_at=170.0), {"finished", "recovery"}),
        (of_job(1, finished_at=170.0), {"finished"}),
        (of_job(7, alike=False), {"same of every job"}),
        (of_job(7, steps_twice=("probe_step#3",)), {"done twice"}),
        (of_job(7, unequal_effects=("probe_step#3",)), {"idempotency key"}),
        (of_job(7, adopted_at=140.0), {"adoption"}),
        (write_twice, {"two writers"}),
        (ask_nobody, {"two writers"}),
        (make_another_job, {"sent again"}),
        (of_job(7, follows=False), {"follows from"}),
        (refuse, {"submits are accepted"}),
        (never_notice, {"detection", "failback"}),
        (never_move, {"failover name"}),
        (accept_late, {"first accepted submit"}),
        (never_well, {"failback"}),
        (of_fault(restored=False), {"undone exactly"}),
    ],
)
def test_what_goes_wrong_breaks_its_bounds_and_no_others(change: Doctor, broken_by_it: set[str]) -> None:
    found = broken(doctored(change))
    assert len(found) == len(broken_by_it), found
    for words in broken_by_it:
        assert any(words in text for text in found), (words, found)


def one_unknown(evidence: Evidence) -> None:
    evidence.samples[50] = replace(evidence.samples[50], unknown={SECOND: 1})


def one_lost(evidence: Evidence) -> None:
    evidence.samples[5] = replace(evidence.samples[5], peer_lost={FIRST: True})


def accept_before(evidence: Evidence) -> None:
    evidence.acknowledged = [replace(row, at=1.0) for row in evidence.acknowledged]


def accept_in_both(evidence: Evidence) -> None:
    evidence.acknowledged.append(made.acknowledged(0, at=50.0))


def calm(evidence: Evidence) -> None:
    evidence.samples = [replace(each, peer_lost={FIRST: False, SECOND: False}) for each in evidence.samples]


@pytest.mark.parametrize(
    ("bound", "change"),
    [
        (KNOWN_AT_ONCE, one_unknown),
        (NOBODY_LOST, one_lost),
        (ALL_SUCCEEDED, of_job(3, status="failed")),
        (ACCEPTED_MEANWHILE, accept_before),
        (waits_at_most(30), of_job(3, stretches=())),
        (waits_at_most(30), of_job(3, stretches=(Stretch(region=FIRST, phase="working", begins=40.0, ends=41.0),))),
        (finished_meanwhile(1.0, before_seconds=100), of_job(3, finished_at=100.5)),
    ],
)
def test_bounds_of_single_drills_hold_until_they_are_broken(bound: Bound, change: Doctor) -> None:
    evidence = doctored(calm)
    accept_in_both(evidence)
    assert bound.judged(evidence).held
    change(evidence)
    assert not bound.judged(evidence).held


def test_a_job_that_came_long_before_a_fault_says_nothing_of_what_it_took() -> None:
    evidence = made.evidence()
    for number, row in enumerate(evidence.acknowledged):
        of_job(number, finished_at=101.0 if row.at >= evidence.begun_at - 5 else 20.0)(evidence)
    assert finished_meanwhile(0.25, before_seconds=100).judged(evidence).seen == "6 of 12"
    assert finished_meanwhile(0.25, before_seconds=100).judged(evidence).held
    assert finished_meanwhile(0.25).judged(evidence).seen == "0 of 6"
    assert not finished_meanwhile(0.25).judged(evidence).held


def test_a_fault_without_a_visible_effect_makes_a_drill_void() -> None:
    found = outcome_of(REGION_KILLED, doctored(of_fault(visible=False)))
    assert found.verdict is Verdict.VOID
    assert "no visible effect" in found.void_because[0]


def test_a_drill_with_nothing_at_stake_is_void() -> None:
    evidence = made.evidence()
    evidence.in_flight = evidence.in_flight[:1]
    assert outcome_of(REGION_KILLED, evidence).verdict is Verdict.VOID
    evidence.faults = []
    assert "no fault was ordered" in outcome_of(REGION_KILLED, evidence).void_because


def test_what_is_broken_is_broken_also_where_a_fault_had_no_visible_effect() -> None:
    evidence = doctored(of_fault(visible=False))
    of_job(7, results=2)(evidence)
    assert outcome_of(REGION_KILLED, evidence).verdict is Verdict.BROKEN


def test_no_bound_holds_without_evidence() -> None:
    nothing = Evidence(setting=made.setting(), submitted=0)
    kept = [each.text for each in outcome_of(REGION_KILLED, nothing).judged if each.held]
    # "There is no job that ..." and "all faults were undone" are true of nothing; the drill is broken all the same.
    true = ("same of every job", "done twice", "idempotency key", "undone", "follows from")
    assert all(words in " ".join(kept) for words in true)
    assert len(kept) == len(true)


def test_times_count_from_the_first_fault_and_from_the_last_undoing() -> None:
    assert times_of(made.evidence()) == {
        "detection": 29.0,
        "the failover name leads elsewhere": 31.0,
        "first accepted submit": 43.0,
        "adoption": 32.0,
        "recovery": 47.0,
        "failback": 10.0,
        "both Regions alike": 18.0,
    }


def test_a_name_that_leads_back_after_the_drill_before_has_not_moved() -> None:
    evidence = made.evidence()
    evidence.samples = [replace(each, answering=SECOND if each.at < 30 else FIRST) for each in evidence.samples]
    assert times_of(evidence)["the failover name leads elsewhere"] is None


def test_each_lane_has_its_rto_and_rpo() -> None:
    lanes = lanes_of(doctored(forget))
    assert lanes["standard"] == {
        "acknowledged": 4,
        "lost": 1,
        "delayed": 1,
        "in flight": 2,
        "adopted": 0,
        "steps done again": 0,
        "rto seconds": None,
    }
    assert lanes["critical"]["rto seconds"] == 47.0


def test_a_job_is_delayed_that_ends_much_later_than_its_own_work_takes() -> None:
    assert "job_01" not in delayed(made.evidence())
    assert "job_01" in delayed(doctored(of_job(1, finished_at=40.0)))
    assert "job_01" not in delayed(doctored(of_job(1, finished_at=40.0, asked_seconds=30.0)))
    assert "job_07" in delayed(doctored(forget))


def test_evidence_survives_being_stored() -> None:
    evidence = made.evidence()
    assert Evidence.from_json(json.loads(json.dumps(evidence.to_json()))) == evidence


def test_each_drill_tells_its_story_and_its_rule() -> None:
    names = dict(zip(Where, (FIRST, SECOND), strict=True))
    for name, drill in DRILLS.items():
        assert drill.name == name
        assert drill.guards
        told = drill.told(names)
        assert told.startswith("given two Regions")
        assert "no acknowledged job is lost" in told
    assert "when us-east-1 is killed, then" in DRILLS["region-killed"].told(names)


def test_pairs_are_drawn_by_their_seed() -> None:
    assert [drill.name for drill in pairs(3, 5)] == [drill.name for drill in pairs(3, 5)]
    assert [drill.name for drill in pairs(3, 5)] != [drill.name for drill in pairs(4, 5)]
    assert all(len(drill.when) == 2 for drill in pairs(1, 100))


def test_a_pair_is_found_by_its_name_in_either_order_if_its_faults_can_meet() -> None:
    (drawn,) = pairs(3, 1)
    for name in (drawn.name, "+".join(reversed(drawn.name.split("+")))):
        found = drill_named(name)
        assert found is not None
        assert (found.name, found.when, found.given) == (drawn.name, drawn.when, drawn.given)
    assert drill_named("region-killed") is REGION_KILLED
    assert drill_named("region-killed+region-frozen") is None, "nothing could be seen of the second"
    assert drill_named("nothing") is None


def test_both_faults_of_a_pair_can_be_seen_and_undone_beside_each_other() -> None:
    for drill in pairs(1, 1000):
        one, other = drill.when
        assert type(one) is not type(other), "they would undo each other"
        assert takes_away(one) is None, "what is taken away comes back first, so it goes last"
        if (away := takes_away(other)) is not None:
            assert getattr(one, "where", None) is not away, (
                f"{drill.name}: nothing can be seen in a Region that is not there"
            )
            assert not isinstance(one, RegionsParted | ReplicationPaused | MessagesSpoilt)
    together = {drill.name for drill in pairs(1, 1000)}
    assert "region-killed+tool-slow" in together
    assert "answers-lost+table-throttled" in together or "table-throttled+answers-lost" in together


def test_a_job_that_no_acknowledgement_names_is_found_by_its_tag() -> None:
    evidence = made.evidence()
    items = {region: made.items({"job_00": "run", "job_98": "run", "job_99": "another"}) for region in (FIRST, SECOND)}
    assert unasked(evidence, items, TAG, "run") == ("job_98",)


def test_a_review_names_a_licence_only_with_lines_that_show_it() -> None:
    (state,) = fold_all(segments_of(made.items({"job_00": "run"}))).values()
    reviewed = replace(state, job=replace(state.job, agent="licence-review"))
    line: Json = {"file": "METADATA", "line": 3, "text": "License: MIT"}
    seen: list[tuple[str, list[Json], bool]] = [("MIT", [line], True), ("MIT", [], False), ("NOASSERTION", [], True)]
    for spdx, lines, follows in seen:
        told = replace(reviewed, result={"spdx": spdx, "evidence": lines})
        assert job_seen("job_00", {FIRST: told}, zero=0.0, gone=None).follows is follows


def test_a_result_follows_from_what_its_steps_have_returned() -> None:
    for counted, follows in ((3, True), (4, False)):
        (state,) = fold_all(segments_of(made.items({"job_00": "run"}, counted=counted))).values()
        assert job_seen("job_00", {FIRST: state}, zero=0.0, gone=None).follows is follows
