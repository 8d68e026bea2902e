"""Plays a drill on a target and returns the evidence: load, faults, undoing, healing, and a look at both replicas.

Whatever happens, every fault that was ordered is undone before it returns or raises.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from localstack.drills.evidence import FINISHED, Evidence, FaultSeen, Sample, Setting
from localstack.drills.faults import FIRST, SECOND, Fault, Names, takes_away
from localstack.drills.load import TAG, LoadGenerator, planned
from localstack.drills.outcomes import jobs_seen, unasked
from localstack.drills.story import Drill, Through, Until
from localstack.drills.target import CannotDrill, Target, Underway
from localstack.drills.watcher import Watcher
from localstack.evidence.replicas import Comparison, compare
from stacks.api_client import ApiError, Submission

PAUSE_SECONDS = 0.25
IN_FLIGHT_SECONDS = 60.0
#: A job of one short step has ended by then, also where every function has to be started for it.
TRIED_SECONDS = 60.0
WELL_SECONDS = 90.0
SETTLED_SECONDS = 30.0
#: A play that may be cut short reads both replicas so often.
EARLY_LOOK_SECONDS = 3.0

#: A job that waits has been worked on, and will be.
AT_WORK = ("running", "waiting")

Tell = Callable[[float, str], None]


@dataclass(slots=True)
class Begun:
    """A fault that was ordered."""

    fault: Fault
    underway: Underway
    at: float
    undone_at: float = 0.0


@dataclass(slots=True)
class Engine:
    """One play of one drill. `tell` hears each thing that happens, with the seconds since the beginning."""

    drill: Drill
    target: Target
    seed: int
    tell: Tell = lambda _, __: None
    on_look: Callable[[Sample], None] = lambda _: None
    well_within_seconds: float = 0.0
    """So long it waits for a system that is unwell, as one may be for a while after the drill before."""
    cut_short: Callable[[Evidence], bool] | None = None
    """A play that is to break may end when this holds of what was seen so far: it then waits for nothing to heal."""
    sleep: Callable[[float], None] = time.sleep
    zero: float = field(default_factory=time.time)
    begun: list[Begun] = field(default_factory=list)
    names: Names = field(init=False)
    load: LoadGenerator = field(init=False)
    watcher: Watcher = field(init=False)
    _writers_before: frozenset[str] = frozenset()
    _next_early_look: float = 0.0

    def __post_init__(self) -> None:
        first, second = self.target.regions
        self.names = {FIRST: first, SECOND: second}
        run = f"{self.drill.name}-{self.seed}-{secrets.token_hex(3)}"
        plan = planned(self.drill.given, self.seed, run)
        self.load = LoadGenerator(self.target, plan, run, self.now)
        self.watcher = Watcher(self.target, self.now, self.load.acknowledged, on_look=self.on_look)

    def now(self) -> float:
        """Seconds since the drill began."""
        return time.time() - self.zero

    def play(self) -> Evidence:
        """From the beginning to the end. Raises CannotDrill where it may not begin."""
        self._refuse_if_unwell()
        self._refuse_if_no_job_ends()
        self._writers_before = self._two_writers(self._compared())
        evidence = Evidence(setting=self._setting(), submitted=len(self.load.plan))
        self.watcher.start()
        try:
            self._break(evidence)
            self._heal(evidence)
        finally:
            self.watcher.stop()
        self._look_at_the_end(evidence)
        return evidence

    def _break(self, evidence: Evidence) -> None:
        """From the first submit to the last undoing."""
        self.load.start()
        try:
            self._wait_for_work_in_flight()
            self._begin_all(evidence)
            self.load.go_on()
            self._wait_until_over(evidence)
        finally:
            self._undo_all()
            self.load.stop()
        self._note_faults(evidence)

    # -- the story

    def _refuse_if_unwell(self) -> None:
        """Where no client goes by the failover name, nobody waits until it leads back after the drill before."""
        by_name = self.drill.given.through is Through.NAME
        if not self._until(lambda: self.target.unwell(by_name=by_name) is None, self.well_within_seconds):
            why = self.target.unwell(by_name=by_name) or "it was unwell for long"
            raise CannotDrill(f"{self.drill.name} does not begin: {why}")

    def _refuse_if_no_job_ends(self) -> None:
        """One job in each Region. Whatever is slow at first alone is behind it then."""
        try:
            with ThreadPoolExecutor(len(self.names)) as pool:
                for region, ended in zip(self.target.regions, pool.map(self._try, self.target.regions), strict=True):
                    if not ended:
                        raise CannotDrill(f"{self.drill.name} does not begin: a job in {region} has not ended")
        except ApiError as error:
            raise CannotDrill(f"{self.drill.name} does not begin: {error}") from error
        self.zero = time.time()

    def _try(self, region: str) -> bool:
        tried = Submission(agent="probe", input={"steps": 1, "milliseconds": 1}, tags={TAG: "before"})
        with self.target.api(region, lambda _: None) as api:
            job = api.submit(tried)["id"]
            return self._until(lambda: api.job(job)["status"] in FINISHED, TRIED_SECONDS)

    def _setting(self) -> Setting:
        return Setting(
            drill=self.drill.name,
            story=self.drill.told(self.names),
            target=self.target.name,
            seed=self.seed,
            regions=self.target.regions,
            begun=f"{datetime.fromtimestamp(self.zero, UTC):%Y-%m-%d %H:%M:%S} UTC",
            versions=self.target.versions(),
            configuration=self.target.configuration(),
        )

    def _say(self, line: str) -> None:
        self.tell(self.now(), line)

    def _wait_for_work_in_flight(self) -> None:
        wanted, hit = self.drill.given.in_flight, self.names[self.drill.hit]
        self._say(f"{self.drill.given.jobs} jobs are submitted through {self.drill.given.through}")

        def flying() -> bool:
            return len(self._flying(running=True)) >= wanted

        self._until(lambda: flying() or self._is_idle(), IN_FLIGHT_SECONDS)
        if not flying():
            done = f"{len(self.load.acknowledged)} were accepted, {len(self.watcher.unfinished())} are not finished"
            raise CannotDrill(f"fewer than {wanted} jobs run in {hit}, so that nothing would be shown: {done}")

    def _is_idle(self) -> bool:
        """Whether nothing more can be in flight before the faults."""
        return self.load.made_so_far and bool(self.watcher.samples) and not self.watcher.unfinished()

    def _flying(self, *, running: bool) -> list[str]:
        """Unfinished jobs of the Region that is hit, by what was seen last: all, or those that were begun."""
        hit, states = self.names[self.drill.hit], self.watcher.states
        return [
            row.job_id
            for row in tuple(self.load.acknowledged)
            if (row.job_id not in states and not running and row.home_region == hit)
            or (
                (state := states.get(row.job_id)) is not None
                and state.owner_region == hit
                and not state.finished
                and (state.status in AT_WORK or not running)
            )
        ]

    def _begin_all(self, evidence: Evidence) -> None:
        evidence.in_flight = tuple(self._flying(running=False))
        for number, fault in enumerate(self.drill.when):
            at = round(self.now(), 3)
            away = takes_away(fault)
            if away is not None:
                self.watcher.away.add(self.names[away])
            self.begun.append(Begun(fault, self.target.begin(fault, self.names, self.seed + number), at))
            self._say(f"{fault.told(self.names)}, with {len(evidence.in_flight)} jobs in flight there")

    def _wait_until_over(self, evidence: Evidence) -> None:
        earliest = self.now() + self.drill.lasts_seconds

        def over() -> bool:
            return self._is_cut_short(evidence) or (self.now() >= earliest and self._is_over())

        if not self._until(over, self.drill.patience_seconds):
            self._say(f"patience is over: {len(self.watcher.unfinished())} acknowledged jobs are not finished")
            for submit, why in sorted(dict(self.load.refused).items()):
                self._say(f"{submit} is not accepted: {why}")

    def _is_over(self) -> bool:
        if not self.load.all_made:
            return False
        match self.drill.until:
            case Until.TIME:
                return True
            case Until.FINISHED:
                return not self.watcher.unfinished()
            case Until.PARTED:
                return not self.watcher.unfinished() and self._parted()

    def _parted(self) -> bool:
        return any(all(s.peer_lost.get(region) for region in self.target.regions) for s in self.watcher.samples[-1:])

    def _is_cut_short(self, evidence: Evidence) -> bool:
        """Whether what was to be shown has been. A Region that is away cannot be looked at."""
        if self.cut_short is None or evidence.cut_short_at is not None:
            return evidence.cut_short_at is not None
        if self.watcher.away or self.now() < self._next_early_look:
            return False
        so_far = Evidence(setting=evidence.setting, submitted=evidence.submitted, in_flight=evidence.in_flight)
        so_far.faults = evidence.faults or [self._under_way(each) for each in self.begun]
        self._look_at_the_end(so_far)
        if self.cut_short(so_far):
            evidence.cut_short_at = so_far.ended_at
            self._say("enough has been seen: it is cut short")
        self._next_early_look = self.now() + EARLY_LOOK_SECONDS
        return evidence.cut_short_at is not None

    def _under_way(self, each: Begun) -> FaultSeen:
        told = each.fault.told(self.names)
        return FaultSeen(told=told, begun_at=each.at, undone_at=self.now(), effect="", visible=True, restored=False)

    def _undo_all(self) -> None:
        """The latest first. A fault that cannot be undone keeps no other from it."""
        failed: list[Exception] = []
        for each in reversed(self.begun):
            self._say(f"to be undone: {each.fault.told(self.names)}")
            try:
                each.underway.undo()
            except Exception as error:  # noqa: BLE001 - the others have to be undone all the same
                failed.append(error)
            each.undone_at = round(self.now(), 3)
            self._say(f"undone: {each.fault.told(self.names)}")
        self.watcher.away.clear()
        if failed:
            raise failed[0]

    def _note_faults(self, evidence: Evidence) -> None:
        for each in self.begun:
            during = [sample for sample in self.watcher.samples if each.at <= sample.at <= each.undone_at]
            effect, visible = each.underway.effect(during)
            away = takes_away(each.fault)
            evidence.faults.append(
                FaultSeen(
                    told=each.fault.told(self.names),
                    begun_at=each.at,
                    undone_at=each.undone_at,
                    effect=effect,
                    visible=visible,
                    away=None if away is None else self.names[away],
                    restored=each.underway.restored(),
                )
            )

    # -- the end

    def _heal(self, evidence: Evidence) -> None:
        """Until all jobs are finished, both Regions think well of each other and tell the same."""
        done = self._until(
            lambda: self._is_cut_short(evidence) or not self.watcher.unfinished(), self.drill.patience_seconds
        )
        if evidence.cut_short_at is not None:
            return
        if not done:
            self._say(f"patience is over: {len(self.watcher.unfinished())} acknowledged jobs are not finished")
        if self._until(self._no_peer_is_lost, WELL_SECONDS):
            evidence.well_at = seen_well_at(self.watcher.samples, evidence) or round(self.now(), 3)
            self._say(f"no Region holds its peer for lost, since {evidence.well_at:.1f} s")
        # What was not finished with so much patience will hardly be with as much again: only one more look.
        if self._until(self._is_alike, self.drill.patience_seconds if done else 0.0):
            evidence.alike_at = round(self.now(), 3)
            self._say("both Regions tell the same of every job, and every job is finished")

    def _is_alike(self) -> bool:
        """A job that both Regions ran while they were apart may have to be finished once more by its last owner."""
        if self.watcher.unfinished() or not self.target.settle(SETTLED_SECONDS):
            return False
        mine = {row.job_id for row in self.load.acknowledged}
        self.watcher.look()
        return not self.watcher.unfinished() and not mine & set(self._compared().folds_differ)

    def _no_peer_is_lost(self) -> bool:
        found = [self.target.peer_lost(region) for region in self.target.regions]
        return not any(found) and None not in found

    def _look_at_the_end(self, evidence: Evidence) -> None:
        replicas = {region: self.target.items(region) for region in self.target.regions}
        first, second = (replicas[region] for region in self.target.regions)
        comparison = compare(first, second)
        evidence.acknowledged = sorted(self.load.acknowledged, key=lambda row: row.at)
        evidence.never_accepted = dict(self.load.never_accepted)
        evidence.jobs = jobs_seen(evidence, replicas, zero=self.zero)
        evidence.unasked = unasked(evidence, replicas, TAG, self.load.run)
        evidence.two_writers = tuple(sorted(self._two_writers(comparison) - self._writers_before))
        evidence.items_compared = max(comparison.items)
        evidence.lag_ms = self.target.lag_ms()
        evidence.samples = list(self.watcher.samples)
        evidence.ended_at = round(self.now(), 3)

    def _compared(self) -> Comparison:
        first, second = (self.target.items(region) for region in self.target.regions)
        return compare(first, second)

    def _two_writers(self, comparison: Comparison) -> frozenset[str]:
        return frozenset(comparison.two_writers) | self.target.conflicts()

    def _until(self, holds: Callable[[], bool], seconds: float) -> bool:
        end = self.now() + seconds
        while not holds():
            if self.now() >= end:
                return False
            self.sleep(PAUSE_SECONDS)
        return True


def seen_well_at(samples: Sequence[Sample], evidence: Evidence) -> float | None:
    """When it was first seen that no Region holds its peer for lost any more, each having been asked."""
    last_lost = max((each.at for each in samples if any(each.peer_lost.values())), default=0.0)
    asked = (each.at for each in samples if set(evidence.setting.regions) <= set(each.peer_lost))
    return next((at for at in asked if at > last_lost and at >= evidence.undone_at), None)
