"""The bench's load is the one that it names, and a job goes on when it is at work again, or waits on."""

from collections import Counter
from dataclasses import replace
from typing import Literal

import pytest

from localstack.drills.evidence import Evidence, FaultSeen, JobSeen, Setting
from localstack.evidence.stretches import Stretch
from tests.benchmarks.region_loss import A_MINUTE, IN_FLIGHT, LOAD_SECONDS, RUNNING, SUBMITTED, a_minute, goes_on, many

EAST, WEST = "us-east-1", "us-west-2"


def test_the_steady_load_is_submitted_evenly_over_all_lanes() -> None:
    plan = a_minute("run")
    assert len(plan) == A_MINUTE * LOAD_SECONDS / 60
    assert [sum(each.at < (minute + 1) * 60 for each in plan) for minute in range(3)] == [200, 400, 600]
    assert Counter(each.submission.lane for each in plan) == {"standard": 300, "critical": 150, "batch": 150}


def test_of_many_most_wait_and_some_run() -> None:
    plan = many("run")
    assert [each.number for each in plan] == list(range(SUBMITTED))
    assert len(plan) > IN_FLIGHT
    kinds = Counter(tuple(each.submission.input)[2:] for each in plan)
    assert kinds == {("sleep_seconds",): 334, ("signal", "wait_seconds"): 166, (): RUNNING}
    assert {each.submission.lane for each in plan[-RUNNING:]} == {"standard"}
    assert [each.at for each in plan] == sorted(each.at for each in plan)


def seen(job: str, adopted_at: float | None, works_again: float | None = None) -> JobSeen:
    work = () if works_again is None else (Stretch(region=WEST, phase="working", begins=works_again, ends=99.0),)
    return JobSeen(
        job_id=job,
        known_in=(EAST, WEST),
        alike=True,
        status="succeeded",
        owner_region=WEST,
        epoch=2,
        attempts=2,
        results=1,
        finished_at=100.0,
        adopted_at=adopted_at,
        steps_twice=(),
        done_again=0,
        unequal_effects=(),
        stretches=(Stretch(region=EAST, phase="working", begins=1.0, ends=10.0), *work),
    )


def evidence_of(*jobs: JobSeen) -> Evidence:
    """Return what was seen of these when a Region was killed ten seconds after the beginning."""
    setting = Setting(
        drill="", story="", target="", seed=0, regions=(EAST, WEST), begun="", versions={}, configuration={}
    )
    evidence = Evidence(setting=setting, submitted=len(jobs))
    evidence.faults = [FaultSeen(told="", begun_at=10.0, undone_at=80.0, effect="", visible=True)]
    evidence.jobs = {job.job_id: job for job in jobs}
    return evidence


def test_a_job_that_ran_goes_on_with_its_work_and_one_that_waited_with_its_adoption() -> None:
    jobs = (
        seen("ran", adopted_at=35.0, works_again=38.0),
        seen("waited", adopted_at=36.0, works_again=70.0),
        seen("stayed", adopted_at=None),
    )
    assert goes_on(evidence_of(*jobs), {"ran": "running", "waited": "waiting"}) == [26.0, 28.0]


@pytest.mark.parametrize(
    ("phases", "seconds"),
    [(("waiting", "working", "waiting"), 26.0), (("waiting", "working"), 60.0), (("waiting",), 60.0)],
)
def test_a_job_that_nobody_had_looked_at_before_the_kill_waited_if_it_had_left_its_worker(
    phases: tuple[Literal["waiting", "working"], ...], seconds: float
) -> None:
    job = seen("one", adopted_at=36.0, works_again=70.0)
    before = tuple(Stretch(region=EAST, phase=phase, begins=n, ends=n + 1.0) for n, phase in enumerate(phases))
    assert goes_on(evidence_of(replace(job, stretches=(*before, *job.stretches[1:]))), {}) == [seconds]
