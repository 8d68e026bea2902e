"""The drills of ownership leases: they need a cloud with `ownership: strong`, and have bounds of their own.

A job is worked on in one Region at a time: a Region without its lease begins no step, and its peer takes over only when
what anybody has read of the lease has run out.
"""

from __future__ import annotations

from localstack.drills.bounds import NOBODY_LOST, Bound, accepted, finished_within, within
from localstack.drills.evidence import Evidence
from localstack.drills.faults import FIRST, SECOND, ControlTableCutOff, RegionsParted, Where
from localstack.drills.story import STRONG, Drill, Load, Through, Until
from localstack.drills.times import ADOPTION, DETECTION, FAILBACK

#: A lease that was read is relied upon for 7 s; a step under way is let finish, and a busy machine is slow.
FENCED_SECONDS = 12.0
#: A play without the rule goes on for so long after that, so that more is seen than a last step that was slow.
CERTAIN_SECONDS = 5.0
#: At least 3 s lie between the last step of one Region and the first of the other, by the lease's margin: a step that
#: was begun in time may end later.
APART_SECONDS = 2.0


def _one_region_at_a_time(evidence: Evidence) -> tuple[bool, str]:
    apart = [job.regions_apart for job in evidence.jobs.values() if job.regions_apart is not None]
    if not apart:
        return bool(evidence.jobs), "no job was worked on in both"
    return min(apart) >= APART_SECONDS, f"{len(apart)} jobs in one after the other, {min(apart):.1f} s apart at least"


def _worked_on_in_both(evidence: Evidence) -> tuple[bool, str]:
    count = sum(len(job.steps_at) > 1 for job in evidence.jobs.values())
    return count > 0, f"{count} of {len(evidence.jobs)} jobs"


def _stands_still(where: Where | None) -> Bound:
    """No step ends in the Region (None: in either) from a while after the cut until it is over."""
    who = {None: "neither Region", FIRST: "not the first Region", SECOND: "not the second Region"}[where]

    def judge(evidence: Evidence) -> tuple[bool, str]:
        first, second = evidence.setting.regions
        named = {None: (first, second), FIRST: (first,), SECOND: (second,)}[where]
        since, until = evidence.begun_at + FENCED_SECONDS, evidence.undone_at
        late = [
            at - evidence.begun_at
            for job in evidence.jobs.values()
            for region in named
            for at in job.steps_at.get(region, ())
            if since < at < until
        ]
        last = f", the last after {max(late):.1f} s" if late else ""
        return until > since and not late, f"{len(late)} steps{last}"

    def for_good(evidence: Evidence) -> bool:
        return evidence.undone_at > evidence.begun_at + FENCED_SECONDS + CERTAIN_SECONDS and not judge(evidence)[0]

    return Bound(f"{who} ends a step from {FENCED_SECONDS:g} s after the cut until it is over", judge, for_good)


def _works_on(region: int) -> Bound:
    """The other Region works as ever."""

    def judge(evidence: Evidence) -> tuple[bool, str]:
        since, until = evidence.begun_at + FENCED_SECONDS, evidence.undone_at
        name = evidence.setting.regions[region]
        done = sum(since < at < until for job in evidence.jobs.values() for at in job.steps_at.get(name, ()))
        return done > 0, f"{done} steps"

    return Bound("the second Region works on meanwhile", judge)


ONE_REGION_AT_A_TIME = Bound(
    "no job is worked on in two Regions at once",
    _one_region_at_a_time,
    lambda evidence: bool(evidence.jobs) and not _one_region_at_a_time(evidence)[0],
)
WORKED_ON_IN_BOTH = Bound("some jobs are worked on in one Region after the other", _worked_on_in_both)

LEASE_RUN_OUT = Drill(
    name="lease-run-out",
    guards="a Region without its lease starts no step, and its peer adopts only when the lease has run out",
    given=Load(jobs=12, per_second=3, steps=110, milliseconds=800, in_flight=4, through=Through.FIRST),
    when=(RegionsParted(), ControlTableCutOff(FIRST)),
    then=(
        ONE_REGION_AT_A_TIME,
        WORKED_ON_IN_BOTH,
        _stands_still(FIRST),
        within(75, DETECTION),
        within(120, ADOPTION),
        within(60, FAILBACK),
        finished_within(300),
        accepted(1.0),
    ),
    until=Until.TIME,
    lasts_seconds=80,
    patience_seconds=300,
    ownership=STRONG,
)
CONTROL_TABLE_AWAY = Drill(
    name="control-table-away",
    guards="without the control table both Regions start nothing, lose nothing, and go on when it is back",
    given=Load(jobs=12, per_second=3, steps=40, milliseconds=500, in_flight=3, through=Through.BOTH),
    when=(ControlTableCutOff(None),),
    then=(NOBODY_LOST, ONE_REGION_AT_A_TIME, _stands_still(None), finished_within(180), accepted(1.0)),
    until=Until.TIME,
    lasts_seconds=40,
    ownership=STRONG,
)
CONTROL_TABLE_CUT_OFF = Drill(
    name="control-table-cut-off",
    guards="a Region that is well but cannot reach the control table stands still, and is not taken for lost",
    given=Load(jobs=12, per_second=3, steps=40, milliseconds=500, in_flight=3, through=Through.BOTH),
    when=(ControlTableCutOff(FIRST),),
    then=(
        NOBODY_LOST,
        ONE_REGION_AT_A_TIME,
        _stands_still(FIRST),
        _works_on(1),
        finished_within(180),
        accepted(1.0),
    ),
    until=Until.TIME,
    lasts_seconds=40,
    ownership=STRONG,
)
LEASES = (LEASE_RUN_OUT, CONTROL_TABLE_AWAY, CONTROL_TABLE_CUT_OFF)
