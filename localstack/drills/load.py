"""Synthetic jobs through the public API while a drill runs: the same ones for the same seed, marked by a tag."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from localstack.drills.evidence import Acknowledged
from localstack.drills.story import Load, Through
from localstack.drills.target import Target
from stacks.api_client import ApiError, Submission

#: By this tag whoever counts jobs tells a drill's from those of the business.
TAG = "antipode-drill"
LANES = (("critical", 2), ("standard", 3), ("batch", 1))
REVIEWED = ("certifi", "jmespath", "pydantic", "botocore", "boto3", "license-expression")
SUBMITTERS = 6
#: This share of the submits is made while the faults last, however slow the machine is.
DURING = 1 / 3


@dataclass(frozen=True, slots=True)
class Planned:
    """A submit to be made: when, in seconds, where (None: the failover name), and what.

    `during`: the seconds count from the beginning of the faults, else from that of the load.
    """

    number: int
    at: float
    during: bool
    region: int | None
    submission: Submission


def planned(load: Load, seed: int, run: str) -> list[Planned]:
    """All submits of a drill."""
    chance = random.Random(seed)
    lanes = [lane for lane, share in LANES for _ in range(share)]
    rows, at, before = [], 0.0, round(load.jobs * (1 - DURING))
    # What is to outlast a loss being noticed has begun before it.
    slow = set(range(0, before, max(1, before // load.slow_jobs))[: load.slow_jobs]) if load.slow_jobs else set()
    for number in range(load.jobs):
        at = 0.0 if number == before else at
        job = _job(load, chance, slow=number in slow)
        submission = Submission(**job, lane=chance.choice(lanes), tags={TAG: run})
        region = {Through.NAME: None, Through.FIRST: 0, Through.BOTH: number // 2 % 2}[load.through]
        rows.append(Planned(number, at, number >= before, region, submission))
        at += chance.uniform(0.5, 1.5) / load.per_second
    return rows


def _job(load: Load, chance: random.Random, *, slow: bool) -> dict[str, Any]:
    if load.reviews:
        return {"agent": "licence-review", "input": {"distribution": chance.choice(REVIEWED)}}
    steps = {"steps": load.steps, "milliseconds": round(load.milliseconds)}
    return {"agent": "probe", "input": {**steps, "sleep_seconds": load.slow_seconds} if slow else steps}


@dataclass(slots=True)
class LoadGenerator:
    """Makes the submits of a plan, each until it is accepted, and writes down what was acknowledged."""

    target: Target
    plan: Sequence[Planned]
    run: str
    now: Callable[[], float]
    acknowledged: list[Acknowledged] = field(default_factory=list)
    never_accepted: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """Why a submit was not accepted the last time that it was made; without those that are accepted by now."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _pool: ThreadPoolExecutor | None = None
    _left: int = 0

    def start(self) -> None:
        """Begin; each submit is made at its time, or as soon after it as a submitter is free."""
        self._left = len(self.plan)
        self._pool = ThreadPoolExecutor(SUBMITTERS, thread_name_prefix="drill-load")
        self._make(during=False)

    def go_on(self) -> None:
        """The faults have begun: make the rest."""
        self._make(during=True)

    def _make(self, *, during: bool) -> None:
        assert self._pool is not None
        began = self.now()
        for one in self.plan:
            if one.during is during:
                self._pool.submit(self._submit, one, began)

    @property
    def made_so_far(self) -> bool:
        """Whether each that comes before the faults was accepted, or refused to the end."""
        with self._lock:
            return self._left <= sum(one.during for one in self.plan)

    @property
    def all_made(self) -> bool:
        """Whether each was accepted, or refused to the end."""
        with self._lock:
            return self._left == 0

    def stop(self) -> None:
        """Make no more."""
        self._stop.set()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _submit(self, one: Planned, began: float) -> None:
        if self._stop.wait(max(0.0, began + one.at - self.now())):
            return
        tries = [1]

        def failed(error: ApiError) -> None:
            tries[0] += 1
            with self._lock:
                self.refused[f"{self.run}-{one.number}"] = str(error)
            if self._stop.is_set():
                raise error

        region = None if one.region is None else self.target.regions[one.region]
        try:
            with self.target.api(region, failed) as api:
                job = api.submit(one.submission, key=f"{self.run}-{one.number}")
        except ApiError as error:
            with self._lock:
                self._left -= 1
                self.never_accepted[f"{self.run}-{one.number}"] = str(error)
            return
        with self._lock:
            self._left -= 1
            self.refused.pop(f"{self.run}-{one.number}", None)
            self.acknowledged.append(
                Acknowledged(
                    job_id=job["id"],
                    lane=job["lane"],
                    at=round(self.now(), 3),
                    home_region=job["home_region"],
                    durability=job["durability"],
                    by_name=region is None,
                    tries=tries[0],
                )
            )
