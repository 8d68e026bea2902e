"""Every effect that simulated jobs have, written down outside of the system, with what its worker knew of the job."""

import asyncio
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field

from functions.domain.job.history import Segment
from tests.simulation.machine import current_process
from tests.simulation.ports import KNOWN
from tests.simulation.virtual_time import pass_time

EFFECTS: ContextVar["EffectLog"] = ContextVar("every effect that was carried out")


@dataclass(frozen=True, slots=True)
class Effect:
    """One execution: of which step, with which key, and what its worker knew of the job.

    `may_start_until`: so long its worker could have started another one without asking, where there are leases.
    """

    job_id: str
    place: str
    key: str
    region: str
    process: str
    at: float
    known: tuple[Segment, ...]
    may_start_until: float | None = None


@dataclass(slots=True)
class EffectLog:
    """All executions, in order, and when each was over, by its place."""

    done: list[Effect] = field(default_factory=list)
    ended: dict[int, float] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)

    def note(self, place: str, key: str) -> str:
        """Take an execution down and return what tells it from all others."""
        job_id = key.partition("/")[0]
        process = current_process()
        now = asyncio.get_running_loop().time()
        known = KNOWN.get()[job_id]
        until = None if process.may_start_until is None else process.may_start_until()
        self.done.append(Effect(job_id, place, key, process.machinery.name, process.name, now, known, until))
        self._counts[key] += 1
        return f"{place}@{len(self.done)}"

    def times(self, key: str) -> int:
        """Return how often an effect has been carried out."""
        return self._counts[key]


async def carry_out(place: str, seconds: float, key: str) -> str:
    """Have an effect, which takes so long, and return what no other execution returns."""
    process = current_process()
    process.check()
    log = EFFECTS.get()
    result, number = log.note(place, key), len(log.done) - 1
    try:
        await pass_time(seconds)
        await process.machinery.gate()
        process.check()
    finally:
        log.ended[number] = asyncio.get_running_loop().time()
    return result
