"""One simulated Region: its replica, its lane, and the processes that run the real use cases in it."""

import asyncio
import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeAlias

from functions.adapters.memory import CountingEntropy, MemoryProjections, MemoryRegister
from functions.adapters.memory_dead_letters import MemoryDeadLetters
from functions.adapters.memory_limits import MemoryLimits
from functions.adapters.memory_payloads import MemoryBuckets, MemoryOwedCopies, MemoryPayloads
from functions.adapters.memory_schedules import MemoryRounds
from functions.agents.session_redriving import session
from functions.application.adopt_jobs import AdoptJobs
from functions.application.advance_job import AdvanceJob
from functions.application.await_turn import AwaitTurn
from functions.application.call_child import CallChild
from functions.application.decide_approval import DecideApproval
from functions.application.heed_lease import HeedLease
from functions.application.keep_payloads import KeepPayloads
from functions.application.keep_sweeping import KeepSweeping
from functions.application.lease_ports import UNFENCED
from functions.application.note_failure import NoteFailure
from functions.application.ports import LaneUnavailable, StateUnavailable
from functions.application.redrive_job import RedriveJob
from functions.application.request_change import RequestChange
from functions.application.send_arrival import SendArrival
from functions.application.set_standing import SetStanding
from functions.application.set_switch import SetSwitch
from functions.application.signal_job import SignalJob
from functions.application.stand_in import SWEEPER, Signs
from functions.application.submit_job import SubmitJob
from functions.application.submit_turn import SubmitTurn
from functions.application.sweep_jobs import SweepJobs
from functions.application.watch_regions import WatchRegions
from functions.application.watch_switches import WatchSwitches
from functions.domain.limits import Limit
from functions.domain.ownership.standing import Phase, phase_of
from functions.domain.ownership.verdict import silent_since
from tests.simulation import standing_parts
from tests.simulation.dead_letters import OwnDeadLetters, PeerDeadLetters
from tests.simulation.journey import journey
from tests.simulation.lanes import Envelope, UnreliableLanes
from tests.simulation.leases import Control, LeaseClock, ReachedLeases, relied_upon_until
from tests.simulation.limit_ports import OwnLimits, heeding
from tests.simulation.machine import Machinery, Power, Process
from tests.simulation.ports import (
    Calls,
    OwnHistory,
    OwnLanes,
    OwnProjections,
    OwnRegister,
    PeerHistory,
    PeerLanes,
    Probe,
    Trouble,
)
from tests.simulation.replication import Replica
from tests.simulation.rules import Rules
from tests.simulation.standing_parts import STALE_SECONDS, STALL_SECONDS
from tests.simulation.sweepers_clock import SweepersClock, WatchersClock
from tests.simulation.switch_ports import OwnSwitches, PeerSwitches
from tests.simulation.talk import say
from tests.simulation.virtual_time import VirtualClock, pass_time
from tests.simulation.work import Agents, FitfulModel, walk

Program: TypeAlias = Callable[[Process], Coroutine[Any, Any, None]]
Batch: TypeAlias = list[tuple[int, Envelope]]

HEARTBEAT_SECONDS = 5.0
LOOP_SECONDS = 62.0
VISIBILITY_SECONDS = 25.0
BATCH_SECONDS = 12.0  # a worker has so long for a batch; it yields after that
WORKERS = 2
ACTIVE = Phase.ACTIVE
AGENTS = Agents((walk, journey, say, session))


@dataclass(slots=True, kw_only=True)
class Region:
    """Processes that end are started again, as the next invocation of a function would."""

    name: str
    machinery: Machinery
    replica: Replica
    lanes: UnreliableLanes
    trouble: Trouble
    random: Random
    rules: Rules
    skew_seconds: float
    sweepers: int
    restless: bool
    shards: int
    switched: bool
    limit: Limit | None
    model: FitfulModel
    buckets: MemoryBuckets
    healed: Callable[[], bool]
    control: Control | None = None
    moved: bool = False
    peer: "Region" = field(init=False)
    book: MemoryLimits = field(init=False)
    surprises: list[BaseException] = field(default_factory=list)
    _starts: int = 0
    _keepers: list[asyncio.Task[None]] = field(default_factory=list)

    def begin(self) -> None:
        """Start everything that runs by itself. What counts towards limits begins anew."""
        self.book = MemoryLimits(self.replica.table)
        programs = [self._work] * WORKERS + [self._sweep] * self.sweepers + [self._watch]
        self._keepers = [asyncio.create_task(self._keep_running(program)) for program in programs]

    async def end(self) -> None:
        """Stop everything."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        self.machinery.kill()
        await asyncio.sleep(0)

    def submit_job(self, process: Process) -> SubmitJob:
        """Return the use case as a process of this Region has it."""
        calls = Calls(process, self.trouble)
        return SubmitJob(
            history=self.own_history(calls),
            peer=self.peer_history(calls, copying=self.rules.copying),
            projections=self.projections(calls),
            lanes=OwnLanes(calls, self.lanes),
            payloads=self._keep_payloads(),
            agents=AGENTS,
            clock=self.clock(),
            entropy=CountingEntropy(self.random.random()),
            region=self.name,
            peer_region=self.peer.name,
            stall_seconds=STALL_SECONDS,
        )

    def submit_turn(self, process: Process) -> SubmitTurn:
        """The same."""
        children = self._children(process)
        return SubmitTurn(submit_job=children.submit, turns=children.turns)

    def signal_job(self, process: Process) -> SignalJob:
        """The same."""
        send = self._send_arrival(Calls(process, self.trouble))
        entropy = CountingEntropy(self.random.random())
        return SignalJob(history=send.history, send=send, clock=send.clock, entropy=entropy)

    def decide_approval(self, process: Process) -> DecideApproval:
        """The same."""
        send = self._send_arrival(Calls(process, self.trouble))
        return DecideApproval(history=send.history, peer=send.peer, send=send, clock=send.clock, region=self.name)

    def request_change(self, process: Process) -> RequestChange:
        """The same."""
        send = self._send_arrival(Calls(process, self.trouble))
        entropy = CountingEntropy(self.random.random())
        return RequestChange(history=send.history, send=send, clock=send.clock, entropy=entropy, region=self.name)

    def set_switch(self, process: Process) -> SetSwitch:
        """The same."""
        calls = Calls(process, self.trouble)
        peer = PeerSwitches(calls, self.peer.replica.switches, self.peer_power)
        return SetSwitch(
            switches=OwnSwitches(calls, self.replica.switches),
            peer=peer,
            agents=AGENTS,
            clock=self.clock(),
            region=self.name,
        )

    def set_standing(self, process: Process) -> SetStanding:
        """The same."""
        return standing_parts.set_standing(self, Calls(process, self.trouble))

    def _pauses(self, calls: Calls) -> WatchSwitches | None:
        if not self.switched:
            return None
        return WatchSwitches(switches=OwnSwitches(calls, self.replica.switches), clock=self.clock())

    def redrive_job(self, process: Process) -> RedriveJob:
        """The same."""
        calls = Calls(process, self.trouble)
        send = self._send_arrival(calls)
        return RedriveJob(history=send.history, send=send, agents=AGENTS, failures=self._note_failure(calls))

    def _send_arrival(self, calls: Calls) -> SendArrival:
        return SendArrival(
            history=self.own_history(calls),
            peer=self.peer_history(calls, copying=self.rules.copying_arrivals),
            lanes=OwnLanes(calls, self.lanes),
            peer_lanes=PeerLanes(calls, self.peer.lanes, self.peer_power),
            clock=self.clock(),
            region=self.name,
            peer_region=self.peer.name,
        )

    def _children(self, process: Process) -> CallChild:
        submit = self.submit_job(process)
        send = self._send_arrival(Calls(process, self.trouble))
        return CallChild(submit=submit, send=send, history=submit.history)

    def new_process(self, role: str) -> Process:
        """Start an empty process."""
        self._starts += 1
        return Process(f"{self.name}/{role}-{self._starts}", self.machinery)

    def own_history(self, calls: Calls) -> OwnHistory:
        return OwnHistory(calls, self.rules.history(self.replica.table), self.replica)

    def peer_history(self, calls: Calls, *, copying: bool) -> PeerHistory:
        replica = self.peer.replica if copying else self.replica
        return PeerHistory(calls, self.rules.history(replica.table), replica, self.peer_power)

    def projections(self, calls: Calls) -> OwnProjections:
        return OwnProjections(calls, MemoryProjections(self.replica.table), self.replica)

    def _note_failure(self, calls: Calls) -> NoteFailure:
        own = OwnDeadLetters(calls, MemoryDeadLetters(self.replica.table))
        peer = PeerDeadLetters(calls, MemoryDeadLetters(self.peer.replica.table), self.peer_power)
        return NoteFailure(dead_letters=own, peer=peer, region=self.name)

    def _keep_payloads(self) -> KeepPayloads:
        own, peer = MemoryPayloads(self.buckets, self.name), MemoryPayloads(self.buckets, self.peer.name)
        return KeepPayloads(own=own, peer=peer, owed=MemoryOwedCopies(self.replica.table), clock=self.clock())

    def peer_power(self) -> Power:
        return self.peer.machinery.power

    def _calm(self) -> bool:
        """Whether all is well, and each Region knows how its peer is, silent or not (seeds 8285, leased 749)."""
        verdict, beat = self.replica.table.verdicts.get(self.name), self.replica.table.beats.get(self.peer.name)
        gone = self.peer.machinery.power is Power.LOST
        views = (verdict, self.peer.replica.table.verdicts.get(self.peer.name))
        noticed = silent_since(verdict, beat) if gone else not any(each is not None and each.lost for each in views)
        there = [self.name] if gone else [self.name, self.peer.name]
        if self.moved and any(phase_of(standing_parts.notes_of(self.replica, each)) is not ACTIVE for each in there):
            return False
        return self.healed() and noticed and (self.control is None or self.control.settled(there))

    def lease_clock(self) -> LeaseClock:
        assert self.control is not None
        return LeaseClock(self._skew(), self.control.drift[self.name], machinery=self.machinery)

    def _heed_lease(self, calls: Calls) -> HeedLease | None:
        if self.control is None:
            return None
        leases, clock = ReachedLeases(calls, self.control), self.lease_clock()
        heed = HeedLease(leases=leases, clock=clock, region=self.name, peer_region=self.peer.name)
        calls.process.may_start_until = lambda: relied_upon_until(heed)
        return heed

    def clock(self) -> VirtualClock:
        return VirtualClock(self._skew())

    def _skew(self) -> float:
        return self.skew_seconds + self.random.uniform(-0.2, 0.2)

    async def _keep_running(self, program: Program) -> None:
        while self.machinery.power is not Power.LOST:
            process = self.new_process(program.__name__.strip("_"))
            task = process.start(program(process))
            await asyncio.wait([task])
            process.kill()
            if not task.cancelled() and (error := task.exception()) is not None:
                self.surprises.append(error)
            self.machinery.processes.pop(process, None)
            await pass_time(self.random.uniform(0.2, 2.0))
            await self.machinery.gate()

    async def _work(self, process: Process) -> None:
        calls = Calls(process, self.trouble)
        heed = self._heed_lease(calls)
        advance = AdvanceJob(
            history=self.own_history(calls),
            projections=self.projections(calls),
            lanes=OwnLanes(calls, self.lanes),
            agents=AGENTS,
            model=self.model,
            children=self._children(process),
            payloads=self._keep_payloads(),
            failures=self._note_failure(calls),
            clock=self.clock(),
            entropy=CountingEntropy(self.random.random()),
            region=self.name,
            worker=process.name,
            stall_seconds=STALL_SECONDS,
            pauses=self._pauses(calls),
            fence=heed or UNFENCED,
            hands=standing_parts.change_hands(self, calls, heed),
            limits=heeding(self.limit, OwnLimits(calls, self.book), self.lanes, self.clock(), self.random),
        )
        while True:
            await self.lanes.arrival()
            await pass_time(self.random.uniform(0.0, 0.7))  # meanwhile more may come, or another worker take it
            await self.machinery.gate()
            process.check()
            if batch := self.lanes.receive(3):
                await self._advance_all(advance, batch)
                await self.machinery.gate()
                process.check()

    async def _advance_all(self, advance: AdvanceJob, batch: Batch) -> None:
        stop_at = asyncio.get_running_loop().time() + BATCH_SECONDS
        outcomes = await asyncio.gather(
            *(
                advance.advance(envelope.message, delivery=envelope.deliveries, stop_at=stop_at)
                for _, envelope in batch
            ),
            return_exceptions=True,
        )
        for (number, _), outcome in zip(batch, outcomes, strict=True):
            if outcome is None:
                self.lanes.delete(number)
            else:
                self.lanes.put_back(number)
                if not isinstance(outcome, StateUnavailable | LaneUnavailable | asyncio.CancelledError):
                    self.surprises.append(outcome)

    async def _sweep(self, process: Process) -> None:
        calls = Calls(process, self.trouble)
        history = self.own_history(calls)
        projections = self.projections(calls)
        lanes = OwnLanes(calls, self.lanes)
        heed = self._heed_lease(calls)
        clock = SweepersClock(
            self._skew(),
            region=self.name,
            replica=self.replica,
            process=process,
            shards=self.shards,
            restless=self.restless or heed is not None or self.moved,
        )
        clock.hears = standing_parts.hear_peer(self, calls, clock)
        adopt = AdoptJobs(
            history=history,
            projections=projections,
            lanes=lanes,
            children=self._children(process),
            failures=self._note_failure(calls),
            clock=clock,
            region=self.name,
            peer_region=self.peer.name,
            stall_seconds=STALL_SECONDS,
            hold=heed,
            hears=clock.hears,
            per_second=math.inf,
        )
        sweep = SweepJobs(
            history=history,
            projections=projections,
            lanes=lanes,
            children=self._children(process),
            failures=self._note_failure(calls),
            clock=clock,
            region=self.name,
            stall_seconds=STALL_SECONDS,
            turns=AwaitTurn(clock=clock, region=self.name),
            hold=heed,
            hands=standing_parts.change_hands(self, calls, heed),
        )
        keep = KeepSweeping(
            signs=Signs(rounds=MemoryRounds(self.replica.table), clock=clock, name=SWEEPER),
            sweep=sweep,
            adopt=adopt if self.rules.adoption else None,
            register=OwnRegister(calls, MemoryRegister(self.replica.table)),
            clock=clock,
            region=self.name,
            fence=heed or UNFENCED,
            leases=standing_parts.return_leases(self, calls),
            standing=standing_parts.keep_standing(self, calls, sweep),
        )
        while True:  # one warm instance, invoked again and again
            await keep.run(LOOP_SECONDS, _say_nothing)
            await pass_time(self.random.uniform(0.0, 2.0))

    async def _watch(self, process: Process) -> None:
        calls = Calls(process, self.trouble)
        watch = WatchRegions(
            register=OwnRegister(calls, MemoryRegister(self.replica.table)),
            probe=Probe(calls, self.peer_power, lambda: self.peer.trouble.table_down),
            clock=WatchersClock(self._skew(), calm=self._calm),
            region=self.name,
            peer_region=self.peer.name,
            heartbeat_seconds=HEARTBEAT_SECONDS,
            stale_seconds=STALE_SECONDS,
            leases=standing_parts.keep_leases(self, calls),
            returns=standing_parts.note_return(self, calls),
        )
        while True:
            await watch.run(LOOP_SECONDS, _say_nothing)
            await pass_time(self.random.uniform(0.0, 2.0))


def _say_nothing(event: str, **fields: object) -> None:
    """The log of a simulated Region goes nowhere."""
