"""The bounds of the drills of ownership leases, each against evidence that keeps it and evidence that breaks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from localstack.drills.bounds import Bound
from localstack.drills.evidence import Evidence
from localstack.drills.faults import FIRST as FIRST_OF_STORY
from localstack.drills.faults import ControlTableCutOff, Where
from localstack.drills.lease_stories import (
    CONTROL_TABLE_AWAY,
    CONTROL_TABLE_CUT_OFF,
    FENCED_SECONDS,
    LEASE_RUN_OUT,
    LEASES,
    ONE_REGION_AT_A_TIME,
    WORKED_ON_IN_BOTH,
)
from localstack.drills.stories import pairs
from localstack.drills.story import CONTEXT, STRONG, Drill
from tests.localstack.drills import made
from tests.localstack.drills.made import FIRST, SECOND

CUT, OVER = 12.0, 100.0
"""When the made fault begins and is undone."""


def with_steps(steps_at: Mapping[str, Sequence[float]]) -> Evidence:
    evidence = made.evidence()
    steps = {region: tuple(moments) for region, moments in steps_at.items()}
    evidence.jobs["job_07"] = made.job(7, steps_at=steps)
    return evidence


def bound(drill: Drill, words: str) -> Bound:
    (found,) = (each for each in drill.bounds if words in each.text)
    return found


@pytest.mark.parametrize(
    ("steps", "held"),
    [
        ({FIRST: [1.0, 14.0], SECOND: [44.0, 60.0]}, True),
        ({FIRST: [1.0, 14.0, 70.0], SECOND: [44.0, 60.0]}, True),
        ({FIRST: [1.0, 45.9], SECOND: [44.0, 60.0]}, False),
        ({FIRST: [1.0, 14.0]}, True),
    ],
)
def test_a_job_that_two_regions_worked_on_within_two_seconds_was_worked_on_at_once(
    steps: Mapping[str, Sequence[float]], held: bool
) -> None:
    assert ONE_REGION_AT_A_TIME.judged(with_steps(steps)).held is held


def test_the_drill_shows_nothing_of_two_regions_unless_both_worked_on_a_job() -> None:
    assert not WORKED_ON_IN_BOTH.judged(with_steps({FIRST: [1.0]})).held
    assert WORKED_ON_IN_BOTH.judged(with_steps({FIRST: [1.0], SECOND: [44.0]})).held


@pytest.mark.parametrize(
    ("drill", "region", "held"),
    [
        (LEASE_RUN_OUT, FIRST, False),
        (LEASE_RUN_OUT, SECOND, True),
        (CONTROL_TABLE_AWAY, FIRST, False),
        (CONTROL_TABLE_AWAY, SECOND, False),
        (CONTROL_TABLE_CUT_OFF, FIRST, False),
        (CONTROL_TABLE_CUT_OFF, SECOND, True),
    ],
)
def test_a_region_that_is_cut_off_ends_no_step_once_what_it_has_read_has_run_out(
    drill: Drill, region: str, held: bool
) -> None:
    still = bound(drill, "after the cut until it is over")
    in_time, late, after = CUT + FENCED_SECONDS, CUT + FENCED_SECONDS + 0.5, OVER + 0.5
    assert still.judged(with_steps({region: [in_time, after]})).held
    assert still.judged(with_steps({region: [late]})).held is held


def test_the_region_that_reaches_the_control_table_works_on() -> None:
    works = bound(CONTROL_TABLE_CUT_OFF, "works on meanwhile")
    assert not works.judged(with_steps({FIRST: [50.0]})).held
    assert works.judged(with_steps({SECOND: [50.0]})).held


def test_they_are_played_on_a_cloud_with_leases_and_in_no_pair() -> None:
    assert all(drill.ownership == STRONG for drill in LEASES)
    assert CONTEXT[STRONG]["ownership"] == STRONG
    assert not {drill.name for drill in LEASES} & {name for pair in pairs(1, 1000) for name in pair.name.split("+")}


def test_who_is_cut_off_from_the_control_table_is_told() -> None:
    names = dict(zip(Where, (FIRST, SECOND), strict=True))
    one, both = ControlTableCutOff(FIRST_OF_STORY), ControlTableCutOff(None)
    assert (one.cut(names), both.cut(names)) == ([FIRST], [FIRST, SECOND])
    assert (one.told(names), both.told(names)) == (
        "us-east-1 cannot reach the control table",
        "neither Region can reach the control table",
    )
