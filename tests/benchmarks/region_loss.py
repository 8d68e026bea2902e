"""What a caller and his jobs notice when one of two Regions is killed and comes back: issue 5's numbers.

The drills' engine plays it, on a cloud with deployed timings; here is its load, and what is told of it. Submits go
through one Python client that many threads share, as in a service. Beside it a plain client knows the name alone.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, cast

from functions.sdk.client import AntipodeClient
from localstack.drills.bounds import ONE_RESULT, STEPS_ONCE
from localstack.drills.engine import Engine
from localstack.drills.evidence import Evidence, JobSeen
from localstack.drills.faults import FIRST, RegionKilled
from localstack.drills.load import TAG, LoadGenerator, Planned
from localstack.drills.local_target import LocalTarget
from localstack.drills.story import Drill, Load
from localstack.drills.times import ADOPTION, DETECTION, FAILBACK, times_of
from localstack.resolver import Resolver, ResolvingTransport
from stacks.api_client import ApiClient, ApiError, Submission
from tests.benchmarks.in_cloud import BenchedCloud, at_once, benched_cloud
from tests.benchmarks.precedence import go_first
from tests.benchmarks.report import Line
from tests.e2e.deployed import Deployed
from tests.e2e.plain_client import PlainClient

A_MINUTE = 200
KILLED_AFTER_SECONDS = 45.0
#: So long the Region is away at least; then it is brought back, under load.
AWAY_SECONDS = 75.0
LOAD_SECONDS = 180.0
IN_FLIGHT = 500
#: A job that ended before the kill, or has its home in the other Region, must not keep all from being in flight.
SUBMITTED = 540
RUNNING = 40
SUBMITTED_A_SECOND = 15
#: Those that sleep wake up when their Region is long gone.
SLEEP_SECONDS = 270.0
SIGNALS_AT_ONCE = 8
LANES = ("critical", "standard", "standard", "batch")
CLIENT_SECONDS, PLAIN_CLIENT_SECONDS, GOES_ON_SECONDS = 3.0, 45.0, 60.0


class TimedClient:
    """The Python client in place of the drills' own, with the time that each submit took."""

    def __init__(self, client: AntipodeClient) -> None:
        self.client = client
        self.took: list[tuple[float, float]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """It is kept: what it learns of the Regions the next submit knows."""

    def submit(self, submission: Submission, *, key: str) -> dict[str, Any]:
        """See ApiClient."""
        began = time.time()
        lane, tags = submission.lane, submission.tags
        assert lane is not None
        assert tags is not None
        job = self.client.submit(submission.agent, submission.input, lane=lane, tags=tags, key=key)
        self.took.append((began, time.time() - began))
        return {name: getattr(job, name) for name in ("id", "lane", "home_region", "durability")}


class ThroughTheClient(LocalTarget):
    """The local cloud, whose callers have the Python client."""

    def __init__(self, cloud: BenchedCloud) -> None:
        super().__init__(cloud.cloud)
        self.timed = TimedClient(
            AntipodeClient(
                self.cloud.api_url,
                cloud.token,
                regions=[self.cloud.region_api_url(region) for region in self.regions],
                transport=ResolvingTransport(Resolver.of(self.layout)),
                patience_seconds=120.0,
            )
        )

    def api(self, region: str | None, on_failed_try: Callable[[ApiError], None]) -> ApiClient:
        """See Target."""
        return super().api(region, on_failed_try) if region is not None else cast(ApiClient, self.timed)


class Loss(Engine):
    """A Region is killed under a load of its own, and brought back under it."""

    def __init__(self, cloud: BenchedCloud, plan: Callable[[str], Sequence[Planned]], in_flight: int) -> None:
        drill = Drill(
            name="region-loss",
            guards="the survivor adopts the jobs of a lost peer",
            given=Load(in_flight=in_flight),
            when=(RegionKilled(FIRST),),
            then=(),
            patience_seconds=300.0,
        )
        self.through = ThroughTheClient(cloud)
        super().__init__(drill, self.through, seed=1, well_within_seconds=120.0)
        self.load = LoadGenerator(self.through, plan(self.load.run), self.load.run, self.now)
        self.watcher.acknowledged = self.load.acknowledged
        self.plain = PlainClient(Deployed(cloud.cloud, cloud.cloud.status()))
        self.at_the_kill: Mapping[str, str] = {}
        self.plain_client_seconds = 0.0
        self.tell = lambda at, line: print(f"{at:6.1f} s  {line}", flush=True)

    def ready(self) -> bool:
        """Whether the Region may be killed now."""
        return self.now() >= KILLED_AFTER_SECONDS and len(self._flying(running=True)) >= self.drill.given.in_flight

    def play(self) -> Evidence:
        """See Engine."""
        try:
            self.plain.be_accepted()
            return super().play()
        finally:
            self.plain.close()
            self.through.timed.client.close()

    def _wait_for_work_in_flight(self) -> None:
        assert self._until(self.ready, 240.0), f"{len(self._flying(running=True))} jobs are at work"

    def _begin_all(self, evidence: Evidence) -> None:
        super()._begin_all(evidence)
        states = self.watcher.states
        self.at_the_kill = {job: states[job].status for job in evidence.in_flight if job in states}
        self.plain_client_seconds = self.now() - self.begun[0].at
        self.plain.begin()

    def _is_over(self) -> bool:
        return self.now() >= self.begun[0].at + AWAY_SECONDS

    def _undo_all(self) -> None:
        super()._undo_all()
        go_first(self.through.cloud.folder)  # the Region that has come back
        if self.begun:
            self._until(lambda: self.load.all_made, 120.0)
            self.plain_client_seconds += self.plain.seconds_until_accepted()

    def slowest_submit(self) -> float:
        """In seconds, of all that were made while a Region was away or came back."""
        first = self.zero + self.begun[0].at - CLIENT_SECONDS
        return max(took for began, took in self.through.timed.took if began >= first)


class LossOfMany(Loss):
    """Many jobs wait or run when the Region is killed; those that wait for a signal get it once they were adopted."""

    signalled = False

    def ready(self) -> bool:
        """See Loss. Those that wait for a worker count as well: as many as run may be handed to fewer workers."""
        return self.load.all_made and len(self._flying(running=False)) >= self.drill.given.in_flight

    def _is_over(self) -> bool:
        if not self.signalled and self._all_adopted():
            self.signalled = True
            self._say("all are adopted; those that wait for a signal get it")
            waiting = [row.job_id for row in self.load.acknowledged if "signal" in self._input(row.job_id)]
            client = self.through.timed.client
            at_once(lambda job: client.signal(job, "go", {}), waiting, SIGNALS_AT_ONCE)
        return self.signalled and not self.watcher.unfinished()

    def _all_adopted(self) -> bool:
        states, survivor = self.watcher.states, self.through.regions[1]
        return all(states[job].owner_region == survivor or states[job].finished for job in self.at_the_kill)

    def _input(self, job: str) -> Mapping[str, Any]:
        given = self.watcher.states[job].job.input
        return given if isinstance(given, Mapping) else {}


def a_minute(run: str) -> list[Planned]:
    """The steady load: each job takes 5.6 s of steps, and every fourth sleeps for 25 s after them."""
    count, rate = round(LOAD_SECONDS * A_MINUTE / 60), A_MINUTE / 60
    given = [{"steps": 8, "milliseconds": 700, **({} if n % 4 else {"sleep_seconds": 25})} for n in range(count)]
    return _plan(run, given, rate)


def many(run: str) -> list[Planned]:
    """Of three jobs two sleep and one waits for a signal; the last ones do steps of a second for two minutes.

    These come last, on a lane of 40 at once, for a worker takes no other jobs before all that it was handed have left.
    """
    short = {"steps": 1, "milliseconds": 5}
    asleep = {**short, "sleep_seconds": SLEEP_SECONDS}
    waiting = {**short, "signal": "go", "wait_seconds": 900}
    waits: list[dict[str, Any]] = [(asleep, asleep, waiting)[number % 3] for number in range(SUBMITTED - RUNNING)]
    runs = [{"steps": 120, "milliseconds": 1000}] * RUNNING
    first, last = len(waits) / SUBMITTED_A_SECOND, ("standard",)
    return [
        *_plan(run, waits, SUBMITTED_A_SECOND),
        *_plan(run, runs, SUBMITTED_A_SECOND, numbered=len(waits), at=first, lanes=last),
    ]


def mixture(planned: Sequence[Planned]) -> str:
    """Say what the jobs of a load do."""
    kinds = Counter(_kind(each.submission.input) for each in planned)
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items()) + "."


def _kind(given: Mapping[str, Any]) -> str:
    if "signal" in given:
        return "wait for a signal"
    return "sleep" if "sleep_seconds" in given else "run"


def _plan(
    run: str,
    given: Sequence[Mapping[str, Any]],
    rate: float,
    *,
    numbered: int = 0,
    at: float = 0.0,
    lanes: Sequence[str] = LANES,
) -> list[Planned]:
    tags, planned = {TAG: run}, []
    for n, each in enumerate(given):
        submission = Submission(agent="probe", input=each, lane=lanes[n % len(lanes)], tags=tags)
        planned.append(Planned(numbered + n, at + n / rate, False, None, submission))
    return planned


def goes_on(evidence: Evidence, at_the_kill: Mapping[str, str]) -> list[float]:
    """Of each adopted job the seconds from the kill until it went on: was at work again, or waited on, if it waited."""
    found = []
    for job in evidence.jobs.values():
        if job.adopted_at is None:
            continue
        work = [s.begins for s in job.stretches if s.phase == "working" and s.begins >= job.adopted_at]
        waited = _waited(job, evidence.begun_at, at_the_kill.get(job.job_id))
        found.append((job.adopted_at if waited or not work else work[0]) - evidence.begun_at)
    return sorted(found)


def _waited(job: JobSeen, at: float, status: str | None) -> bool:
    """Whether it waited at the kill. One that nobody had looked at before did if it had left its worker by then."""
    before = [each.phase for each in job.stretches if each.begins <= at]
    return status == "waiting" or (status is None and "working" in before and before[-1] == "waiting")


def _told(loss: Loss) -> list[Line]:
    evidence = loss.play()
    again, times = goes_on(evidence, loss.at_the_kill), times_of(evidence)
    assert again, "no job was adopted"
    lost = [row for row in evidence.acknowledged if set(_known(evidence, row.job_id)) != set(evidence.setting.regions)]
    differ = sum(not job.alike for job in evidence.jobs.values())
    wrong = [each for bound in (ONE_RESULT, STEPS_ONCE) if not (each := bound.judged(evidence)).held]
    for each in wrong:
        print(f"{each.text}: {each.seen}", flush=True)
    refused = Counter(evidence.never_accepted.values())
    for why, count in refused.most_common(5):
        print(f"{count} submits were never accepted: {why}", flush=True)
    submits = [took for _, took in loss.through.timed.took]
    return [
        Line("jobs acknowledged", len(evidence.acknowledged), f"of {evidence.submitted}", digits=0),
        Line("of these in flight in the Region that was killed", len(evidence.in_flight), digits=0),
        Line("submits that were refused to the end", refused.total(), budget=0, digits=0),
        Line("jobs lost", len(lost), budget=0, digits=0),
        Line("rules of results and steps broken", len(wrong), budget=0, digits=0),
        Line("jobs of which the Regions tell differently after the return", differ, budget=0, digits=0),
        Line(
            "items with two writers",
            len(evidence.two_writers or ()),
            f"of {evidence.items_compared}",
            budget=0,
            digits=0,
        ),
        Line("slowest submit of the Python client from the kill on", loss.slowest_submit(), "s", budget=CLIENT_SECONDS),
        Line("slowest of its submits before", max(_before(loss)), "s", f"median of all {_median(submits):.2f} s"),
        Line("plain client accepted again", loss.plain_client_seconds, "s", budget=PLAIN_CLIENT_SECONDS, digits=1),
        Line("peer held for lost", times[DETECTION] or -1.0, "s", digits=1),
        Line("jobs adopted", len(again), digits=0),
        Line("the last of them went on", again[-1], "s", f"median {_median(again):.1f} s", GOES_ON_SECONDS, 1),
        Line("last adoption", times[ADOPTION] or -1.0, "s", digits=1),
        Line("no Region held for lost, after the lost one answered again", times[FAILBACK] or -1.0, "s", digits=1),
        Line("the machine's load", os.getloadavg()[0], "", f"{os.cpu_count()} cores"),
    ]


def _known(evidence: Evidence, job: str) -> tuple[str, ...]:
    seen = evidence.jobs.get(job)
    return () if seen is None else seen.known_in


def _before(loss: Loss) -> list[float]:
    return [took for began, took in loss.through.timed.took if began < loss.zero + loss.begun[0].at - CLIENT_SECONDS]


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def lines() -> list[Line]:
    """Kill a Region under 200 jobs a minute, and return what to print."""
    return _told(Loss(benched_cloud(), a_minute, in_flight=10))


def lines_of_many() -> list[Line]:
    """Kill a Region with 500 jobs in flight, and return what to print."""
    return _told(LossOfMany(benched_cloud(), many, in_flight=IN_FLIGHT))
