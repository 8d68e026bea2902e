"""Clients that ask something of a job under way: they signal, decide, cancel, pause and resume, in either Region.

Some come when they please; others come because a job waits for them, in time or not, alone or with a rival.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from functions.application.decide_approval import Decision
from functions.application.redrive_job import RedriveRequest
from functions.application.request_change import ChangeRequest
from functions.application.signal_job import SignalRequest
from functions.domain.errors import AntipodeError
from functions.domain.ids import digest_of, job_id
from functions.domain.job.approvals import approval_id
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.events import JobFailed, WaitOpened
from functions.domain.job.history import Segment
from functions.domain.job.redrive import Terms
from functions.domain.moments import seconds_between
from tests.simulation.clients import TENANT, Clients
from tests.simulation.machine import Process
from tests.simulation.plan import REGIONS, Visit, Wish
from tests.simulation.plan_of_journeys import REDRIVEN, REDRIVEN_ELSE, fails_often
from tests.simulation.region import Region
from tests.simulation.virtual_time import pass_time

TRIES = 6
#: How many of the approvals somebody decides as their time runs out.
JUST_IN_TIME = 0.15
_CHANGES = {Wish.CANCEL: ArrivalKind.CANCEL, Wish.PAUSE: ArrivalKind.PAUSE, Wish.RESUME: ArrivalKind.RESUME}
#: With these a client is told that it asked in vain, and asks no more.
FINAL = frozenset({"job_finished", "already_decided", "approval_over"})
#: With these, that the Region does not know yet what it is asked about.
TOO_EARLY = frozenset({"job_not_found", "approval_not_found"})
MADE_BEFORE = "this very request has been made before"


@dataclass(frozen=True, slots=True)
class Said:
    """What a client was told about what it had asked of a job.

    `arrival` is the key under which it should lie there. `settled`, of a decision: who has decided for good.
    """

    kind: ArrivalKind
    job_id: str
    arrival: str
    by: str
    region: str
    at: float
    durability: str | None = None
    settled: str | None = None


@dataclass(slots=True)
class Redrive:
    """A redrive of one job, because of one failure; `accepted` once a Region has said so."""

    job_id: str
    arrival: str
    failed: JobFailed
    accepted: bool = False


@dataclass(slots=True)
class Visitors:
    """All of them, and what they were told."""

    clients: Clients
    seed: int
    said: list[Said] = field(default_factory=list)
    redriven: list[Redrive] = field(default_factory=list)
    coming: list[asyncio.Task[None]] = field(default_factory=list)
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def listen(self) -> Callable[[Segment], None]:
        """Return what is to be told of every segment: visitors come for the waits that it opens."""
        outside = copy_context()  # not in the process that writes

        def hear(segment: Segment) -> None:
            for event in segment.events:
                if isinstance(event, JobFailed):
                    asyncio.get_running_loop().call_soon(self._redrive, segment.job_id, event, context=outside)
                place = (segment.job_id, getattr(event, "step", ""))
                if (
                    isinstance(event, WaitOpened)
                    and event.step_kind in ("signal", "approval")
                    and place not in self._seen
                ):
                    self._seen.add(place)
                    asyncio.get_running_loop().call_soon(self._respond, segment.job_id, event, context=outside)

        return hear

    async def visit(self, visit: Visit) -> None:
        """Come when the plan says."""
        await pass_time(visit.at)
        job = job_id(TENANT, visit.order)
        key = f"{visit.wish.value} at {visit.at}"
        if visit.wish is Wish.SIGNAL:
            await self._signal(job, visit.name, key, visit.regions)
        else:
            await self._change(job, _CHANGES[visit.wish], key, visit.regions)
        if visit.twice:
            again = tuple(reversed(visit.regions))
            if visit.wish is Wish.SIGNAL:
                await self._signal(job, visit.name, key, again)
            else:
                await self._change(job, _CHANGES[visit.wish], key, again)

    async def resume(self, job: str) -> None:
        """Come at the end for a job that somebody has halted."""
        await self._change(job, ArrivalKind.RESUME, f"at last, {asyncio.get_running_loop().time()}", REGIONS * 3)

    def _redrive(self, job: str, failed: JobFailed) -> None:
        """Some failures somebody wants mended: a job may fail, and be redriven, more than once."""
        random = Random(f"{self.seed} {job} {failed.at}")
        if random.random() < (REDRIVEN if fails_often(self.seed) else REDRIVEN_ELSE):
            terms = Terms(alone=True)  # a child's, too, whose caller has ended without it
            asked = RedriveRequest(name=f"r{len(self.redriven)}", by="a visitor", terms=terms)
            self.redriven.append(Redrive(job, f"{ArrivalKind.REDRIVE}/{asked.name}", failed))
            visit = self._redrive_all(self.redriven[-1], asked, _regions(random), random.uniform(0.0, 40.0))
            self.coming.append(asyncio.create_task(visit))

    async def _redrive_all(
        self, redrive: Redrive, asked: RedriveRequest, regions: tuple[str, ...], delay: float
    ) -> None:
        """Ask one Region after the other; the one that takes it may be asked again."""

        async def ask(region: Region, process: Process) -> dict[str, str]:
            return await region.redrive_job(process).redrive(TENANT, [redrive.job_id], asked)

        await pass_time(delay)
        for name in regions:
            region = self.clients.regions[name]
            answer = await self.clients.ask(region, "visit", partial(ask, region))
            if isinstance(answer, dict):
                if answer.get(redrive.job_id, "job_not_found") not in ("job_not_found", "state_unavailable"):
                    return
                redrive.accepted = redrive.accepted or not answer
                if not answer and self.clients.random.random() < 0.5:
                    return
            await pass_time(self.clients.random.uniform(0.2, 5.0))

    def _respond(self, job: str, wait: WaitOpened) -> None:
        random = Random(f"{self.seed} {job} {wait.step}")
        seconds = min(60.0, 1.1 * seconds_between(wait.at, wait.until))
        delay = random.choice((0.0, random.uniform(0.0, 3.0), random.uniform(0.0, seconds)))
        visits: list[Coroutine[Any, Any, None]] = []
        if wait.step_kind == "signal":
            name = str((wait.about or {}).get("signal"))
            key = f"for {wait.step}"
            for number in range(random.choice((0, 1, 1, 1, 2))):
                come = delay + number * random.uniform(-1.0, 1.0)
                visits.append(self._signal(job, name, key, _regions(random), come))  # twice with one key
            if random.random() < 0.2:
                visits.append(self._signal(job, name, f"once more {key}", _regions(random), delay))
        else:
            for number in range(random.choice((0, 1, 2, 2, 2, 3))):
                come = delay + random.choice((0.0, random.uniform(0.0, 0.5), random.uniform(0.0, 40.0)))
                visits.append(self._decide(job, wait.step, f"approver {number % 2}", _regions(random), come))
            visits += self._just_in_time(job, wait)
        self.coming += [asyncio.create_task(visit) for visit in visits]

    def _just_in_time(self, job: str, wait: WaitOpened) -> list[Coroutine[Any, Any, None]]:
        """Some decide as the time to decide runs out: by whose clock, and whether the job has looked, is open."""
        random = Random(f"{self.seed} {job} {wait.step} as the time runs out")
        seconds = seconds_between(wait.at, wait.until)
        if random.random() >= JUST_IN_TIME or seconds > 60.0:
            return []
        return [self._decide(job, wait.step, "approver 2", _regions(random), seconds - random.uniform(-0.5, 2.5))]

    async def _signal(self, job: str, name: str, key: str, regions: tuple[str, ...], delay: float = 0.0) -> None:
        asked = SignalRequest(name=name, body=f"{name} {key}", by="a visitor", key=key)
        arrival = f"{ArrivalKind.SIGNAL}/{name}/{digest_of(key)}"

        def note(region: Region, answer: dict[str, Any] | AntipodeError) -> None:
            if isinstance(answer, dict):
                self._say(ArrivalKind.SIGNAL, job, arrival, asked.by, region, durability=answer["durability"])

        await self._ask_all(
            regions, delay, lambda region, process: region.signal_job(process).signal(TENANT, job, asked), note
        )

    async def _change(self, job: str, kind: ArrivalKind, key: str, regions: tuple[str, ...]) -> None:
        asked = ChangeRequest(kind=kind, by="a visitor", key=key, reason="a visitor wants it")

        def note(region: Region, answer: dict[str, Any] | AntipodeError) -> None:
            if not isinstance(answer, dict):
                return
            told = answer["requested"]
            if told.get("note", MADE_BEFORE) == MADE_BEFORE:  # else there was no need for it
                self._say(kind, job, f"{kind}/{digest_of(key)}", asked.by, region, durability=told["durability"])

        await self._ask_all(
            regions, 0.0, lambda region, process: region.request_change(process).request(TENANT, job, asked), note
        )

    async def _decide(self, job: str, step: str, by: str, regions: tuple[str, ...], delay: float) -> None:
        decision = Decision(approved=by.endswith("0"), comment="", by=by, via=by, key=by)
        asked = approval_id(job, step)
        arrival = f"{ArrivalKind.DECISION}/{step}"

        def note(region: Region, answer: dict[str, Any] | AntipodeError) -> None:
            if isinstance(answer, dict):
                view, durability = answer, answer["durability"]
            elif answer.code == "already_decided":
                view, durability = decided(answer), None
            else:
                return
            settled = view["by"] if view["settled"] else None
            self._say(ArrivalKind.DECISION, job, arrival, by, region, durability=durability, settled=settled)

        await self._ask_all(
            regions,
            delay,
            lambda region, process: region.decide_approval(process).decide(TENANT, asked, decision),
            note,
        )

    async def _ask_all(
        self,
        regions: tuple[str, ...],
        delay: float,
        program: Callable[[Region, Process], Coroutine[Any, Any, Any]],
        note: Callable[[Region, dict[str, Any] | AntipodeError], None],
    ) -> None:
        """Ask one Region after the other until one has taken it, or says that it is too late."""
        await pass_time(max(0.0, delay))
        for name in regions:
            region = self.clients.regions[name]
            answer = await self.clients.ask(region, "visit", partial(program, region))
            if answer is not None:
                note(region, answer)
            if isinstance(answer, dict) or (isinstance(answer, AntipodeError) and answer.code in FINAL):
                return
            if answer is not None and not answer.row.retryable and answer.code not in TOO_EARLY:
                self.clients.surprises.append(answer)
            await pass_time(self.clients.random.uniform(0.2, 5.0))

    def _say(self, kind: ArrivalKind, job: str, arrival: str, by: str, region: Region, **told: str | None) -> None:
        now = asyncio.get_running_loop().time()
        self.said.append(Said(kind, job, arrival, by, region.name, now, **told))


def decided(refusal: AntipodeError) -> dict[str, Any]:
    """Return the decision that was first, as the second one is told of it."""
    view: Any = refusal.extra["decision"]
    assert isinstance(view, dict)
    return view


def _regions(random: Random) -> tuple[str, ...]:
    return tuple(random.choice(REGIONS) for _ in range(TRIES))
