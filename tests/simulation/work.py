"""The work that simulated jobs do: an agent on the real SDK whose every effect is written down outside of the system.

Each effect returns something that no other execution of it returns, so a mix of two executions shows in the result.
"""

import asyncio
import json
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from random import Random

from pydantic import BaseModel

from functions.application.agent_ports import Agent
from functions.application.ports import ModelAnswer, ModelRequest, ModelUnavailable
from functions.domain.job.history import JobRecord
from functions.sdk import Context, agent, tool
from tests.simulation.machine import current_process
from tests.simulation.ports import LAST_READ
from tests.simulation.virtual_time import pass_time

EFFECTS: ContextVar["EffectLog"] = ContextVar("every effect that was carried out")


@dataclass(frozen=True, slots=True)
class Effect:
    """One execution: of which step, with which key, and what its worker knew of the job."""

    job_id: str
    place: str
    key: str
    region: str
    process: str
    at: float
    known: JobRecord


@dataclass(slots=True)
class EffectLog:
    """All executions, in order."""

    done: list[Effect] = field(default_factory=list)

    def note(self, job_id: str, place: str, key: str) -> str:
        """Take an execution down and return what tells it from all others."""
        process = current_process()
        known = LAST_READ.get()
        assert known is not None
        now = asyncio.get_running_loop().time()
        self.done.append(Effect(job_id, place, key, process.machinery.name, process.name, now, known))
        return f"{place}@{len(self.done)}"


class Walk(BaseModel):
    """What a job does: so many steps of so many seconds, some of them two at once, with a question to the model."""

    steps: int
    seconds: float
    repeatable: bool = True
    together: bool = False
    ask: bool = False


class Answer(BaseModel):
    """What the model is asked for."""

    words: str


async def tread(place: str, seconds: float, idempotency_key: str) -> str:
    """Have an effect that may be repeated."""
    return await _carry_out(place, seconds, idempotency_key)


@tool(repeatable=False, expensive=True)
async def leap(place: str, seconds: float, idempotency_key: str) -> str:
    """Have an effect that does harm when it is repeated."""
    return await _carry_out(place, seconds, idempotency_key)


async def _carry_out(place: str, seconds: float, key: str) -> str:
    process = current_process()
    process.check()
    result = EFFECTS.get().note(key.partition("/")[0], place, key)
    await pass_time(seconds)
    await process.machinery.gate()
    process.check()
    return result


@agent("walk", version="1")
async def walk(ctx: Context, request: Walk) -> list[str]:
    """Has effects, one after the other."""
    results: list[str] = []
    for number in range(1, request.steps + 1):
        step = tread if request.repeatable or number % 2 else leap
        if request.together and number == 2:
            pair = (ctx.tool(tread, f"{number}{branch}", request.seconds) for branch in "ab")
            results += await asyncio.gather(*pair)
        else:
            results.append(await ctx.tool(step, str(number), request.seconds))
    if request.ask:
        results.append((await ctx.model("where to?", answer=Answer)).words)
    return results


class Walks:
    """The port Agents: the one agent."""

    def names(self) -> Sequence[str]:
        """See Agents."""
        return [walk.name]

    def versions(self, name: str) -> Sequence[str]:
        """See Agents."""
        return [walk.version] if name == walk.name else []

    def find(self, name: str, version: str | None = None) -> Agent | None:
        """See Agents."""
        return walk if name == walk.name and version in (None, walk.version) else None


@dataclass(slots=True)
class FitfulModel:
    """The port Model: sometimes it does not answer. Asking it is an effect like any other."""

    random: Random
    unavailable: float

    async def converse(self, request: ModelRequest) -> ModelAnswer:
        """See Model."""
        process = current_process()
        await pass_time(self.random.uniform(0.1, 1.0))
        await process.machinery.gate()
        process.check()
        if self.random.random() < self.unavailable:
            raise ModelUnavailable("throttled, as the seed has it")
        key = request.idempotency_key.rpartition("/")[0]
        words = EFFECTS.get().note(key.partition("/")[0], "model", key)
        return ModelAnswer(json.dumps({"words": words}), 10, 5)
