"""One run: two Regions, a link, clients and faults, all from one seed, until everything has healed and come to rest."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from unittest.mock import patch

from functions.adapters.memory import MemoryHistory
from functions.adapters.memory_payloads import MemoryBuckets
from functions.application.read_state import read_state
from functions.application.sweep_jobs import PATIENCE_SECONDS
from functions.domain.job.ended import LAST_LOOK_SECONDS
from functions.domain.job.events import JobRedriven
from functions.domain.limits import LEASE_SECONDS
from tests.simulation import (
    invariants,
    invariants_of_adoption,
    invariants_of_arrivals,
    invariants_of_evacuations,
    invariants_of_jobs,
    invariants_of_leases,
    invariants_of_limits,
    invariants_of_redrives,
    invariants_of_sessions,
    invariants_of_switches,
)
from tests.simulation.clients import Clients
from tests.simulation.effects import EFFECTS, EffectLog
from tests.simulation.evidence import Evidence
from tests.simulation.invariants_of_sessions import is_at_rest
from tests.simulation.lanes import Unreliability, UnreliableLanes
from tests.simulation.leases import Control
from tests.simulation.machine import Machinery, Power, own_new_tasks
from tests.simulation.movers import Movers
from tests.simulation.plan import REGIONS, Blow, Fault, Plan, peer_of
from tests.simulation.ports import Trouble
from tests.simulation.readings import Folds, Readings
from tests.simulation.region import VISIBILITY_SECONDS, Region
from tests.simulation.replication import Link
from tests.simulation.rules import Rules
from tests.simulation.switchers import Switchers
from tests.simulation.virtual_time import VirtualLoop, pass_time, run_virtually
from tests.simulation.visitors import Visitors
from tests.simulation.work import FitfulModel

LOOK_EVERY_SECONDS = 5.0
RESUME_EVERY_SECONDS = 60.0
#: After everything has healed, jobs must be at their end within this time. A part of a history that is lost is waited
#: for (`PATIENCE_SECONDS`), and a redrive that was heeded in another history is found so long after the job has failed.
REST_WITHIN_SECONDS = 300.0 + PATIENCE_SECONDS + LAST_LOOK_SECONDS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run. `violations` is empty when every invariant held."""

    plan: Plan
    violations: tuple[str, ...]
    jobs: int
    acknowledged: int
    adoptions: int
    effects: int
    repeated_effects: int
    local_only: int
    happened: Mapping[str, int]
    seconds: float
    evidence: tuple[str, ...]
    trace: tuple[str, ...]


def simulate(seed: int, rules: Rules | None = None, *, leased: bool = False) -> Outcome:
    """Run the plan of a seed to its end. `leased`: with ownership leases."""
    plan = Plan.of(seed).with_leases() if leased else Plan.of(seed)
    rules = rules or Rules()
    folds = Folds()
    with patch("functions.application.read_state.fold", folds.fold), rules.in_force(plan):
        return run_virtually(World(plan, rules, folds).run())


class World:
    """Everything there is in a run."""

    def __init__(self, plan: Plan, rules: Rules, folds: Folds) -> None:
        self.plan = plan
        self.random = Random(f"antipode world {plan.seed}")
        self.link = Link(REGIONS, self.random, plan.straggling, plan.longest_lag)
        self.effects = EffectLog()
        self.buckets = MemoryBuckets()
        self.control = Control.of(plan.seed, plan.control_cuts, REGIONS) if plan.leased else None
        self.readings = Readings(self.buckets, folds)
        self.regions = {name: self._region(name, rules) for name in REGIONS}
        for name, region in self.regions.items():
            region.peer = self.regions[peer_of(name)]
        self.clients = Clients(self.regions, self.random)
        self.visitors = Visitors(self.clients, plan.seed)
        self.switchers = Switchers(self.clients, plan)
        self.movers = Movers(self.clients, plan)
        self.healed_at = 0.0
        self._resumed: dict[str, float] = {}
        self._unfinished: dict[str, int] = {}

    async def run(self) -> Outcome:
        """Do everything that the plan says, and judge the end."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        own_new_tasks(loop)
        EFFECTS.set(self.effects)
        self.link.listener = self.visitors.listen()
        for region in self.regions.values():
            region.begin()
        faults = [asyncio.create_task(self._strike(fault)) for fault in self.plan.faults]
        clients = [asyncio.create_task(self.clients.place(order)) for order in self.plan.orders]
        visits = [asyncio.create_task(self.visitors.visit(visit)) for visit in self.plan.visits]
        switches = [asyncio.create_task(self.switchers.set(each)) for each in self.plan.switchings]
        moves = [asyncio.create_task(self.movers.move(each)) for each in self.plan.evacuations]
        await asyncio.gather(*faults, *clients, *visits, *switches, *moves)
        self._heal()
        await self.movers.have_all_return()
        await self.switchers.let_all_go_on()
        rested = await self._rest()
        if rested and (last := self.plan.last_turn) is not None:
            await self.clients.place(last)
            rested = await self._rest()
        if self.plan.limit is not None:
            await pass_time(LEASE_SECONDS)
        for visit in self.visitors.coming:
            visit.cancel()
        await asyncio.gather(*self.visitors.coming, return_exceptions=True)
        for region in self.regions.values():
            await region.end()
        kept = {region.name: invariants.histories(region) for region in self._present()}
        misread = await invariants.misread_snapshots(self._present(), kept, self.readings)
        return self._outcome(rested, misread)

    def _region(self, name: str, rules: Rules) -> Region:
        plan = self.plan
        return Region(
            name=name,
            machinery=Machinery(name),
            replica=self.link.replicas[name],
            lanes=UnreliableLanes(self.random, plan.unreliability, VISIBILITY_SECONDS),
            trouble=Trouble(self.random, crash=plan.crash, refuse=plan.refuse, slow=plan.slow),
            random=self.random,
            rules=rules,
            skew_seconds=plan.skew_seconds[name],
            sweepers=plan.sweepers,
            restless=plan.restless,
            shards=plan.shards,
            switched=bool(plan.switchings),
            limit=plan.limit,
            model=FitfulModel(self.random, plan.model_unavailable),
            buckets=self.buckets,
            healed=lambda: self.healed_at > 0,
            control=self.control,
            moved=bool(plan.evacuations),
        )

    async def _strike(self, fault: Fault) -> None:
        await pass_time(fault.at)
        region = self.regions[fault.region]
        self._begin(fault, region)
        await pass_time(fault.until - fault.at)
        self._end(fault, region)

    def _begin(self, fault: Fault, region: Region) -> None:
        match fault.blow:
            case Blow.LOST | Blow.LOST_FOR_GOOD:
                region.machinery.lose()
                region.lanes.lose()
                self.link.lose(fault.region)
                self.link.pause(peer_of(fault.region))
            case Blow.FROZEN:
                region.machinery.freeze()
                self._part()
            case Blow.POWER_CUT:
                region.machinery.kill()
            case Blow.TABLE_DOWN:
                region.trouble.table_down = True
            case Blow.LANE_DOWN:
                region.trouble.lane_down = True
            case Blow.LINK_PAUSED:
                self.link.pause(fault.region)
            case Blow.CUT_OFF:
                self._part()
                for each in self.regions.values():
                    each.trouble.path_to_peer = False

    def _end(self, fault: Fault, region: Region) -> None:
        match fault.blow:
            case Blow.LOST_FOR_GOOD | Blow.POWER_CUT:
                return
            case Blow.LOST:
                self.link.refill(fault.region)
                self.link.resume(peer_of(fault.region))
                region.machinery.thaw()
                region.begin()
            case Blow.FROZEN:
                region.machinery.thaw()
                self._meet()
            case Blow.TABLE_DOWN:
                region.trouble.table_down = False
            case Blow.LANE_DOWN:
                region.trouble.lane_down = False
            case Blow.LINK_PAUSED:
                self.link.resume(fault.region)
            case Blow.CUT_OFF:
                self._meet()
                for each in self.regions.values():
                    each.trouble.path_to_peer = True

    def _part(self) -> None:
        for name in REGIONS:
            self.link.pause(name)

    def _meet(self) -> None:
        for name in REGIONS:
            self.link.resume(name)

    def _heal(self) -> None:
        self.healed_at = asyncio.get_running_loop().time()
        self.link.longest_lag = 0.0
        if self.control is not None:
            self.control.healed = True
        for region in self.regions.values():
            region.trouble.end()
            region.lanes.unreliability = Unreliability()
            region.model.unavailable = 0.0

    async def _rest(self) -> bool:
        """Wait until every job has come to its end in each Region that is there; say whether that was so in time."""
        loop = asyncio.get_running_loop()
        until = loop.time() + REST_WITHIN_SECONDS + self.plan.longest
        while loop.time() < until:
            await pass_time(LOOK_EVERY_SECONDS)
            if self._link_settled() and all([await self._finished(region) for region in self._present()]):
                return True
        return False

    def _present(self) -> list[Region]:
        return [region for region in self.regions.values() if region.machinery.power is not Power.LOST]

    def _link_settled(self) -> bool:
        return len(self._present()) < len(REGIONS) or not any(
            place[0] in ("segments", "arrivals")
            for replica in self.link.replicas.values()
            for place in (change.place for change in replica.outgoing.values())
        )

    async def _finished(self, region: Region) -> bool:
        """Say whether all jobs are, as they are read there: a long one from its snapshot on.

        A newer epoch whose beginning was lost with its Region may stay incomplete.
        """
        if self._unfinished.get(region.name) == region.replica.changes:
            return False  # as when it was looked at last
        finished, halted = True, False
        segments, snapshots = region.replica.table.segments, region.replica.table.snapshots
        for job in dict.fromkeys([*(key[0] for key in segments), *(key[0] for key in snapshots)]):
            at_rest, job_halted = await region.replica.remembered.of_job(job, "rest", partial(self._rests, region, job))
            if not at_rest:
                finished = False
                if job_halted:
                    halted = True
                    self._have_resumed(job)
        if not (finished or halted):
            self._unfinished[region.name] = region.replica.changes
        return finished

    async def _rests(self, region: Region, job: str) -> tuple[bool, bool]:
        """Say of one job whether it is at its end, and whether it is halted."""
        table = region.replica.table
        if invariants.is_remnant(region, job):
            return True, False
        if any(key[0] == job for key in table.snapshots):
            _, state = await read_state(MemoryHistory(table), job)
        else:
            state = self.readings.state(row.segment for key, row in table.segments.items() if key[0] == job)
        at_rest = state is None or (
            is_at_rest(state, partial(region.replica.come, job), self._is_lost)
            and (state.complete or self.plan.loses_any_data)
        )
        return at_rest, state is not None and state.halted

    def _is_lost(self, job: str) -> bool:
        """Say whether no Region has the job any more, or it has ended, and was redriven where that does not count."""
        tables = (region.replica.table.segments.items() for region in self._present())
        states = [self.readings.state(row.segment for key, row in rows if key[0] == job) for rows in tables]
        if not any(states):
            return self.plan.loses_any_data
        return all(
            state is not None
            and state.finished
            and any(isinstance(item.event, JobRedriven) for item in state.superseded)
            for state in states
        )

    def _have_resumed(self, job: str) -> None:
        """Whoever has a job paused has it go on at last."""
        now = asyncio.get_running_loop().time()
        if now >= self._resumed.get(job, 0.0) + RESUME_EVERY_SECONDS:
            self._resumed[job] = now
            self.visitors.coming.append(asyncio.create_task(self.visitors.resume(job)))

    def _outcome(self, rested: bool, misread: list[str]) -> Outcome:
        kept = {region.name: invariants.histories(region) for region in self._present()}
        told = self.clients.acknowledged
        said = self.visitors.said
        evidence = Evidence.of(self.plan, self._present(), kept, said, told, self.readings, self.healed_at)
        violations = [
            *([] if rested else [f"not everything came to its end within {REST_WITHIN_SECONDS:.0f} s of healing"]),
            *invariants.lost_jobs(self.plan, told, kept, self.readings),
            *invariants.unequal_results(self.plan, kept, self.readings),
            *invariants.misread_histories(kept, self.readings),
            *misread,
            *invariants.repeated_steps(self.effects.done, self.readings),
            *invariants.blind_workers(self.effects.done, self.readings),
            *invariants.changing_keys(self.effects.done),
            *invariants.doubled_jobs(told),
            *(found for check in invariants_of_arrivals.ALL for found in check(evidence)),
            *(found for check in invariants_of_jobs.ALL for found in check(evidence, self.effects.done)),
            *(found for check in invariants_of_sessions.ALL for found in check(evidence, self.effects)),
            *invariants_of_redrives.overlooked_redrives(evidence, self.visitors.redriven),
            *invariants_of_redrives.successes_done_again(evidence),
            *invariants_of_redrives.redriven_without_failure(evidence),
            *invariants_of_sessions.unlike_sessions(kept, self.readings),
            *invariants_of_switches.paused_jobs_at_work(evidence, self.switchers.settings, self.effects.done),
            *(invariants_of_leases.worked_on_in_two_regions(evidence, self.effects.done) if self.plan.leased else ()),
            *invariants_of_adoption.adopted_from_a_living_peer(region.replica for region in self._present()),
            *self.movers.surprises,
            *invariants_of_evacuations.of_run(evidence, self._present(), self.effects.done),
            *invariants_of_limits.of_run(evidence, self.effects, self._present()),
            *self.link.ledger.faults.values(),
            *(f"unexpected: {error!r}" for error in self._surprises()),
        ]
        states = [self.readings.state(segments) for jobs in kept.values() for segments in jobs.values()]
        return Outcome(
            plan=self.plan,
            violations=tuple(violations),
            jobs=len({job for jobs in kept.values() for job in jobs}),
            acknowledged=len({ack.job_id for ack in told}),
            adoptions=sum(state.adoptions for state in states if state is not None) // len(kept),
            effects=len(self.effects.done),
            repeated_effects=len(self.effects.done) - len({effect.key for effect in self.effects.done}),
            seconds=asyncio.get_running_loop().time(),
            happened=Counter(event.kind for job in evidence.jobs.values() for event in job.events)
            + Counter(f"told {said.kind}" for said in evidence.said)
            + Counter(f"told to {'pause' if each.paused else 'go on'}" for each in self.switchers.settings)
            + Counter(snapshots=len(self.link.covered)),
            local_only=sum(each.durability == "local" for each in told),
            evidence=tuple(self._evidence(violations)),
            trace=tuple(self._trace()),
        )

    def _trace(self) -> list[str]:
        """Return what happened as it can be seen from outside, in order."""
        seen = [(each.at, f"{each.process} carried {each.key} out") for each in self.effects.done]
        seen += [
            (each.at, f"{each.region} acknowledged {each.order.key} as {each.durability}")
            for each in self.clients.acknowledged
        ]
        seen += [
            (
                each.at,
                f"{each.region} took {each.arrival} of {each.by} for {each.job_id}: {each.durability}, {each.settled}",
            )
            for each in self.visitors.said
        ]
        return [f"{at:9.3f}s {what}" for at, what in sorted(seen)]

    def _evidence(self, violations: list[str]) -> Iterator[str]:
        """Yield what each replica holds of the jobs with which something is wrong."""
        for region in self._present():
            for job, segments in invariants.histories(region).items():
                if any(job in violation for violation in violations):
                    yield f"{region.name} has of {job}:"
                    for item in sorted(segments, key=lambda item: (item.epoch, item.region, item.first_sequence)):
                        events = ", ".join(f"{event.kind} {event.at[14:23]}" for event in item.events)
                        yield f"  epoch {item.epoch} of {item.region} from {item.first_sequence}: {events}"

    def _surprises(self) -> list[BaseException]:
        found = [error for region in self.regions.values() for error in region.surprises]
        return [*found, *self.clients.surprises]
