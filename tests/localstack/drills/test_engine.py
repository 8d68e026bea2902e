"""The engine plays a story on whatever target: it refuses, orders, waits, undoes everything, and looks at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self

import pytest

from functions.domain.job.events import AttemptStarted, Event, JobSubmitted, JobSucceeded, StepSucceeded, encode
from functions.domain.job.history import Segment
from functions.domain.moments import to_moment
from localstack.drills import engine as engine_of_drills
from localstack.drills import watcher
from localstack.drills.bounds import Verdict
from localstack.drills.engine import Engine
from localstack.drills.evidence import Sample
from localstack.drills.faults import FIRST, Fault, Names, ReplicationPaused, WorkersKilled
from localstack.drills.load import TAG, planned
from localstack.drills.story import Drill, Load, Through
from localstack.drills.target import CannotDrill
from localstack.drills.verdicts import outcome_of
from localstack.evidence.replicas import Item, Key, segments_of
from stacks.api_client import ApiError, Submission
from tests.localstack.drills import made

STORY = Drill(
    name="workers-killed",
    guards="nothing in particular",
    given=Load(jobs=6, per_second=1000, in_flight=2),
    when=(WorkersKilled(FIRST), ReplicationPaused()),
    then=(),
    patience_seconds=5,
)


@dataclass
class FakeUnderway:
    """A fault that was ordered on the fake."""

    name: str
    done: list[str]
    visible: bool = True

    def undo(self) -> None:
        self.done.append(f"undo {self.name}")

    def restored(self) -> bool:
        return f"undo {self.name}" in self.done

    def effect(self, during: Sequence[Sample]) -> tuple[str, bool]:
        return "something", self.visible


@dataclass
class FakeApi:
    """An API that accepts everything."""

    submits: Callable[[Submission, str | None], dict[str, Any]]
    status: str

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def submit(self, submission: Submission, *, key: str | None = None) -> dict[str, Any]:
        return self.submits(submission, key)

    def job(self, _: str) -> dict[str, Any]:
        return {"status": self.status}


@dataclass
class FakeTarget:
    """Two Regions as one dictionary; jobs run until the first fault, and are then finished."""

    name: str = "fake"
    regions: tuple[str, str] = ("us-east-1", "us-west-2")
    complaint: str | None = None
    of_the_name: str | None = None
    impossible: type[Fault] | None = None
    visible: bool = True
    finishes: bool = True
    tries_end: bool = True
    done: list[str] = field(default_factory=list)
    rows: dict[Key, Item] = field(default_factory=dict)
    submitted: list[Submission] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def unwell(self, *, by_name: bool = True) -> str | None:
        return self.complaint or (self.of_the_name if by_name else None)

    def versions(self) -> Mapping[str, str]:
        return {"antipode": "none"}

    def configuration(self) -> Mapping[str, str]:
        return {}

    def api(self, region: str | None, on_failed_try: Callable[[ApiError], None]) -> Any:
        return FakeApi(self._submit, "succeeded" if self.tries_end else "running")

    def _submit(self, submission: Submission, key: str | None) -> dict[str, Any]:
        if key is None:
            return {"id": "job_before"}
        with self.lock:
            self.submitted.append(submission)
            job = f"job_{len(self.submitted)}"
            opening = JobSubmitted(
                at=now(), tenant="t", agent="probe", agent_version="1", lane="standard", input={}, body_digest=key
            )
            self._write(job, 1, opening, AttemptStarted(at=now(), worker="w", reason="submitted", delivery=1))
            if self.done and self.finishes:
                self._finish(job)
        return {"id": job, "lane": "standard", "home_region": self.regions[0], "durability": "both"}

    def _finish(self, job: str) -> None:
        step = StepSucceeded(at=now(), step="a#1", step_kind="tool", arguments="d", result=1)
        self._write(job, 3, step, JobSucceeded(at=now(), result=1))

    def _write(self, job: str, sequence: int, *events: Event) -> None:
        key = (f"JOB#{job}", f"E#000001.{self.regions[0]}#{sequence:08d}")
        named = {"pk": {"S": key[0]}, "sk": {"S": key[1]}, "writer": {"S": self.regions[0]}}
        self.rows[key] = {**named, "events": {"S": encode(events)}}

    def begin(self, fault: Fault, names: Names, seed: int) -> FakeUnderway:
        if self.impossible is not None and isinstance(fault, self.impossible):
            raise CannotDrill("there are no means for it")
        name = type(fault).__name__
        self.done.append(name)
        with self.lock:
            if self.finishes:
                for number in range(1, len(self.submitted) + 1):
                    self._finish(f"job_{number}")
        return FakeUnderway(name, self.done, self.visible)

    def segments(self, region: str, jobs: Collection[str]) -> Mapping[Key, Segment]:
        with self.lock:
            found = dict(zip(self.rows, segments_of(self.rows), strict=True))
        return {key: segment for key, segment in found.items() if segment.job_id in jobs}

    def items(self, region: str) -> Mapping[Key, Item]:
        with self.lock:
            return dict(self.rows)

    def answering(self) -> str | None:
        return self.regions[0]

    def answers(self, region: str) -> bool:
        return True

    def peer_lost(self, region: str) -> bool | None:
        return False

    def behind(self) -> Mapping[str, int]:
        return {}

    def lag_ms(self) -> Mapping[str, Mapping[str, float | None]]:
        return {}

    def conflicts(self) -> frozenset[str]:
        return frozenset()

    def settle(self, seconds: float) -> bool:
        return True


def now() -> str:
    return to_moment(datetime.now(UTC))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watcher looks all the time."""
    monkeypatch.setattr(watcher, "LOOK_SECONDS", 0.001)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has to be in flight is so at once, or never."""
    monkeypatch.setattr(engine_of_drills, "IN_FLIGHT_SECONDS", 2.0)


def engine(target: FakeTarget, drill: Drill = STORY) -> Engine:
    def breathe(_: float) -> None:
        threading.Event().wait(0.001)

    return Engine(drill, target, 3, sleep=breathe)


def test_a_story_is_played_from_its_load_to_its_verdict() -> None:
    target = FakeTarget()
    evidence = engine(target).play()
    found = outcome_of(STORY, evidence)
    assert found.verdict is Verdict.HELD, found
    assert len(evidence.acknowledged) == 6
    assert len(evidence.in_flight) >= 2
    assert [fault.visible for fault in evidence.faults] == [True, True]
    assert sum(row.at >= evidence.begun_at for row in evidence.acknowledged) >= 2, "a third comes while they last"
    assert target.done == ["WorkersKilled", "ReplicationPaused", "undo ReplicationPaused", "undo WorkersKilled"]


def test_a_system_that_is_unwell_is_left_alone() -> None:
    target = FakeTarget(complaint="us-east-1 does not answer")
    with pytest.raises(CannotDrill, match="us-east-1 does not answer"):
        engine(target).play()
    assert (target.done, target.submitted) == ([], [])


def test_the_name_has_to_lead_back_only_where_clients_go_by_it() -> None:
    target = FakeTarget(of_the_name="the failover name leads to us-west-2")
    with pytest.raises(CannotDrill, match="leads to us-west-2"):
        engine(target).play()
    by_address = replace(STORY, given=replace(STORY.given, through=Through.FIRST))
    assert outcome_of(by_address, engine(target, by_address).play()).verdict is Verdict.HELD


def test_a_system_in_which_no_job_ends_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_of_drills, "TRIED_SECONDS", 0.01)
    target = FakeTarget(tries_end=False)
    with pytest.raises(CannotDrill, match="a job in us-east-1 has not ended"):
        engine(target).play()
    assert (target.done, target.submitted) == ([], [])


def test_nothing_is_broken_where_too_little_would_be_at_stake() -> None:
    target = FakeTarget()
    with pytest.raises(CannotDrill, match="fewer than 7 jobs run in us-east-1"):
        engine(target, replace(STORY, given=replace(STORY.given, in_flight=7))).play()
    assert target.done == []


def test_what_was_ordered_is_undone_when_a_later_fault_cannot_be() -> None:
    target = FakeTarget(impossible=ReplicationPaused)
    with pytest.raises(CannotDrill, match="no means"):
        engine(target).play()
    assert target.done == ["WorkersKilled", "undo WorkersKilled"]


def test_an_effect_that_cannot_be_seen_makes_a_drill_void() -> None:
    assert outcome_of(STORY, engine(FakeTarget(visible=False)).play()).verdict is Verdict.VOID


def test_jobs_that_never_finish_break_a_drill_when_patience_is_over() -> None:
    hasty = replace(STORY, patience_seconds=0.05)
    found = outcome_of(hasty, engine(FakeTarget(finishes=False), hasty).play())
    assert found.verdict is Verdict.BROKEN
    assert any("one result" in each.text for each in found.broken)


def test_the_same_seed_gives_the_same_load_and_every_job_bears_the_drills_tag() -> None:
    load = Load(jobs=20, slow_jobs=4, through=Through.BOTH)
    first, again, other = (planned(load, seed, "run") for seed in (1, 1, 2))
    assert first == again != other
    assert all(one.submission.tags == {TAG: "run"} for one in first)
    slow = [one for one in first if "sleep_seconds" in one.submission.input]
    assert [one.during for one in slow] == [False] * 4, "what outlasts a loss has begun before it"
    assert {one.region for one in first} == {0, 1}
    assert sum(one.during for one in first) == 7


def test_regions_are_well_again_only_once_each_was_asked_and_none_holds_its_peer_for_lost() -> None:
    seen = made.evidence()
    assert engine_of_drills.seen_well_at(seen.samples, seen) == 110.0
    silent = [replace(each, peer_lost={made.FIRST: False}) if 105 < each.at < 115 else each for each in seen.samples]
    assert engine_of_drills.seen_well_at(silent, seen) == 115.0
    assert engine_of_drills.seen_well_at(seen.samples[:109], seen) is None
