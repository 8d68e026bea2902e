"""Evidence of a drill in which all went well, to be doctored by tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.domain.job.events import JobSubmitted, JobSucceeded, StepSucceeded, encode
from localstack.drills.evidence import Acknowledged, Evidence, FaultSeen, JobSeen, Sample, Setting
from localstack.drills.load import TAG
from localstack.evidence.replicas import Item, Key
from localstack.evidence.stretches import Stretch

FIRST, SECOND = "us-east-1", "us-west-2"
LANES = ("critical", "standard", "batch")
JOBS = 12


def setting(**changes: Any) -> Setting:
    usual = {
        "drill": "region-killed",
        "story": "given two Regions, when us-east-1 is killed, then all is well.",
        "target": "local",
        "seed": 7,
        "regions": (FIRST, SECOND),
        "begun": "2026-01-02 03:04:05 UTC",
        "versions": {"antipode": "abc"},
        "configuration": {"ANTIPODE_ADOPTION": "on"},
    }
    return Setting(**{**usual, **changes})


def acknowledged(number: int, **changes: Any) -> Acknowledged:
    home = FIRST if number < JOBS - 2 else SECOND
    usual = {
        "job_id": f"job_{number:02d}",
        "lane": LANES[number % 3],
        "at": 1.0 + number if home == FIRST else 45.0 + number,
        "home_region": home,
        "durability": "both" if home == FIRST else "local",
        "by_name": True,
        "tries": 1,
    }
    return Acknowledged(**{**usual, **changes})


def job(number: int, **changes: Any) -> JobSeen:
    adopted = 6 <= number < JOBS - 2
    usual = {
        "job_id": f"job_{number:02d}",
        "known_in": (FIRST, SECOND),
        "alike": True,
        "status": "succeeded",
        "owner_region": SECOND if adopted else FIRST,
        "epoch": 2 if adopted else 1,
        "attempts": 2 if adopted else 1,
        "results": 1,
        "finished_at": 50.0 + number if adopted or number >= JOBS - 2 else 8.0 + number,
        "adopted_at": 44.0 if adopted else None,
        "steps_twice": (),
        "done_again": 1 if adopted else 0,
        "unequal_effects": (),
        "stretches": (Stretch(region=FIRST, phase="working", begins=1.0, ends=8.0),),
    }
    return JobSeen(**{**usual, **changes})


def sample(at: float) -> Sample:
    away, lost = 12 < at < 100, 40 < at < 110
    return Sample(
        at=at,
        acknowledged=JOBS,
        finished=min(JOBS, int(at / 5)),
        answering=SECOND if 42 < at < 112 else FIRST,
        answers={FIRST: not away, SECOND: True},
        peer_lost={FIRST: False, SECOND: lost},
        behind={FIRST: 3, SECOND: 4},
    )


def fault(**changes: Any) -> FaultSeen:
    usual = {
        "told": f"{FIRST} is killed",
        "begun_at": 12.0,
        "undone_at": 100.0,
        "effect": f"{FIRST} gave no answer at 80 of 88 looks",
        "visible": True,
        "away": FIRST,
        "restored": True,
    }
    return FaultSeen(**{**usual, **changes})


def items(runs: Mapping[str, str], counted: int = 3) -> dict[Key, Item]:
    """A replica with these jobs, each of the run of a drill; its two steps returned 1 and 2 bytes."""
    at = "2026-01-02T03:04:05.000Z"
    rows: dict[Key, Item] = {}
    for name, run in runs.items():
        submitted = JobSubmitted(
            at=at,
            tenant="t",
            agent="probe",
            agent_version="1",
            lane="batch",
            input={},
            body_digest="d",
            tags={TAG: run},
        )
        steps = [
            StepSucceeded(at=at, step=f"probe_step#{n}", step_kind="tool", arguments="d", result="x" * n)
            for n in (1, 2)
        ]
        ended = JobSucceeded(at=at, result={"steps": 2, "payload_bytes": counted})
        key = (f"JOB#{name}", f"E#000001.{FIRST}#00000001")
        named = {"pk": {"S": key[0]}, "sk": {"S": key[1]}, "writer": {"S": FIRST}}
        rows[key] = {**named, "events": {"S": encode((submitted, *steps, ended))}}
    return rows


def evidence() -> Evidence:
    """A Region was killed at 12 s and was back at 100 s; nothing was lost."""
    return Evidence(
        setting=setting(),
        submitted=JOBS,
        acknowledged=[acknowledged(number) for number in range(JOBS)],
        in_flight=tuple(f"job_{number:02d}" for number in range(4, JOBS - 2)),
        faults=[fault()],
        jobs={f"job_{number:02d}": job(number) for number in range(JOBS)},
        two_writers=(),
        items_compared=90,
        lag_ms={FIRST: {"p50": 500.0, "p99": 1900.0}, SECOND: {"p50": 510.0, "p99": 2000.0}},
        alike_at=118.0,
        well_at=110.0,
        samples=[sample(float(at)) for at in range(1, 120)],
        ended_at=120.0,
    )
